"""From the row of a finished case to its strip and video."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from envs.evaluate import Row
from wm.cli.report.pictures import side_by_side, strip, write_png, write_video

PICTURES = 7
"""Pictures of a strip beside the goal."""
PAUSE = 16
"""Frames that the last picture of a video stays."""
Imagined = tuple[Sequence[np.ndarray], int]
"""A picture at the start and after every block, and the block's simulator actions."""


def moments(row: Row) -> list[int]:
    """The simulator actions a strip shows: from the start to the first success, or to the end."""
    last = row.steps_to_success or len(row.states) - 1
    return sorted({round(i) for i in np.linspace(0, last, PICTURES)})


def write_strip(path: Path, row: Row, task: Any, goal: np.ndarray, variation: np.ndarray) -> None:
    """The goal (H, W, 3) and the row's `moments` as a PNG."""
    shown = moments(row)
    seen = [task.render_state(row.states[i], variation) for i in shown]
    write_png(path, strip(goal, seen, [row.successes[i] for i in shown]))


def write_imagined(path: Path, row: Row, imagined: Imagined) -> None:
    """What was imagined of the row's `moments` as a PNG, without the goal."""
    shown = [at(imagined, i) for i in moments(row)]
    write_png(path, strip(None, shown, [False] * len(shown)))


def write_film(
    path: Path,
    row: Row,
    task: Any,
    goal: np.ndarray,
    variation: np.ndarray,
    imagined: Imagined | None = None,
) -> None:
    """Every simulator action of the row, beside the goal and what was imagined, as a video."""
    frames = [
        side_by_side(
            task.render_state(state, variation),
            goal,
            reached,
            None if imagined is None else at(imagined, action),
        )
        for action, (state, reached) in enumerate(zip(row.states, row.successes, strict=True))
    ]
    write_video(path, frames + frames[-1:] * PAUSE)


def at(imagined: Imagined, action: int) -> np.ndarray:
    """The picture (H, W, 3) imagined after the last whole block up to `action`."""
    pictures, block = imagined
    return pictures[min(action // block, len(pictures) - 1)]
