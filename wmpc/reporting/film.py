"""From the rows of finished cases to their strips and videos."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from wmpc.evaluation.imagination import Imagination
from wmpc.evaluation.manifest import Manifest
from wmpc.evaluation.run_cases import Row
from wmpc.reporting.pictures import choice_band, side_by_side, strip, write_png, write_video

PICTURES = 7
"""Pictures of a strip beside the goal."""
PAUSE = 16
"""Frames that the last picture of a video stays."""
Imagined = tuple[Sequence[np.ndarray], int]
"""A picture at the start and after every block, and the block's simulator actions."""


def moments(row: Row, block: int = 1) -> list[int]:
    """Choose the moments that a strip shows.

    Args:
        row: a finished case.
        block: simulator actions of a block. All moments but the last lie between two blocks, where
            there is something imagined to compare.

    Returns:
        Numbers of simulator actions, from 0 to the first success or to the end.
    """
    last = row.steps_to_success or len(row.states) - 1
    inner = {block * round(i / block) for i in np.linspace(0, last, PICTURES)[:-1]}
    return sorted({i for i in inner if i < last} | {last})


def write_strip(
    path: Path, row: Row, task: Any, goal: np.ndarray, variation: np.ndarray, shown: Sequence[int]
) -> None:
    """Draw a strip: the goal, then moments of a case.

    Args:
        path: the PNG to write.
        row: a finished case.
        task: it draws the states.
        goal: (H, W, 3) uint8, or several (G, H, W, 3).
        variation: of the case, see `wmpc.envs.task`.
        shown: the moments, in simulator actions.
    """
    seen = [task.render_state(row.states[i], variation) for i in shown]
    write_png(path, strip(goal, seen, [row.successes[i] for i in shown]))


def write_imagined(path: Path, imagined: Imagined, shown: Sequence[int]) -> None:
    """Draw a strip of what was imagined, without the goal.

    Args:
        path: the PNG to write.
        imagined: pictures (H, W, 3), and simulator actions of a block.
        shown: the moments, in simulator actions; the nearest blocks are drawn.
    """
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
    """Film a case: what was seen, beside the goal and what was imagined; above, what an agent that
    chooses how to decide chose.

    Args:
        path: the MP4 to write.
        row: a finished case; each of its n states is a frame.
        task: it draws the states.
        goal: (H, W, 3) uint8, or the one pursued in each state (n, H, W, 3).
        variation: of the case, see `wmpc.envs.task`.
        imagined: pictures (H, W, 3), and simulator actions of a block; None for two panels.
    """
    frames = []
    for action, (state, reached) in enumerate(zip(row.states, row.successes, strict=True)):
        beside = None
        if imagined is not None:  # the last whole block's
            pictures, block = imagined
            beside = pictures[min(action // block, len(pictures) - 1)]
        pursued = goal if goal.ndim == 3 else goal[action]
        frame = side_by_side(task.render_state(state, variation), pursued, reached, beside)
        if row.choices:
            band = choice_band(frame.shape[1], row.choices, len(row.states) - 1, action)
            frame = np.concatenate([band, frame])  # below, a player's controls would hide it
        frames.append(frame)
    write_video(path, frames + frames[-1:] * PAUSE)


def illustrate(
    folder: Path,
    rows: list[Row],
    drawn: Manifest,
    task: Any,
    videos: int,
    imagined: Imagination | None = None,
    mark: str = "",
) -> list[dict[str, Any]]:
    """Draw strips of the first successes and failures, and film some.

    Args:
        folder: where the files go.
        rows: finished cases.
        drawn: the manifest that they are of.
        task: it draws the states.
        videos: films of successes at most, and as many of failures.
        imagined: gives what the model imagined; None for strips and films without it.
        mark: end of the files' names.

    Returns:
        A dict a case, for `results.json`: `case`, `moments`, and the files' names `strip`,
        `imagined` and `video`.
    """
    media = []
    for good in (True, False):
        chosen = [row for row in rows if row.success == good and len(row.states) > 1][:8]
        for number, row in enumerate(chosen):
            case = drawn.cases[row.case]
            looks = (row, task, case.goal_pixels, case.variation)
            files = {"strip": folder / f"case{row.case:03d}{mark}.png"}
            shown = moments(row, drawn.action_block)
            write_strip(files["strip"], *looks, shown)
            beside = None
            if imagined is not None:
                beside = (imagined.pictures(task, case, row), drawn.action_block)
                files["imagined"] = folder / f"case{row.case:03d}{mark}-imagined.png"
                write_imagined(files["imagined"], beside, shown)
            if number < videos:
                files["video"] = folder / f"case{row.case:03d}{mark}.mp4"
                write_film(files["video"], *looks, beside)
            names = {kind: file.name for kind, file in files.items()}
            media.append({"case": row.case, "moments": shown, **names})
    return media
