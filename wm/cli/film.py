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


def moments(row: Row, block: int = 1) -> list[int]:
    """The simulator actions a strip shows: from the start to the first success, or to the end; all
    but the last between two blocks, where there is something imagined to compare."""
    last = row.steps_to_success or len(row.states) - 1
    inner = {block * round(i / block) for i in np.linspace(0, last, PICTURES)[:-1]}
    return sorted({i for i in inner if i < last} | {last})


def write_strip(
    path: Path, row: Row, task: Any, goal: np.ndarray, variation: np.ndarray, shown: Sequence[int]
) -> None:
    """The goal (H, W, 3) and the row's moments `shown` as a PNG."""
    seen = [task.render_state(row.states[i], variation) for i in shown]
    write_png(path, strip(goal, seen, [row.successes[i] for i in shown]))


def write_imagined(path: Path, imagined: Imagined, shown: Sequence[int]) -> None:
    """What was imagined of the moments `shown` as a PNG, without the goal."""
    pictures, block = imagined
    nearest = [min(round(i / block), len(pictures) - 1) for i in shown]
    write_png(path, strip(None, [pictures[i] for i in nearest], [False] * len(shown)))


def write_film(
    path: Path,
    row: Row,
    task: Any,
    goal: np.ndarray,
    variation: np.ndarray,
    imagined: Imagined | None = None,
) -> None:
    """Every simulator action of the row, beside the goal and what was imagined, as a video."""
    frames = []
    for action, (state, reached) in enumerate(zip(row.states, row.successes, strict=True)):
        beside = None
        if imagined is not None:  # the last whole block's
            pictures, block = imagined
            beside = pictures[min(action // block, len(pictures) - 1)]
        frames.append(side_by_side(task.render_state(state, variation), goal, reached, beside))
    write_video(path, frames + frames[-1:] * PAUSE)
