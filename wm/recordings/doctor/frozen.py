"""Pictures that stand still while the robot moves: a frame stored twice, a camera that hangs.

A picture may well stay the same when the robot hardly moves. So a run of unchanged pictures is held
against how rarely pictures stay the same in steps at least as large, elsewhere.
"""

from collections.abc import Iterator

import numpy as np

from wmpc.wm.recordings.doctor.fault import Fault
from wmpc.wm.recordings.doctor.motion import runs
from wmpc.wm.recordings.doctor.seen import Recording, Seen

KINDS = ("constant_camera", "frozen_pictures")
STILL = 0.02
"""Change, as a share of the usual one, below which a compressed picture stands still."""
UNLIKELY = 1e-6
"""Probability of a run, in any of the episodes, that is too small to be chance."""
RARE = 0.03
"""Share of steps as large as what a run covers in which a picture stays the same."""
BIN = 60
"""Steps of like speed that are compared."""
SAME = "shows the same picture"


def check(recording: Recording) -> Iterator[Fault]:
    """Look for pictures that stay the same while the robot moves.

    Args:
        recording: what was seen of it.

    Yields:
        A fault for each episode and camera, or one for a camera that never changes.
    """
    for camera in recording.cameras:
        chosen = recording.seen_by(camera)
        changes = [s.looks[camera].change for s in chosen]
        if not chosen:
            continue
        moved = np.concatenate(changes)
        usual = float(np.median(moved[moved > 0])) if (moved > 0).any() else 0.0
        if (moved <= STILL * usual).mean() > 0.999 or usual == 0:
            yield Fault(
                "constant_camera",
                "error",
                camera,
                f"{camera} {SAME} throughout all {len(chosen)} episodes.",
                f"Leave {camera} out, or record again with the camera running.",
            )
            continue
        speeds = _speeds(recording, chosen, camera)
        if speeds is None:
            continue
        yield from _frozen(recording, camera, chosen, changes, speeds, STILL * usual)


def _frozen(
    recording: Recording, camera: str, chosen: list, changes: list, speeds: list, limit: float
) -> Iterator[Fault]:
    still = [c <= limit for c in changes]
    fast = np.concatenate(speeds)
    bins = int(np.clip(len(fast) // BIN, 1, 50))
    edges = np.quantile(fast, np.linspace(0, 1, bins + 1)[1:-1])
    where = [np.searchsorted(edges, s) for s in speeds]
    steps = np.bincount(np.concatenate(where), minlength=bins)
    same = np.bincount(np.concatenate(where), np.concatenate(still), bins)
    unlikely = np.log(UNLIKELY / len(chosen))
    for seen, flags, bin in zip(chosen, still, where, strict=True):
        # In the other episodes: how often is a picture unchanged in a step as fast, or faster?
        others = steps - np.bincount(bin, minlength=bins)
        share = (same - np.bincount(bin, flags, bins) + 0.5) / (others + 1)
        odds = np.minimum(np.maximum.accumulate(share[::-1])[::-1], 1)
        for first, length in runs(flags):
            if length < 2 or np.log(odds[bin[first : first + length]]).sum() > unlikely:
                continue
            # Pressed against a wall for long, nothing moves either: it must get somewhere.
            far = _away(recording, camera, seen, first, length)
            slow = edges[0] if len(edges) else 0.0
            if far is None or (far > slow and odds[np.searchsorted(edges, far)] < RARE):
                yield _fault(camera, seen.index, first, length, len(flags))
                break


def _fault(camera: str, episode: int, first: int, length: int, steps: int) -> Fault:
    if length == steps:
        says = f"throughout episode {episode}, while the robot moves."
        do = "Drop these episodes, or this camera."
        return Fault("constant_camera", "error", camera, f"{camera} {SAME} {says}", do, episode)
    says = f"for {length + 1} frames from step {first} of episode {episode}, while the robot moves."
    do = "Cut these frames out with their actions, or drop the episode: the camera hung."
    return Fault("frozen_pictures", "error", camera, f"{camera} {SAME} {says}", do, episode, first)


def _speeds(recording: Recording, chosen: list, camera: str) -> list[np.ndarray] | None:
    """How much moves in each step (T,): by numbers, else by the other cameras or the actions; None
    where there is none of these."""
    if all(s.motion.size for s in chosen):
        places = [_places(recording, camera, s) for s in chosen]
        return [np.sqrt(np.mean(np.diff(p, axis=0) ** 2, 1)) for p in places]
    others = [c for c in recording.cameras if c != camera and all(c in s.looks for s in chosen)]
    if others:
        return [np.max([s.looks[c].change for c in others], 0) for s in chosen]
    if not all(s.action.size for s in chosen):
        return None
    return [np.sqrt(np.mean(s.action.reshape(s.steps, -1) ** 2, 1)) for s in chosen]


def _places(recording: Recording, camera: str, seen: Seen) -> np.ndarray:
    """(T+1, D) what the camera should show of the motion, in deviations."""
    places = seen.motion / recording.deviation
    told = recording.told.get(camera)
    return places if told is None else places[:, told]


def _away(recording: Recording, camera: str, seen: Seen, first: int, length: int) -> float | None:
    """How far the robot gets from where the run starts; None where there are no numbers."""
    if not seen.motion.size:
        return None
    run = _places(recording, camera, seen)[first : first + length + 1]
    return float(np.sqrt(np.mean((run - run[0]) ** 2, 1)).max())
