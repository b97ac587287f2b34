"""Jumps: from one frame to the next further than the robot can go; frames are missing there.

What is unusual is told by a regression of the change on where the robot is, how it moved, and its
action: the error of a jump is far beyond all others. Angles that wrap around by a full turn do not
count, nor does what happens as often elsewhere, such as impacts.

Where every episode jumps, none of that is unusual. So jumps that lie equally far from the ends (or
the starts) of nearly all episodes are looked for as well: episodes were cut a few rows off.
"""

from collections.abc import Iterator

import numpy as np

from wmpc.wm.recordings.doctor.fault import Fault
from wmpc.wm.recordings.doctor.features import standard, with_products
from wmpc.wm.recordings.doctor.seen import Recording
from wmpc.wm.regression import held_out_errors

KINDS = ("teleport",)
FAR = 2.5
"""How many times the largest ordinary error a jump has."""
FLOOR, LARGE = 0.1, 1.0
"""Least error that counts, as a share of a large step, and least change, as a multiple of the
largest hundredth of all."""
FAR_AND_WIDE = (2.0, 3.0)
"""As `FAR` and `LARGE`, of a jump that goes far beyond any step."""
MOST = 0.4
"""A jump is judged by the error that the other six in ten dimensions exceed."""
RARE = 0.005
"""Share of steps that may be jumps; what is more frequent is the task's own."""


NEAR, ALL, BEYOND = 8, 0.8, 4.0
"""Steps from an end within which all episodes may jump, the share of them that does, and how many
times further than nearly all other steps."""


def check(recording: Recording) -> Iterator[Fault]:
    """Look for jumps from one frame to the next further than the robot can go.

    Args:
        recording: what was seen of it.

    Yields:
        One fault where nearly all episodes jump equally far from an end, else one a jump.
    """
    found = list(_everywhere(recording))
    yield from found or _here_and_there(recording)


def _everywhere(recording: Recording) -> Iterator[Fault]:
    """A jump equally far from one end of nearly all episodes."""
    chosen = [s for s in recording.moving if s.steps >= 6]
    if len(chosen) < 8:
        return
    tracks = [s.motion / recording.deviation for s in chosen]
    moves = [np.abs(np.diff(unwrapped(p, recording.deviation), axis=0)) for p in tracks]
    lively = np.mean(np.concatenate(moves) != 0, 0) > 0.5
    if not lively.any():
        return
    scale = np.median(np.concatenate(moves)[:, lively], axis=0) + 1e-6
    # A jump moves most dimensions far: the one in the middle says how far.
    far = [np.quantile(m[:, lively] / scale, 0.5, axis=1) for m in moves]
    for back in (True, False):
        ordered = [f[::-1] if back else f for f in far]
        for k in range(NEAR):
            good = [f for f in ordered if len(f) > k + 3]
            if len(good) < 8:
                break
            here = np.array([f[k] for f in good])
            rest = np.concatenate([np.delete(f, k) for f in good])
            limit = max(BEYOND * np.quantile(rest, 0.99), 1.5 * np.quantile(rest, 0.999))
            if np.mean(here > limit) < ALL:
                continue
            index = [i for i, f in enumerate(ordered) if len(f) > k and f[k] > limit]
            first = chosen[index[0]]
            where = f"{k + 1} step{'s' * (k > 0)} before its end" if back else f"in its step {k}"
            yield Fault(
                "teleport",
                "error",
                recording.motion,
                f"{recording.motion} jumps {where} in {len(index)} of {len(chosen)} episodes, by "
                f"{np.median(here) / np.median(rest):.0f} times the usual step.",
                "The episodes were cut at the wrong rows, so that each holds a piece of another: "
                f"move their ends by {k + 1} row{'s' * (k > 0)} "
                f"{'back' if back else 'on'}, or leave these steps out.",
                first.index,
                first.steps - 1 - k if back else k,
                tuple(chosen[i].index for i in index),
            )
            return


def _here_and_there(recording: Recording) -> Iterator[Fault]:
    """Single jumps, far beyond what is unexplained elsewhere."""
    chosen = [s for s in recording.moving if s.steps >= 4]
    if len(chosen) < 8 or sum(s.steps for s in chosen) < 200:
        return
    group, step, x, y = [], [], [], []
    for g, seen in enumerate(chosen):
        p = unwrapped(seen.motion / recording.deviation, recording.deviation)
        a = seen.action.reshape(seen.steps, -1)
        t = np.arange(1, seen.steps)
        group.append(np.full(len(t), g))
        step.append(t)
        x.append(np.concatenate([p[t], p[t] - p[t - 1], a[t]], 1))
        y.append(p[t + 1] - p[t])
    of, at = np.concatenate(group), np.concatenate(step)
    raw = with_products(standard(np.concatenate(x)), 2 * y[0].shape[1], 5)
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
    beyond = (jump > FAR * rest.max()) & (large > LARGE)
    beyond |= (jump > FAR_AND_WIDE[0] * rest.max()) & (large > FAR_AND_WIDE[1])
    for i in np.flatnonzero(beyond & ~echo):
        seen = chosen[of[i]]
        yield Fault(
            "teleport",
            "error",
            recording.motion,
            f"{recording.motion} jumps after step {at[i]} of episode {seen.index}, by "
            f"{jump[i] / np.median(jump):.0f} times what is usually left unexplained and "
            f"{jump[i] / rest.max():.1f} times the largest elsewhere.",
            "Cut the episode in two there: frames are missing, or two recordings were joined.",
            seen.index,
            int(at[i]),
        )


def unwrapped(p: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    """Take out the full turns that an angle jumps by, in radians or degrees.

    Args:
        p: (n, P), a track in deviations.
        deviation: (P,), what they are.

    Returns:
        (n, P) float64.
    """
    out = np.array(p, np.float64)
    for turn in (2 * np.pi, 360.0):
        step = np.diff(out, axis=0) * deviation
        wraps = np.abs(np.abs(step) - turn) < 0.15 * turn
        turns = np.where(wraps, np.sign(step), 0.0)
        out[1:] -= np.cumsum(turns, 0) * turn / deviation
    return out
