"""Pictures and videos of episodes: what the agent saw beside what it was to reach."""

import io
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import imageio.v2 as imageio
import numpy as np
from PIL import Image

NEUTRAL, REACHED, PAPER = (122, 126, 134), (46, 178, 114), (255, 255, 255)
SIDE, BORDER, GAP = 256, 6, 12
"""Pixels of a picture in a video, its border, and the gap between two."""
CELL = 96
"""Largest side of a picture in a strip."""
KEYFRAMES = 5
"""Frames from one that needs no other to the next: a block of most tasks."""


def framed(picture: np.ndarray, colour: tuple[int, int, int], border: int = BORDER) -> np.ndarray:
    """The picture (H, W, 3) with a border, (H + 2b, W + 2b, 3)."""
    height, width = picture.shape[:2]
    out = np.empty((height + 2 * border, width + 2 * border, 3), np.uint8)
    out[:] = colour
    out[border:-border, border:-border] = picture
    return out


def row(pictures: Sequence[np.ndarray], gap: int) -> np.ndarray:
    """Pictures of one size, side by side on white."""
    space = np.full((pictures[0].shape[0], gap, 3), PAPER, np.uint8)
    parts = [part for picture in pictures for part in (picture, space)]
    return np.concatenate(parts[:-1], 1)


def resized(picture: np.ndarray, side: int) -> np.ndarray:
    """(side, side, 3): every pixel a sharp square where it is enlarged."""
    image = Image.fromarray(picture)
    how = Image.Resampling.NEAREST if side >= image.height else Image.Resampling.BOX
    return np.asarray(image.resize((side, side), how))


def side_by_side(
    seen: np.ndarray, goal: np.ndarray, reached: bool, imagined: np.ndarray | None = None
) -> np.ndarray:
    """One frame of a video: what is seen, with a green border once it counts as reached; the goal;
    and, where there is one, what was imagined."""
    panels = [framed(resized(seen, SIDE), REACHED if reached else NEUTRAL)]
    others = [goal] if imagined is None else [goal, imagined]
    return row(panels + [framed(resized(other, SIDE), NEUTRAL) for other in others], GAP)


def strip(
    goal: np.ndarray | None, seen: Sequence[np.ndarray], reached: Sequence[bool]
) -> np.ndarray:
    """The goal, if any, or several (G, H, W, 3), then pictures in the order of time, with a green
    border where reached."""
    side = min(seen[0].shape[0], CELL)
    goals = [] if goal is None else goal.reshape(-1, *goal.shape[-3:])
    cells = [framed(resized(one, side), PAPER, 2) for one in goals]
    cells += [
        framed(resized(picture, side), REACHED if good else NEUTRAL, 2)
        for picture, good in zip(seen, reached, strict=True)
    ]
    return row(cells, 2)


def write_png(path: Path, picture: np.ndarray) -> None:
    """Write a picture, losslessly and whole or not at all."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "png", optimize=True)
    temporary = path.with_name(path.name + ".part")
    temporary.write_bytes(buffer.getvalue())
    os.replace(temporary, path)


def write_video(path: Path, frames: Iterable[np.ndarray], fps: float = 20) -> None:
    """H.264 that browsers play inline: yuv420p, its index at the front. Sides must be even.

    Every `KEYFRAMES`th frame is whole, so that dragging the slider shows each picture at once.
    """
    with imageio.get_writer(
        path,
        format="FFMPEG",  # type: ignore[arg-type]
        mode="I",
        fps=fps,
        codec="libx264",
        quality=None,
        macro_block_size=2,
        pixelformat="yuv420p",
        output_params=["-crf", "20", "-g", str(KEYFRAMES), "-movflags", "+faststart"],
    ) as writer:
        for frame in frames:
            writer.append_data(frame)  # type: ignore[attr-defined]
