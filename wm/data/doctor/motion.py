"""Proprioception that does not tell: sensors that are stuck or absent, episodes where none moves."""

from collections.abc import Iterator

import numpy as np

from wm.data.doctor.fault import Fault
from wm.data.doctor.seen import Recording

KINDS = ("motionless", "stuck_proprio")
LIVELY = 0.95
"""A sensor that changes in this share of the steps elsewhere should not stand still."""
RUN = 8
"""Steps that it may."""


def check(recording: Recording) -> Iterator[Fault]:
    chosen = recording.moving
    if not chosen:
        return
    name = recording.motion
    changes = []
    for seen in chosen:
        assert seen.motion is not None
        changes.append(np.diff(seen.motion, axis=0) != 0)
        still = np.ptp(seen.motion, 0) <= 1e-6 * recording.deviation
        seeing = [v.change for v in seen.looks.values()]
        if still.all() and seen.steps >= RUN and not any((c > 0).any() for c in seeing):
            yield Fault(
                "motionless",
                "warning",
                seen.index,
                None,
                name,
                f"Nothing moves in the {seen.steps} steps of episode {seen.index}: {name} is "
                "constant" + (", and so are the pictures." if seeing else "."),
                "Drop these episodes: the robot was off, or stuck.",
            )
    yield from _absent(recording, name)
    yield from _stuck(recording, name, changes)


def _absent(recording: Recording, name: str | None) -> Iterator[Fault]:
    """Zero in the whole recording. Another constant may be a fact, such as where the goal is."""
    zero = np.all([~s.motion.any(0) for s in recording.moving if s.motion is not None], axis=0)
    if zero.any():
        which = ", ".join(map(str, np.flatnonzero(zero)))
        yield Fault(
            "stuck_proprio",
            "warning",
            None,
            None,
            name,
            f"{name}: dimension {which} is 0 in every frame of every episode.",
            "Leave it out, or connect the sensor it stands for.",
        )


def _stuck(recording: Recording, name: str | None, changes: list[np.ndarray]) -> Iterator[Fault]:
    """A run of equal values, where the dimension otherwise changes in nearly every step and the
    others go on."""
    rate = np.mean([c.mean(0) for c in changes], 0)
    lively = rate > LIVELY
    for seen, change in zip(recording.moving, changes, strict=True):
        goes_on = (change[:, lively].mean(1) > 0.5) if lively.sum() > 1 else np.ones(len(change))
        for d in np.flatnonzero(lively):
            start, length = longest(~change[:, d] & (goes_on > 0))
            if length >= RUN:
                yield Fault(
                    "stuck_proprio",
                    "error",
                    seen.index,
                    start,
                    f"{name}[{d}]",
                    f"Dimension {d} of {name} stands still for {length} steps from step {start} of "
                    f"episode {seen.index}, while the others move; elsewhere it changes in "
                    f"{rate[d]:.0%} of the steps.",
                    "Cut these steps out: the sensor had stopped.",
                )


def longest(flags: np.ndarray) -> tuple[int, int]:
    """Start and length of the longest run of True in (n,)."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    starts, ends = edges[::2], edges[1::2]
    if not len(starts):
        return 0, 0
    best = int(np.argmax(ends - starts))
    return int(starts[best]), int(ends[best] - starts[best])
