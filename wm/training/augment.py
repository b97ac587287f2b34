"""Change the pictures of a batch, alike throughout a window: what training shall not rely on."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from wmpc.errors import WmpcError
from wmpc.wm import processes
from wmpc.wm.data import Batch
from wmpc.wm.data.windows import Source


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """How pictures are changed while a model is trained, by the keys of `train.augment`.

    Each is drawn anew for every window, and is the same in all its frames. 0 changes nothing.
    Actions and states stay as they are, and what is evaluated is never changed.
    """

    shift: int = 0
    """Pixels to each side, at most; the picture's border is repeated."""
    colour: float = 0.0
    """Standard deviation of the entries that are added to the 3 x 3 identity that mixes channels,
    around grey, and of the offset of each channel, in 64 levels."""
    light: float = 0.0
    """Standard deviation of the logarithm of the brightness."""
    noise: float = 0.0
    """Standard deviation of what is added to each number of a picture, in 255 levels."""
    cutout: float = 0.0
    """Sides of a grey rectangle at a random place, as shares of the picture's."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not isinstance(value, int | float) or not 0 <= value < np.inf:
                raise WmpcError(f"train.augment.{field.name} is {value}; it is at least 0")
        if self.shift != int(self.shift) or self.cutout >= 1:
            raise WmpcError(
                f"train.augment has shift={self.shift} and cutout={self.cutout}; a shift is of "
                "whole pixels, and a cut-out leaves something of the picture: below 1"
            )

    @property
    def changes(self) -> bool:
        """Whether there is anything to do."""
        return any(getattr(self, field.name) for field in fields(self))

    def batch(self, batch: Batch, cameras: list[str], source: tuple[int, ...]) -> Batch:
        """Change the pictures of a batch: those of its windows and of its pairs.

        Args:
            batch: of tensors, which are not changed; each frame is held once a window.
            cameras: its columns of pictures.
            source: seed and step; all is a function of it.

        Returns:
            The batch, with other pictures; `unchanged` is the one given.
        """

        def changed(columns: Mapping[str, Any], stream: int) -> dict[str, Any]:
            # The last is no 0, which numpy would take as nothing: windows are drawn with `source`.
            new = {
                name: self.pictures(columns[name], (*source, stream, number))
                for number, name in enumerate(cameras, 1)
            }
            return {**columns, **new}

        pairs = {law: changed(x, n) for n, (law, x) in enumerate(batch.pairs.items(), 1)}
        return replace(batch, columns=changed(batch.columns, 0), pairs=pairs, unchanged=batch)

    def pictures(self, pictures: Tensor, source: Source) -> Tensor:
        """Change windows of pictures.

        Args:
            pictures: (B, L, H, W, 3) uint8, those of this process.
            source: all is a function of it, and of the number of windows of all processes.

        Returns:
            (B, L, H, W, 3) uint8.
        """
        whole = len(pictures) * processes.count()
        rng, mine = np.random.default_rng(source), processes.part(whole)
        H, W = pictures.shape[2:4]

        def drawn(draw: Any, *shape: int) -> Tensor:
            """A draw for each window of all processes, of which ours are kept."""
            kept = torch.from_numpy(draw(size=(whole, *shape))[mine])
            return kept.to(pictures.device, torch.float32 if kept.is_floating_point() else None)

        x = pictures
        if self.shift:
            reach = int(self.shift)
            moved = drawn(lambda size: rng.integers(-reach, reach + 1, size), 2)
            x = _shift(x, moved)
        if self.colour or self.light or self.noise:
            grey = x.flatten(1, 3).to(torch.float32).sub_(127.5)  # (B, L H W, 3)
            eye = torch.eye(3, device=x.device)
            mixed = eye + self.colour * drawn(rng.standard_normal, 3, 3)
            bright = torch.exp(self.light * drawn(rng.standard_normal, 1, 1))
            offset = 64 * self.colour * drawn(rng.standard_normal, 1, 3)
            # Light scales what is above black, not what departs from grey; 0.5, so as to round.
            grey = torch.baddbmm(bright * (offset + 127.5) + 0.5, grey, bright * mixed)
            grey = grey.view(x.shape)
            if self.noise:
                grey += 255 * self.noise * drawn(rng.standard_normal, 1, H, W, 3)
            x = grey.clamp_(0, 255).to(torch.uint8)
        if self.cutout:
            high, wide = (min(max(1, round(self.cutout * side)), side - 1) for side in (H, W))
            corner = drawn(lambda size: rng.integers(0, (H - high + 1, W - wide + 1), size), 2)
            x = torch.where(_rectangles(corner, (high, wide), (H, W)), 127, x)
        return x


UNCHANGED = Augmentation()
"""Pictures as they are."""


def _shift(x: Tensor, moved: Tensor) -> Tensor:
    """Windows (B, L, H, W, 3), moved by (B, 2) rows and columns, the border repeated."""
    B, _, H, W, _ = x.shape
    row = (torch.arange(H, device=x.device) - moved[:, :1]).clamp(0, H - 1)
    column = (torch.arange(W, device=x.device) - moved[:, 1:]).clamp(0, W - 1)
    window = torch.arange(B, device=x.device)[:, None, None]
    return x.movedim(1, 3)[window, row[:, :, None], column[:, None, :]].movedim(3, 1)


def _rectangles(corner: Tensor, sides: tuple[int, int], size: tuple[int, int]) -> Tensor:
    """(B, 1, H, W, 1) bool, what a rectangle covers of each picture."""
    inside = []
    for axis in range(2):
        place = torch.arange(size[axis], device=corner.device) - corner[:, axis, None]
        inside.append((place >= 0) & (place < sides[axis]))
    return (inside[0][:, :, None] & inside[1][:, None, :])[:, None, :, :, None]
