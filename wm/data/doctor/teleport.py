"""Jumps: from one frame to the next further than the robot can go; frames are missing there.

What is unusual is told by a regression of the change on where the robot is, how it moved, and its
action: the error of a jump is far beyond all others. Angles that wrap around by a full turn do not
count, nor does what happens as often elsewhere, such as impacts.
"""

from collections.abc import Iterator

import numpy as np

from wm.data.doctor.fault import Fault
from wm.data.doctor.regression import components, held_out_errors, quadratic, standard
from wm.data.doctor.seen import Recording

KINDS = ("teleport",)
FAR = 2.5
"""How many times the largest ordinary error a jump has."""
FLOOR, LARGE = 0.1, 1.0
"""Least error that counts, as a share of a large step, and least change, as a multiple of the
largest hundredth of all."""
MOST = 0.4
"""A jump is judged by the error that the other six in ten dimensions exceed."""
RARE = 0.005
"""Share of steps that may be jumps; what is more frequent is the task's own."""


def check(recording: Recording) -> Iterator[Fault]:
    chosen = [s for s in recording.moving if s.steps >= 4]
    if len(chosen) < 8 or sum(s.steps for s in chosen) < 200:
        return
    group, step, x, y = [], [], [], []
    for g, seen in enumerate(chosen):
        assert seen.motion is not None
        p = unwrapped(seen.motion / recording.deviation, recording.deviation)
        a = seen.action.reshape(seen.steps, -1)
        t = np.arange(1, seen.steps)
        group.append(np.full(len(t), g))
        step.append(t)
        x.append(np.concatenate([p[t], p[t] - p[t - 1], a[t]], 1))
        y.append(p[t + 1] - p[t])
    size = y[0].shape[1]
    of, at = np.concatenate(group), np.concatenate(step)
    raw = standard(np.concatenate(x))
    few = components(raw[:, : 2 * size], 6)
    if len(raw) > 5 * (raw.shape[1] + few.shape[1] * (few.shape[1] + 1) // 2):
        raw = np.concatenate([raw, standard(quadratic(few))], 1)
    change = np.concatenate(y)
    scale = np.quantile(np.abs(change), 0.9, axis=0) + 1e-6
    target = np.clip(change / scale, -6, 6)  # so that a jump does not bend the fit
    errors = held_out_errors(raw, target, of) + (change / scale - target)
    errors /= np.maximum(np.quantile(np.abs(errors), 0.9, axis=0), FLOOR)
    large = (np.abs(change) / (np.quantile(np.abs(change), 0.99, axis=0) + 1e-6)).max(1)
    # An impact moves few numbers, or speeds only; where frames are missing most of them jump.
    lively = np.mean(change != 0, 0) > 0.5
    if not lively.any():
        return
    jump = np.quantile(np.abs(errors[:, lively]), MOST, axis=1)
    # What follows a jump is surprising too, and part of it.
    echo = np.zeros(len(jump), bool)
    echo[1:] = (of[1:] == of[:-1]) & (jump[1:] < jump[:-1])
    ordinary = np.sort(jump)[-max(4, int(RARE * len(jump)))]
    rest = jump[(jump <= FAR * ordinary) & ~echo]
    for i in np.flatnonzero((jump > FAR * rest.max()) & (large > LARGE) & ~echo):
        seen = chosen[of[i]]
        yield Fault(
            "teleport",
            "error",
            seen.index,
            int(at[i]),
            recording.motion,
            f"{recording.motion} jumps after step {at[i]} of episode {seen.index}, by "
            f"{jump[i] / np.median(jump):.0f} times what is usually left unexplained and "
            f"{jump[i] / rest.max():.1f} times the largest elsewhere.",
            "Cut the episode in two there: frames are missing, or two recordings were joined.",
        )


def unwrapped(p: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    """(n, P) without the full turns that an angle jumps by, in radians or degrees."""
    out = np.array(p, np.float64)
    for turn in (2 * np.pi, 360.0):
        step = np.diff(out, axis=0) * deviation
        wraps = np.abs(np.abs(step) - turn) < 0.15 * turn
        turns = np.where(wraps, np.sign(step), 0.0)
        out[1:] -= np.cumsum(turns, 0) * turn / deviation
    return out
