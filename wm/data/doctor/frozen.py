"""Pictures that stand still while the robot moves: a frame stored twice, a camera that hangs.

A picture may well stay the same when the robot hardly moves. So a run of unchanged pictures is held
against how rarely pictures stay the same in steps at least as large, elsewhere.
"""

from collections.abc import Iterator

import numpy as np

from wm.data.doctor.fault import Fault
from wm.data.doctor.motion import longest
from wm.data.doctor.seen import Recording

KINDS = ("constant_camera", "frozen_pictures")
STILL = 0.02
"""Change, as a share of the usual one, below which a compressed picture stands still."""
UNLIKELY = 1e-7
"""Probability of a run that is too small to be chance."""


def check(recording: Recording) -> Iterator[Fault]:
    for camera in recording.cameras:
        chosen = [s for s in recording.episodes if camera in s.looks]
        changes = [s.looks[camera].change for s in chosen]
        if not chosen:
            continue
        moved = np.concatenate(changes)
        usual = float(np.median(moved[moved > 0])) if (moved > 0).any() else 0.0
        if (moved <= STILL * usual).mean() > 0.999 or usual == 0:
            yield Fault(
                "constant_camera",
                "error",
                None,
                None,
                camera,
                f"{camera} shows the same picture throughout all {len(chosen)} episodes.",
                f"Leave {camera} out, or record again with the camera running.",
            )
            continue
        speeds = _speeds(recording, chosen, camera)
        if speeds is not None:
            yield from _frozen(camera, chosen, changes, speeds, STILL * usual)


def _frozen(camera: str, chosen: list, changes: list, speeds: list, limit: float):
    still = [c <= limit for c in changes]
    fast = np.concatenate(speeds)
    flat = np.concatenate(still)
    order = np.argsort(-fast, kind="stable")
    # By rank of speed: how often is a picture unchanged in a step at least as fast?
    share = np.empty(len(flat))
    share[order] = (np.cumsum(flat[order]) + 1) / (np.arange(len(flat)) + 2)
    start = 0
    tests = max(1, len(chosen))
    for seen, flags in zip(chosen, still, strict=True):
        odds = share[start : start + len(flags)]
        own = fast[start : start + len(flags)]
        start += len(flags)
        first, length = longest(flags)
        run = slice(first, first + length)
        if length < 2 or own[run].max() < np.quantile(fast, 0.5):
            continue
        if np.log(np.maximum(odds[run], 1e-9)).sum() > np.log(UNLIKELY / tests):
            continue
        whole = length == len(flags)
        yield Fault(
            "constant_camera" if whole else "frozen_pictures",
            "error",
            seen.index,
            None if whole else first,
            camera,
            f"{camera} shows the same picture throughout episode {seen.index}, while the robot moves."
            if whole
            else f"{camera} shows the same picture for {length + 1} frames from step {first} of "
            f"episode {seen.index}, while the robot moves.",
            "Drop these episodes from this camera's set."
            if whole
            else "Cut these frames out with their actions, or the whole episode: the camera hung.",
        )


def _speeds(recording: Recording, chosen: list, camera: str) -> list[np.ndarray] | None:
    """How much moves in each step (T,): by numbers, else by the other cameras."""
    if all(s.motion is not None for s in chosen):
        return [np.sqrt(np.mean((np.diff(s.motion, axis=0) / recording.deviation) ** 2, 1))
                for s in chosen]
    others = [c for c in recording.cameras if c != camera and all(c in s.looks for s in chosen)]
    if others:
        return [np.max([s.looks[c].change for c in others], 0) for s in chosen]
    return [np.sqrt(np.mean(s.action.reshape(s.steps, -1) ** 2, 1)) for s in chosen]
