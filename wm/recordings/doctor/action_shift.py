"""Are actions paired with the observations they act on? Which shift explains what happened best?

`action[t]` should take observation t to t+1. For k in -3..3, ridge regressions explain the change
from t to t+1 by where the robot is, how it moved before, and `action[t+k]`; they are compared by
their error on other episodes. k > 0 would be an effect before its cause. k < 0 may be a delay: of
the robot, which position commands always have, so there it is none of our business.

A shift is reported only if it explains what `action[t]` does not, and `action[t]` adds little to
it: smooth actions, velocities that are not recorded, and policies that react to what just happened
all make a wrong shift informative, but never make the right one useless.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from wmpc.wm.recordings.doctor.fault import Fault
from wmpc.wm.recordings.doctor.features import FAR, describe_pictures, standard, with_products
from wmpc.wm.recordings.doctor.lags import (
    REACH,
    ROWS,
    SHIFTS,
    ZERO,
    Explained,
    choose_episodes,
    shift_each,
)
from wmpc.wm.recordings.doctor.seen import Recording
from wmpc.wm.regression import held_out_errors

KINDS = ("action_shift",)
LITTLE = 0.005
"""R² that the shifted action must add to the unshifted one."""


class Actions(NamedTuple):
    """What actions explain of the changes between observations."""

    shifted: Explained
    none: float
    """R² without any action."""
    both: np.ndarray
    """R² (S,) with the shifted and the unshifted action together."""
    absolute: bool
    """Whether actions are positions to go to."""


def check(recording: Recording) -> Iterator[Fault]:
    """Look for actions that are recorded too early or too late.

    Args:
        recording: what was seen; its `evidence` is filled in.

    Yields:
        A fault, if they are.
    """
    found = explain(recording)
    if found is None:
        return
    shifted, none, both, absolute = found
    recording.evidence["action_shift"] = {
        **shifted.evidence(),
        "without": none,
        "with_both": both.tolist(),
    }
    r2 = shifted.r2
    # The smallest shift that is not clearly worse than the best one.
    worthy = np.flatnonzero(shifted.surely_worse <= 0).tolist()
    best = min(worthy, key=lambda i: (abs(SHIFTS[i]), -r2[i]))
    k, gain = SHIFTS[best], r2[best] - none
    adds, usual = both[best] - r2[ZERO], both[best] - r2[best]
    if k == 0 or adds < max(LITTLE, 0.25 * gain) or usual > 0.25 * adds:
        return
    if k < 0 and absolute:
        return
    late = f"late: action[t+{k}] is" if k > 0 else f"early, or act late: action[t{k}] is"
    yield Fault(
        "action_shift",
        "error" if k > 0 else "warning",
        "action",
        f"The actions are {abs(k)} step{'s' * (abs(k) > 1)} {late} what explains the change from "
        f"observation t to t+1 (R² {r2[best]:.2f} on other episodes; action[t] {r2[ZERO]:.2f}, no "
        f"action {none:.2f}).",
        f"Record again with action[t] between observation t and t+1, or shift the actions by {k}: "
        f"pair action[t+{k}] with observation t."
        if k > 0
        else f"If the robot has no such delay, pair action[t{k}] with observation t; if it has, "
        "nothing is wrong, but the context must be longer than the delay.",
    )


def explain(recording: Recording) -> Actions | None:
    """Explain each change of where the robot is by the action at each shift.

    Args:
        recording: what was seen.

    Returns:
        How well that goes; None where there is too little to say.
    """
    where, actions = _tracks(recording)
    usable = choose_episodes([len(a) for a in actions])
    if not usable:
        return None
    tracks = [where[i] for i in usable]
    times = [np.arange(REACH, len(p) - 1 - REACH) for p in tracks]
    of = np.repeat(np.arange(len(usable)), [len(t) for t in times])
    *_, two, one, now, after, _, _ = shift_each(tracks, times)
    y = standard(after - now)
    y -= y.mean(0)
    y = y[:, y.std(0) > 0]
    acts = [standard(rows) for rows in shift_each([actions[i] for i in usable], times)]
    if y.shape[1] == 0 or all(not a.any() for a in acts):
        return None
    good = _ordinary(y, of)
    of, y, acts = np.unique(of[good], return_inverse=True)[1], y[good], [a[good] for a in acts]
    x = standard(np.concatenate([now, now - one, one - two], 1)[good])
    x = with_products(x, x.shape[1] // 3, 15)
    total = np.bincount(of, (y**2).sum(1))

    def sse(*blocks: np.ndarray) -> np.ndarray:
        errors = held_out_errors(np.concatenate([x, *blocks], 1), y, of)
        return np.bincount(of, (errors**2).sum(1))

    each = np.stack([sse(a) for a in acts], 1)
    none = 1 - sse().sum() / total.sum()
    both = np.array([1 - sse(a, acts[ZERO]).sum() / total.sum() for a in acts])
    shifted = Explained(each, total[:, None])
    return Actions(shifted, none, both, _absolute(where, actions))


def _tracks(recording: Recording) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Where the robot is (T+1, P), by numbers or else by pictures, and its actions (T, m*A)."""
    chosen = recording.moving
    if chosen:
        where = [s.motion / recording.deviation for s in chosen]
    else:
        camera = next(iter(recording.cameras), "")
        chosen = [s for s in recording.seen_by(camera) if len(s.looks[camera].tiny)]
        chosen = chosen[:: max(1, sum(s.steps for s in chosen) // ROWS)]
        if not chosen:
            return [], []
        pictures = [s.looks[camera].tiny for s in chosen]
        ends = np.cumsum([len(tiny) for tiny in pictures])[:-1]
        where = np.split(describe_pictures(np.concatenate(pictures), 6), ends)
    return where, [s.action.reshape(s.steps, -1).astype(np.float64) for s in chosen]


def _ordinary(values: np.ndarray, group: np.ndarray) -> np.ndarray:
    """(n,) bool: rows of groups whose mean square is no more than `FAR` times the usual one.

    Episodes in other units would drown all others.
    """
    rows = np.maximum(np.bincount(group), 1)
    size = np.bincount(group, (values**2).mean(1)) / rows
    return (size <= FAR * np.quantile(size, 0.75) + 1e-12)[group]


def _absolute(where: list[np.ndarray], actions: list[np.ndarray]) -> bool:
    """Whether actions are positions to go to: they look like where the robot soon is."""
    p, a = np.concatenate([p[1:] for p in where]), np.concatenate(actions)
    p, a = standard(p), standard(a)
    if not a.any():
        return False
    weights = np.linalg.lstsq(p, a, rcond=None)[0]
    live = a.std(0) > 0
    return bool(np.mean(((a - p @ weights) ** 2).mean(0)[live]) < 0.3)
