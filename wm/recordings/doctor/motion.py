"""Proprioception that tells nothing: sensors stuck or absent, episodes in which none moves."""

from collections.abc import Iterator

import numpy as np

from wmpc.wm.recordings.doctor.fault import Fault
from wmpc.wm.recordings.doctor.seen import Recording

KINDS = ("motionless", "stuck_proprio")
END = 0.005
"""Share of a dimension's range that counts as its end, where a joint rests."""
RUN, RARE, JUMP = 8, 0.005, 5.0
"""Steps that a dimension may stand still, the share of steps in which it does so elsewhere, and how
many times its usual step it then moves at once."""


def check(recording: Recording) -> Iterator[Fault]:
    """Look for sensors that are stuck or absent, and for episodes in which nothing moves.

    Args:
        recording: what was seen of it.

    Yields:
        A fault for each episode and dimension, or for a dimension of the whole recording.
    """
    chosen = recording.moving
    if not chosen:
        return
    name = recording.motion
    changes = []
    for seen in chosen:
        changes.append(np.diff(seen.motion, axis=0) != 0)
        still = np.ptp(seen.motion, 0) <= 1e-6 * recording.deviation
        seeing = [v.change for v in seen.looks.values()]
        if still.all() and seen.steps >= RUN and not any((c > 0).any() for c in seeing):
            yield Fault(
                "motionless",
                "warning",
                name,
                f"Nothing moves in the {seen.steps} steps of episode {seen.index}: {name} is "
                "constant" + (", and so are the pictures." if seeing else "."),
                "Drop these episodes: the robot was off, or stuck.",
                seen.index,
            )
    if name == "proprio":  # a full state has fields that a task does not use
        yield from _absent(recording, name)
    yield from _stuck(recording, name, changes)


def _absent(recording: Recording, name: str | None) -> Iterator[Fault]:
    """Zero in the whole recording. Another constant may be a fact, such as where the goal is."""
    zero = np.all([~seen.motion.any(0) for seen in recording.moving], axis=0)
    if zero.any():
        which = ", ".join(map(str, np.flatnonzero(zero)))
        yield Fault(
            "stuck_proprio",
            "warning",
            name,
            f"{name}: dimension {which} is 0 in every frame of every episode.",
            "Leave it out, or connect the sensor it stands for.",
        )


def _stuck(recording: Recording, name: str | None, changes: list[np.ndarray]) -> Iterator[Fault]:
    """A run of equal values that ends in a jump, of a dimension that elsewhere always changes.

    At a joint's limit values also stay the same, but they leave it smoothly, and come back to it.
    """
    ends = np.stack(
        [f([f(seen.motion, 0) for seen in recording.moving], 0) for f in (np.min, np.max)]
    )
    still = np.stack([(~c).sum(0) for c in changes])
    steps = np.array([len(c) for c in changes])
    for i, (seen, change) in enumerate(zip(recording.moving, changes, strict=True)):
        share = (still.sum(0) - still[i]) / max(1, steps.sum() - steps[i])
        for d in np.flatnonzero(share < RARE):
            start, length = next(iter(runs(~change[:, d])), (0, 0))
            if length < RUN or not change[start : start + length].any():
                continue
            if np.abs(seen.motion[start, d] - ends[:, d]).min() <= END * np.ptp(ends[:, d]):
                continue  # at the end of its scale
            moves = np.abs(np.diff(seen.motion[:, d])) / recording.deviation[d]
            after = moves[start + length] if start + length < len(moves) else np.inf
            if after < JUMP * np.median(np.concatenate([moves[change[:, d]], [after]])):
                continue
            yield Fault(
                "stuck_proprio",
                "error",
                f"{name}[{d}]",
                f"Dimension {d} of {name} stands still for {length} steps from step {start} of "
                f"episode {seen.index}, while others move; elsewhere it changes in "
                f"{1 - share[d]:.1%} of the steps.",
                "Cut these steps out: the sensor had stopped.",
                seen.index,
                start,
            )


def runs(flags: np.ndarray) -> list[tuple[int, int]]:
    """Find where a condition holds without interruption.

    Args:
        flags: (n,) bool.

    Returns:
        Start and length of each run of True, longest first.
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    found = [(int(a), int(b - a)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
    return sorted(found, key=lambda run: -run[1])
