"""How the rows of an array are pictures: which of their numbers become red, green and blue.

Grey pictures are grey in all three. Of four channels the first three are the colours; the fourth is
alpha or depth. Grey pictures stacked as channels, as agents with a memory of a few frames have
them, give the newest one: those before are the frames before, which a model sees as well.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

SMALLEST, LARGEST_STACK = 16, 16
"""Pixels of a side below which other arrays of bytes than RGB are no pictures, and channels beyond
which they are none."""


@dataclass(frozen=True)
class Layout:
    """`kind` is colours, grey, more (colours and a channel beside them) or stack."""

    kind: str
    size: tuple[int, int]
    """Height and width."""
    channels: int | None
    """None where a grey picture has no axis of channels."""
    first: bool = False
    """Whether the channels come first."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """(H, W, 3) of the pictures read."""
        return (*self.size, 3)

    @property
    def is_plain(self) -> bool:
        """Whether rows are read as they lie."""
        return self.kind == "colours" and not self.first

    def rgb(self, row: np.ndarray) -> np.ndarray:
        """Turn a row into the picture it shows.

        Args:
            row: uint8, of the shape that this layout was told by.

        Returns:
            (H, W, 3) uint8.
        """
        if self.channels is None:
            row = row[..., None]
        elif self.first:
            row = np.moveaxis(row, 0, -1)
        if self.kind in ("colours", "more"):
            return row[..., :3]
        return np.repeat(row[..., -1:], 3, axis=-1)

    def note(self, what: str) -> str | None:
        """Say what is to be known of the pictures.

        Args:
            what: their name.

        Returns:
            A sentence; None where they are as they should be.
        """
        says = {
            "colours": f"the pictures {what} lie channels first: turned round",
            "grey": f"the pictures {what} are grey: the same in all three channels",
            "more": f"the pictures {what} have four channels: the first three are read as colours, "
            "the fourth (alpha or depth) is dropped",
            "stack": f"{what} holds {self.channels} grey pictures stacked as channels: the newest, "
            "the last of them, is read as a grey picture; those before are the frames before",
        }
        return None if self.is_plain else says[self.kind]


def picture_layout(row: tuple[int, ...], dtype: Any) -> Layout | None:
    """Tell by shape and dtype how rows are pictures.

    Args:
        row: shape of a row.
        dtype: of its numbers.

    Returns:
        The layout; None where they are none: another dtype than uint8, too small, or with too many
        channels.
    """
    if dtype != np.uint8 or len(row) not in (2, 3) or 0 in row:
        return None
    if len(row) == 2:
        # As Minari does: a small table of bytes is not a picture.
        return Layout("grey", (row[0], row[1]), None) if min(row) >= 32 else None
    last, first = (row[2], row[:2]), (row[0], row[1:])
    for (channels, (height, width)), is_first in ((last, False), (first, True)):
        if channels == 3 or (channels == 1 and not is_first):
            kind = "colours" if channels == 3 else "grey"
            return Layout(kind, (height, width), channels, is_first)
    for (channels, (height, width)), is_first in ((last, False), (first, True)):
        side = min(height, width)
        if channels <= LARGEST_STACK and side >= SMALLEST and channels < side:
            kind = {1: "grey", 4: "more"}.get(channels, "stack")
            return Layout(kind, (height, width), channels, is_first)
    return None


def stacked(layout: Layout, rows: np.ndarray) -> Layout:
    """Tell by a few rows whether channels are grey pictures stacked.

    They are where each channel is the one after it in the row before.

    Args:
        layout: as their shape tells.
        rows: (n, ...) rows that follow each other.

    Returns:
        The layout of a stack, or the one given.
    """
    if layout.kind not in ("colours", "more") or len(rows) < 2:
        return layout
    last = np.moveaxis(rows, 1, -1) if layout.first else rows
    shifts = np.array_equal(last[1:, ..., :-1], last[:-1, ..., 1:])
    if not shifts or np.array_equal(last[..., 1:], last[..., :-1]):
        return layout
    return Layout("stack", layout.size, layout.channels, layout.first)


def are_pictures(array: Any) -> bool:
    """Say whether the rows of an array are RGB pictures.

    Args:
        array: anything with a `shape` (N, ...) and a `dtype`.

    Returns:
        Whether they are.
    """
    layout = picture_layout(tuple(array.shape[1:]), array.dtype)
    return layout is not None and layout.kind == "colours"
