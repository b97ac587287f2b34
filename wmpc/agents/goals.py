"""Goals of what people have: a picture, a part of one, numbers, a recorded frame, lists of such.

Pure functions; each makes an `wmpc.agents.agent.Goal`, or the mask that a picture's weight is.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from wmpc.agents.agent import Goal
from wmpc.errors import WmpcError
from wmpc.system.picture_file import read_picture

FAR = 3.0
"""Times the usual distance between recorded neighbours beyond which the nearest frame is far."""


def picture(path: str | Path, size: int, camera: str = "pixels") -> tuple[Goal, str | None]:
    """Read a goal from a picture in a file; its sides are stretched to a square.

    Args:
        path: a PNG or JPEG.
        size: pixels of a side, as the model sees.
        camera: the column that it is a picture of.

    Returns:
        The goal, and what was done to the picture to make it (size, size, 3) RGB: None if nothing.

    Raises:
        WmpcError: it cannot be read.
    """
    image, given = read_picture(path)
    changed = given != f"{size} x {size}, mode RGB"
    pixels = np.asarray(_scaled(image, size))
    note = f"{path} is {given}: it was made {size} x {size} RGB, as the model sees"
    return Goal({camera: pixels}), note if changed else None


def frame(pixels: np.ndarray, size: int, camera: str = "pixels") -> Goal:
    """Make a goal of a picture.

    Args:
        pixels: (H, W, 3) uint8; its sides are stretched to a square of `size`.
        size: pixels of a side, as the model sees.
        camera: the column that it is a picture of.

    Returns:
        The goal.

    Raises:
        WmpcError: it is of another shape or type.
    """
    if pixels.ndim != 3 or pixels.shape[-1] != 3 or pixels.dtype != np.uint8:
        raise WmpcError(
            f"A picture of shape {pixels.shape} and {pixels.dtype} came; give (H, W, 3) uint8."
        )
    return Goal({camera: np.asarray(_scaled(Image.fromarray(pixels), size))})


def mask(path: str | Path, size: int) -> np.ndarray:
    """Read from a picture in a file how much each pixel counts, by its brightness: white as a
    whole.

    Args:
        path: a PNG or JPEG.
        size: pixels of a side, as the model sees.

    Returns:
        (size, size) float32, 0 to 1.

    Raises:
        WmpcError: it cannot be read, or nothing in it is white.
    """
    grey = np.asarray(_scaled(read_picture(path)[0].convert("L"), size), np.float32) / 255
    if not np.any(grey >= 0.5):
        raise WmpcError(
            f"{path} has no white pixel, so nothing would count: paint white what does."
        )
    return grey


def crop(box: Sequence[float] | np.ndarray, size: int) -> np.ndarray:
    """Make the weight of a box's pixels.

    Args:
        box: x0, y0, x1, y1, from the upper left corner; in fractions of the side where none is
            above 1, else in pixels.
        size: pixels of a side, as the model sees.

    Returns:
        (size, size) float32: 1 within the box, 0 outside.

    Raises:
        WmpcError: the box holds no pixel.
    """
    edges = np.asarray(box, np.float64)
    if edges.shape != (4,) or not np.all(np.isfinite(edges)):
        raise WmpcError(
            f"A crop of {_said(edges)} came; give x0,y0,x1,y1, such as 0.25,0.5,0.75,1."
        )
    scale = size if edges.max() <= 1 else 1
    x0, y0, x1, y1 = np.rint(edges * scale).astype(int)
    if not (0 <= x0 < x1 <= size and 0 <= y0 < y1 <= size):
        raise WmpcError(
            f"The crop {_said(edges)} holds no pixel of a picture of {size} x {size}: give "
            f"x0 < x1 and y0 < y1, in fractions of the side or in pixels up to {size}."
        )
    counts = np.zeros((size, size), np.float32)
    counts[y0:y1, x0:x1] = 1
    return counts


def proprio(values: Sequence[float] | np.ndarray) -> Goal:
    """Make a goal of proprioception alone.

    Args:
        values: (P,), in their own units; NaN leaves one open.

    Returns:
        The goal.

    Raises:
        WmpcError: none is known, or one is infinite.
    """
    wanted = np.asarray(values, np.float32)
    known = ~np.isnan(wanted)
    if wanted.ndim != 1 or not known.any() or np.isinf(wanted).any():
        raise WmpcError(
            f"A proprioception of {_said(wanted)} came; give one finite number a dimension, NaN "
            "for those left open, and at least one that is not."
        )
    values = np.where(known, wanted, 0).astype(np.float32)
    weight = None if known.all() else {"proprio": known.astype(np.float32)}
    return Goal({"proprio": values}, weight)


def masked(goal: Goal, counts: np.ndarray, camera: str = "pixels") -> Goal:
    """Let only a part of a goal's picture count.

    Args:
        goal: with that picture.
        counts: (H, W), 0 to 1.
        camera: the picture's column.

    Returns:
        The same goal, so weighted.

    Raises:
        WmpcError: it has no such picture.
    """
    if camera not in goal.observation:
        raise WmpcError(
            f"A mask came for a goal without {camera}: it has {', '.join(goal.observation)}."
        )
    return replace(goal, weight={**(goal.weight or {}), camera: counts})


def in_turn(goals: Sequence[Goal]) -> Goal:
    """Put goals in a row.

    Args:
        goals: at least one, in their order.

    Returns:
        The last of them, by way of the others.

    Raises:
        WmpcError: there is none.
    """
    if not goals:
        raise WmpcError("No goal came; give at least one.")
    return replace(goals[-1], via=(*goals[:-1], *goals[-1].via))


@dataclass(frozen=True)
class Nearest:
    """A recorded frame, and how near it is to what was wanted."""

    row: int
    """Of the values searched."""
    distance: float
    """Root mean square over the dimensions that count, in units of each one's spread."""
    usual: float
    """The same from a recorded frame to the nearest other one, in the median."""

    @property
    def note(self) -> str | None:
        """What to tell where it is far, else None."""
        if self.distance <= FAR * max(self.usual, 1e-6):
            return None
        return (
            f"the nearest recorded frame is {self.distance:.3g} spreads away, "
            f"{self.distance / max(self.usual, 1e-6):.0f} times as far as recorded frames are from "
            "each other: nothing like this was recorded, so do not expect it to be reached"
        )


