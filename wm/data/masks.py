"""Masks over the tokens of a clip: what a network must infer from the rest."""

from dataclasses import dataclass

import numpy as np

from wmpc.errors import WmpcError
from wmpc.wm.data.windows import Source

TRIES = 100
"""Draws of a mask that hide everything, before it is said that all of them do."""


@dataclass(frozen=True)
class Masks:
    """Which spatio-temporal block masks are drawn (V-JEPA, arXiv 2404.08471, section 3.3).

    A mask is the union of blocks. Each covers a share `scale` of the picture, in a rectangle of a
    random aspect at a random place, throughout a share `duration` of the frames: by default all of
    them, since what is hidden in one frame only can be copied from the next. The defaults are the
    paper's short-range masks; its long-range ones are blocks=2, scale=0.7.
    """

    blocks: int = 8
    """Of a mask, at least 1."""
    scale: float = 0.15
    """Above 0, below 1."""
    aspect: tuple[float, float] = (0.75, 1.5)
    """The lowest and the highest height over width; its logarithm is uniform."""
    duration: float = 1.0
    """Above 0, at most 1."""

    def __post_init__(self) -> None:
        shares, (low, high) = 0 < self.scale < 1 and 0 < self.duration <= 1, self.aspect
        if self.blocks < 1 or not (shares and 0 < low <= high):
            raise WmpcError(
                f"{self} make no sense: blocks are at least 1, shares between 0 and 1, and the "
                "lowest aspect is above 0"
            )

    def draw(self, source: Source, batch: int, shape: tuple[int, int, int]) -> np.ndarray:
        """Draw masks, each independent of the others.

        Args:
            source: see `wmpc.wm.data.windows.Source`.
            batch: B.
            shape: (T, H, W): frames, and rows and columns of tokens, each at least 1.

        Returns:
            (B, T, H, W) bool, True where a token is hidden; some token of each mask is not.

        Raises:
            WmpcError: masks of this shape hide everything.
        """
        rng = np.random.default_rng(source)
        masks = np.zeros((batch, *shape), bool)
        for mask in masks:
            for _ in range(TRIES):
                mask[:] = False
                for _ in range(self.blocks):
                    mask[self._draw_block(rng, *shape)] = True
                if not mask.all():
                    break
            else:
                raise WmpcError(
                    f"masks of shape {shape} hide everything: give fewer or smaller blocks"
                )
        return masks

    def _draw_block(
        self, rng: np.random.Generator, T: int, H: int, W: int
    ) -> tuple[slice, slice, slice]:
        """Where a block is, of frames, rows and columns."""
        ratio = np.exp(rng.uniform(*np.log(self.aspect)))
        height = _size(np.sqrt(self.scale * H * W * ratio), H)
        width = _size(np.sqrt(self.scale * H * W / ratio), W)
        sides = ((T, _size(self.duration * T, T)), (H, height), (W, width))
        first = [rng.integers(whole - part + 1) for whole, part in sides]
        t, y, x = (slice(f, f + part) for f, (_, part) in zip(first, sides, strict=True))
        return t, y, x


def _size(wanted: float, most: int) -> int:
    """A whole number of tokens, 1 to `most`."""
    return min(max(1, round(wanted)), most)
