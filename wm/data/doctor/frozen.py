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
UNLIKELY = 1e-6
"""Probability of a run, in any of the episodes, that is too small to be chance."""
BIN = 60
"""Steps of like speed that are compared."""


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
    bins = int(np.clip(len(fast) // BIN, 1, 50))
    edges = np.quantile(fast, np.linspace(0, 1, bins + 1)[1:-1])
    where = [np.searchsorted(edges, s) for s in speeds]
    steps = np.bincount(np.concatenate(where), minlength=bins)
    same = np.bincount(np.concatenate(where), np.concatenate(still), bins)
    for seen, flags, speed, bin in zip(chosen, still, speeds, where, strict=True):
        first, length = longest(flags)
        run = slice(first, first + length)
        if length < 2 or speed[run].max() < np.median(fast):
            continue
        # In the other episodes: how often is a picture unchanged in a step as fast, or faster?
        others = steps - np.bincount(bin, minlength=bins)
        share = (same - np.bincount(bin, flags, bins) + 0.5) / (others + 1)
        odds = np.minimum(np.maximum.accumulate(share[::-1])[::-1], 1)
        if np.log(odds[bin[run]]).sum() > np.log(UNLIKELY / len(chosen)):
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
        return [
            np.sqrt(np.mean((np.diff(s.motion, axis=0) / recording.deviation) ** 2, 1))
            for s in chosen
        ]
    others = [c for c in recording.cameras if c != camera and all(c in s.looks for s in chosen)]
    if others:
        return [np.max([s.looks[c].change for c in others], 0) for s in chosen]
    return [np.sqrt(np.mean(s.action.reshape(s.steps, -1) ** 2, 1)) for s in chosen]