def nearest(
    recorded: np.ndarray,
    wanted: Sequence[float] | np.ndarray,
    weight: Sequence[float] | np.ndarray | None = None,
) -> Nearest:
    """Find the recorded frame that is nearest to numbers.

    Args:
        recorded: (F, C), proprioceptions or coordinates of states.
        wanted: (C,); NaN leaves a dimension open.
        weight: (C,), how much each counts, none below 0; None: all alike.

    Returns:
        Which frame, and how near it is.

    Raises:
        WmpcError: the sizes differ, or nothing counts.
    """
    values, goal = np.asarray(recorded, np.float64), np.asarray(wanted, np.float64)
    if goal.shape != values.shape[1:] or not len(values):
        raise WmpcError(
            f"{goal.size} numbers came; recorded were {len(values)} frames of "
            f"{values.shape[-1]}: give as many."
        )
    counts = np.ones(len(goal)) if weight is None else np.asarray(weight, np.float64)
    counts = np.where(np.isnan(goal), 0, counts)
    if counts.shape != goal.shape or not counts.sum() > 0 or counts.min() < 0:
        raise WmpcError(
            f"Weights {_said(counts)} came; give one a number, none below 0, not all 0."
        )
    scale = np.sqrt(counts / counts.sum()) / np.maximum(values.std(0), 1e-9)
    points, target = values * scale, np.nan_to_num(goal) * scale
    away = np.linalg.norm(points - target, axis=1)
    some = np.random.default_rng(0).permutation(len(points))[:100]
    apart = [np.partition(np.linalg.norm(points - points[i], axis=1), 1)[1] for i in some
             if len(points) > 1]  # fmt: skip
    row = int(away.argmin())
    return Nearest(row, float(away[row]), float(np.median(apart)) if apart else 0.0)


def _scaled(image: Image.Image, size: int) -> Image.Image:
    """(size, size): averaged where it is shrunk."""
    if image.size == (size, size):
        return image
    how = Image.Resampling.BOX if min(image.size) >= size else Image.Resampling.BILINEAR
    return image.resize((size, size), how)


def _said(values: np.ndarray) -> str:
    return ",".join(f"{value:g}" for value in np.ravel(values)) or "nothing"
