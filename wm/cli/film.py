"""From the row of a finished case to its strip and video."""

from pathlib import Path
from typing import Any

import numpy as np

from envs.evaluate import Row
from wm.cli.report.pictures import side_by_side, strip, write_png, write_video

PICTURES = 7
"""Pictures of a strip beside the goal."""
PAUSE = 16
"""Frames that the last picture of a video stays."""


def moments(row: Row) -> list[int]:
    """The simulator actions a strip shows: from the start to the first success, or to the end."""
    last = row.steps_to_success or len(row.states) - 1
    return sorted({round(i) for i in np.linspace(0, last, PICTURES)})


def write_strip(path: Path, row: Row, task: Any, goal: np.ndarray, variation: np.ndarray) -> None:
    """The goal (H, W, 3) and the row's `moments` as a PNG."""
    shown = moments(row)
    seen = [task.render_state(row.states[i], variation) for i in shown]
    write_png(path, strip(goal, seen, [row.successes[i] for i in shown]))


def write_film(path: Path, row: Row, task: Any, goal: np.ndarray, variation: np.ndarray) -> None:
    """Every simulator action of the row, beside the goal, as a video."""
    frames = [
        side_by_side(task.render_state(state, variation), goal, reached)
        for state, reached in zip(row.states, row.successes, strict=True)
    ]
    write_video(path, frames + frames[-1:] * PAUSE)
