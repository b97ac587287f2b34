"""Pictures and videos of episodes: what the agent saw beside what it was to reach."""

import errno
import io
import os
import signal
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from imageio_ffmpeg import get_ffmpeg_exe
from PIL import Image, ImageDraw

from wmpc.errors import WmpcError
from wmpc.system.disk import REFUSALS, replace_file, replacing

NEUTRAL, REACHED, PAPER = (122, 126, 134), (46, 178, 114), (255, 255, 255)
SIDE, BORDER, GAP = 256, 6, 12
"""Pixels of a picture in a video, its border, and the gap between two."""
BAND = 36
"""Pixels, the height of what a video says of an agent's choices."""
CHOICE_COLOURS = {
    "go on": (122, 126, 134), "propose": (46, 120, 200), "short": (214, 130, 30),
    "long": (190, 50, 60),
}  # fmt: skip
"""Of what agent=meta chooses."""
OTHER_CHOICE = (110, 70, 170)
"""Of what other agents do."""
CELL = 96
"""Largest side of a picture in a strip."""
KEYFRAMES = 5
"""Frames from one that needs no other to the next: a block of most tasks."""


def framed(picture: np.ndarray, colour: tuple[int, int, int], border: int = BORDER) -> np.ndarray:
    """Put a border around a picture.

    Args:
        picture: (H, W, 3) uint8.
        colour: red, green and blue of the border, 0 to 255.
        border: its pixels b.

    Returns:
        (H + 2b, W + 2b, 3) uint8.
    """
    height, width = picture.shape[:2]
    out = np.empty((height + 2 * border, width + 2 * border, 3), np.uint8)
    out[:] = colour
    out[border:-border, border:-border] = picture
    return out


def row(pictures: Sequence[np.ndarray], gap: int) -> np.ndarray:
    """Put pictures side by side on white.

    Args:
        pictures: each (H, W, 3) uint8, of one size.
        gap: pixels between two.

    Returns:
        (H, n W + (n - 1) gap, 3) uint8.
    """
    space = np.full((pictures[0].shape[0], gap, 3), PAPER, np.uint8)
    parts = [part for picture in pictures for part in (picture, space)]
    return np.concatenate(parts[:-1], 1)


def resized(picture: np.ndarray, side: int) -> np.ndarray:
    """Change the size of a picture, every pixel a sharp square where it is enlarged.

    Args:
        picture: (H, W, 3) uint8.
        side: pixels.

    Returns:
        (side, side, 3) uint8.
    """
    image = Image.fromarray(picture)
    how = Image.Resampling.NEAREST if side >= image.height else Image.Resampling.BOX
    return np.asarray(image.resize((side, side), how))


def side_by_side(
    seen: np.ndarray, goal: np.ndarray, reached: bool, imagined: np.ndarray | None = None
) -> np.ndarray:
    """Draw one frame of a video.

    Args:
        seen: (H, W, 3) uint8, what the agent saw.
        goal: (H, W, 3) uint8.
        reached: whether the goal counts as reached: the border of `seen` is green.
        imagined: (H, W, 3) uint8, what the model imagined; None for two panels.

    Returns:
        The panels side by side, (h, w, 3) uint8.
    """
    panels = [framed(resized(seen, SIDE), REACHED if reached else NEUTRAL)]
    others = [goal] if imagined is None else [goal, imagined]
    return row(panels + [framed(resized(other, SIDE), NEUTRAL) for other in others], GAP)


