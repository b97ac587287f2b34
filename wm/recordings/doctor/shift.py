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

import numpy as np

from wmpc.wm.recordings.doctor.fault import Fault
from wmpc.wm.recordings.doctor.regression import (
    bootstrap,
    by_group,
    components,
    held_out_errors,
    ordinary,
    quadratic,
    standard,
)
from wmpc.wm.recordings.doctor.seen import Recording
from wmpc.wm.recordings.doctor.sight import features

KINDS = ("action_shift",)
SHIFTS = range(-3, 4)
ROWS = 20_000
LEAST = 200
"""Steps, below which nothing is said."""
LITTLE = 0.005
"""R² that the shifted action must add to the unshifted one."""


def check(recording: Recording) -> Iterator[Fault]:
    found = explained(recording)
    if found is None:
        return
    r2, none, both, draws, absolute = found
    zero = -SHIFTS.start
    best = _least(r2, draws)
    low, high = np.quantile(draws, [0.025, 0.975], axis=0)
    recording.evidence["action_shift"] = {
        "shifts": list(SHIFTS),
        "r2": r2.tolist(),
        "low": low.tolist(),
        "high": high.tolist(),
        "without": none,
        "with_both": both.tolist(),
    }
    k, gain = SHIFTS[best], r2[best] - none
    adds, usual = both[best] - r2[zero], both[best] - r2[best]
    if k == 0 or adds < max(LITTLE, 0.25 * gain) or usual > 0.25 * adds:
        return
    if k < 0 and absolute:
        return
    late = f"late: action[t+{k}] is" if k > 0 else f"early, or act late: action[t{k}] is"
    column = "action"
    yield Fault(
        "action_shift",
        "error" if k > 0 else "warning",
        None,
        None,
        column,
        f"The actions are {abs(k)} step{'s' * (abs(k) > 1)} {late} what explains the change from "
        f"observation t to t+1 (R² {r2[best]:.2f} on other episodes; action[t] {r2[zero]:.2f}, no "
        f"action {none:.2f}).",
        f"Record again with action[t] between observation t and t+1, or shift the actions by {k}: "
        f"pair action[t+{k}] with observation t."
        if k > 0
        else f"If the robot has no such delay, pair action[t{k}] with observation t; if it has, "
        "nothing is wrong, but the context must be longer than the delay.",
    )


def _least(r2: np.ndarray, draws: np.ndarray) -> int:
    """The smallest shift that is not clearly worse than the best one."""
    surer = np.quantile(draws[:, [int(np.argmax(r2))]] - draws, 0.002, axis=0)
    return min(map(int, np.flatnonzero(surer <= 0)), key=lambda i: (abs(SHIFTS[i]), -r2[i]))


def explained(
    recording: Recording,
) -> tuple[np.ndarray, float, np.ndarray, np.ndarray, bool] | None:
    """R² by shift (7,), without actions, with the shifted and the unshifted (7,), bootstrap draws
    (DRAWS, 7), and whether actions are positions; None where there is too little to say."""
    where, actions = _tracks(recording)
    reach = max(SHIFTS)
    usable = [i for i, a in enumerate(actions) if len(a) >= 2 * reach + 2]
    rows = sum(len(actions[i]) - 2 * reach for i in usable)
    if len(usable) < 8 or rows < LEAST:
        return None
    usable = usable[:: max(1, rows // ROWS)]
    group, base, change = [], [], []
    shifted: list[list[np.ndarray]] = [[] for _ in SHIFTS]
    for g, i in enumerate(usable):
        p, a = where[i], actions[i]
        t = np.arange(reach, len(a) - reach)
        group.append(np.full(len(t), g))
        base.append(np.concatenate([p[t], p[t] - p[t - 1], p[t - 1] - p[t - 2]], 1))
        change.append(p[t + 1] - p[t])
        for s, k in enumerate(SHIFTS):
            shifted[s].append(a[t + k])
    groups, of = len(usable), np.concatenate(group)
    y = standard(np.concatenate(change))
    y -= y.mean(0)
    y = y[:, y.std(0) > 0]
    acts = [standard(np.concatenate(parts)) for parts in shifted]
    if y.shape[1] == 0 or all(not a.any() for a in acts):
        return None
    good = ordinary(y, of)
    of, y, acts = np.unique(of[good], return_inverse=True)[1], y[good], [a[good] for a in acts]
    groups = int(of.max()) + 1
    x = standard(np.concatenate(base)[good])
    few = components(x[:, : x.shape[1] // 3], 6)
    if len(y) > 15 * (x.shape[1] + few.shape[1] * (few.shape[1] + 1) // 2):
        x = np.concatenate([x, standard(quadratic(few))], 1)
    total = by_group((y**2).sum(1), of, groups)

    def sse(*blocks: np.ndarray) -> np.ndarray:
        errors = held_out_errors(np.concatenate([x, *blocks], 1), y, of)
        return by_group((errors**2).sum(1), of, groups)

    zero = acts[-SHIFTS.start]
    each = np.stack([sse(a) for a in acts], 1)
    none = 1 - sse().sum() / total.sum()
    both = np.array([1 - sse(a, zero).sum() / total.sum() for a in acts])
    draws = bootstrap(each, total[:, None])
    return 1 - each.sum(0) / total.sum(), none, both, draws, _absolute(where, actions)


def _tracks(recording: Recording) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Where the robot is (T+1, P), by numbers or else by pictures, and its actions (T, m*A)."""
    chosen = recording.moving
    if chosen:
        where = [track / recording.deviation for track in recording.tracks]
    else:
        camera = next(iter(recording.cameras), "")
        chosen = [s for s in recording.episodes if _tiny(s, camera) is not None]
        chosen = chosen[:: max(1, sum(s.steps for s in chosen) // ROWS)]
        if not chosen:
            return [], []
        pictures = [tiny for s in chosen if (tiny := _tiny(s, camera)) is not None]
        ends = np.cumsum([len(tiny) for tiny in pictures])[:-1]
        where = np.split(features(np.concatenate(pictures), 6), ends)
    return where, [s.action.reshape(s.steps, -1).astype(np.float64) for s in chosen]


def _tiny(seen, camera: str) -> np.ndarray | None:
    return seen.looks[camera].tiny if camera in seen.looks else None


def _absolute(where: list[np.ndarray], actions: list[np.ndarray]) -> bool:
    """Whether actions are positions to go to: they look like where the robot soon is."""
    p, a = np.concatenate([p[1:] for p in where]), np.concatenate(actions)
    p, a = standard(p), standard(a)
    if not a.any():
        return False
    weights = np.linalg.lstsq(p, a, rcond=None)[0]
    live = a.std(0) > 0
    return bool(np.mean(((a - p @ weights) ** 2).mean(0)[live]) < 0.3)
