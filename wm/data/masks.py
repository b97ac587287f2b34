"""Masks over the tokens of a clip: what a network must infer from the rest."""

import numpy as np

from wmpc.errors import WmpcError

TRIES = 100
"""Draws of a mask that hide everything, before it is said that all of them do."""


def draw_masks(
    source: tuple[int, int] | np.random.Generator,
    batch: int,
    shape: tuple[int, int, int],
    *,
    blocks: int = 8,
    scale: float = 0.15,
    aspect: tuple[float, float] = (0.75, 1.5),
    duration: float = 1.0,
) -> np.ndarray:
    """Draw spatio-temporal block masks (V-JEPA, arXiv 2404.08471, section 3.3).

    A mask is the union of blocks. Each covers a share `scale` of the picture, in a rectangle of a
    random aspect at a random place, throughout a share `duration` of the frames: by default all of
    them, since what is hidden in one frame only can be copied from the next. The defaults are the
    paper's short-range masks; its long-range ones are blocks=2, scale=0.7.

    Args:
        source: (seed, step), the same of which draws the same, or a generator.
        batch: B.
        shape: (T, H, W): frames, and rows and columns of tokens.
        blocks: of a mask, at least 1.
        scale: above 0, below 1.
        aspect: the lowest and the highest height over width; its logarithm is uniform.
        duration: above 0, at most 1.

    Returns:
        (B, T, H, W) bool, True where a token is hidden; some token of each mask is not.

    Raises:
        WmpcError: an argument is out of its range, or masks of this shape hide everything.
    """
    T, H, W = shape
    low, high = aspect
    if min(T, H, W, blocks) < 1 or not (0 < scale < 1 and 0 < duration <= 1 and 0 < low <= high):
        raise WmpcError(
            f"masks of shape {shape}, blocks={blocks}, scale={scale}, aspect={aspect} and "
            f"duration={duration} make no sense: sizes are at least 1, shares between 0 and 1"
        )
    rng = np.random.default_rng(source)
    masks = np.zeros((batch, T, H, W), bool)
    for mask in masks:
        for _ in range(TRIES):
            mask[:] = False
            for _ in range(blocks):
                ratio = np.exp(rng.uniform(np.log(low), np.log(high)))
                height = _size(np.sqrt(scale * H * W * ratio), H)
                width = _size(np.sqrt(scale * H * W / ratio), W)
                length = _size(duration * T, T)
                t, y, x = (
                    rng.integers(whole - part + 1)
                    for whole, part in ((T, length), (H, height), (W, width))
                )
                mask[t : t + length, y : y + height, x : x + width] = True
            if not mask.all():
                break
        else:
            raise WmpcError(f"masks of shape {shape} hide everything: give fewer or smaller blocks")
    return masks


def _size(wanted: float, most: int) -> int:
    """A whole number of tokens, 1 to `most`."""
    return min(max(1, round(wanted)), most)