def choice_band(width: int, choices: Sequence[Sequence[Any]], steps: int, now: int) -> np.ndarray:
    """Draw what an agent chose at its decisions: a bar from the first action to the last in the
    colours of its choices, pale where it is still to come, and under it the present one in words.

    Args:
        width: pixels.
        choices: (after how many simulator actions, what) for each decision, the first at 0.
        steps: simulator actions in all, at least 1.
        now: how many were executed.

    Returns:
        (`BAND`, width, 3) uint8.
    """
    image = Image.new("RGB", (width, BAND), PAPER)
    draw = ImageDraw.Draw(image)
    ends = [*(start for start, _ in choices[1:]), steps]
    present = choices[0][1]
    for (start, name), end in zip(choices, ends, strict=True):
        colour = CHOICE_COLOURS.get(name, OTHER_CHOICE)
        if start > now:
            colour = tuple((c + 2 * p) // 3 for c, p in zip(colour, PAPER, strict=True))
        else:
            present = name
        left, right = (round(x * width / steps) for x in (start, end))
        draw.rectangle((left, GAP // 2, max(left, right - 2), GAP), fill=colour)
    colour = CHOICE_COLOURS.get(present, OTHER_CHOICE)
    draw.text((2, GAP + 2), present, fill=colour, font_size=14)
    return np.asarray(image)


def strip(
    goal: np.ndarray | None, seen: Sequence[np.ndarray], reached: Sequence[bool]
) -> np.ndarray:
    """Draw pictures of an episode side by side.

    Args:
        goal: (H, W, 3) uint8, or several (G, H, W, 3), drawn first; None for none.
        seen: pictures (H, W, 3) uint8 in the order of time.
        reached: of each of `seen` whether the goal counts as reached: its border is green.

    Returns:
        (h, w, 3) uint8, each picture at most `CELL` high without its border.
    """
    side = min(seen[0].shape[0], CELL)
    goals = [] if goal is None else goal.reshape(-1, *goal.shape[-3:])
    cells = [framed(resized(one, side), PAPER, 2) for one in goals]
    cells += [
        framed(resized(picture, side), REACHED if good else NEUTRAL, 2)
        for picture, good in zip(seen, reached, strict=True)
    ]
    return row(cells, 2)


def png(picture: np.ndarray) -> bytes:
    """Encode a picture.

    Args:
        picture: (H, W, 3) uint8.

    Returns:
        The bytes of a PNG.
    """
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "png", optimize=True)
    return buffer.getvalue()


def write_png(path: Path, picture: np.ndarray) -> None:
    """Write a picture, whole or not at all.

    Args:
        path: the PNG to write.
        picture: (H, W, 3) uint8.
    """
    replace_file(path, png(picture))


def write_video(path: Path, frames: Iterable[np.ndarray], fps: float = 20) -> None:
    """Write H.264 that browsers play inline: yuv420p, its index at the front.

    Every `KEYFRAMES`th frame is whole, so that dragging the slider shows each picture at once.

    Args:
        path: the MP4 to write, whole or not at all.
        frames: (H, W, 3) uint8, of one size with even sides.
        fps: frames a second.

    Raises:
        WmpcError: ffmpeg failed.
        OSError: the system does not take the file, for instance as the disk is full.
    """
    pictures = [np.ascontiguousarray(frame) for frame in frames]
    height, width = pictures[0].shape[:2]
    stream = f"-f rawvideo -pix_fmt rgb24 -s {width}x{height} -r {fps} -i -"
    coding = f"-an -c:v libx264 -pix_fmt yuv420p -crf 20 -g {KEYFRAMES} -movflags +faststart"
    with replacing(path) as temporary:
        command = [get_ffmpeg_exe(), "-y", "-v", "error", *stream.split(), *coding.split()]
        done = subprocess.run(
            [*command, "-f", "mp4", str(temporary.absolute())],
            input=b"".join(picture.tobytes() for picture in pictures),
            capture_output=True,
        )
        if done.returncode:
            _refuse(path, done.returncode, done.stderr.decode(errors="replace"))


def _refuse(path: Path, code: int, said: str) -> None:
    """Raise what made ffmpeg fail: the system, or itself."""
    if code == -signal.SIGXFSZ:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), str(path))
    for number in REFUSALS:
        if os.strerror(number) in said:
            raise OSError(number, os.strerror(number), str(path))
    why = " ".join(said.split())[-200:] or f"exit code {code}"
    raise WmpcError(f"{path} could not be written: ffmpeg failed ({why}); see `wmpc doctor`")
