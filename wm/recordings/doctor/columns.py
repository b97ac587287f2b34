"""Checks of one episode's columns as they are read: finite, on time, in bounds, long enough."""

from collections.abc import Iterator, Mapping

import numpy as np

from wmpc.wm.recordings.doctor.fault import Fault
from wmpc.wm.recordings.source import About

KINDS = ("not_finite", "action_out_of_bounds", "too_short")


def check(
    index: int, episode: Mapping[str, np.ndarray], about: About, context: int
) -> Iterator[Fault]:
    """Look at an episode's numbers: are they finite, in bounds, enough?

    Args:
        index: of the episode.
        episode: its columns other than pictures, `action` (T, m, A) among them; A is 0 where there
            are no actions.
        about: what the recording says of itself, such as the bounds of actions.
        context: frames that a model will see before it predicts the next.

    Yields:
        What is wrong with them.
    """
    for name, values in episode.items():
        if values.dtype.kind != "f" or np.isfinite(values).all():
            continue
        bad = np.argwhere(~np.isfinite(np.atleast_1d(values)))
        value = np.atleast_1d(values)[tuple(bad[0])]
        yield Fault(
            "not_finite",
            "error",
            name,
            f"{name} holds {value} at step {bad[0][0]} of episode {index}, and {len(bad)} such "
            "numbers in this episode.",
            "Leave these steps out (cut the episode there), or fill them in where the sensor "
            "merely dropped out; training stops on a number that is none.",
            index,
            int(bad[0][0]),
        )
    action = episode["action"]
    yield from _bounds(index, action, about)
    if len(action) < context:
        yield Fault(
            "too_short",
            "warning",
            "action",
            f"Episode {index} has {len(action)} steps, too few for a context of {context} frames "
            "and one to predict.",
            f"It is left out of training: join such episodes, drop them, or use context="
            f"{max(1, len(action))} or less.",
            index,
        )


def _bounds(index: int, action: np.ndarray, about: About) -> Iterator[Fault]:
    if about.action_low is None or about.action_high is None:
        return
    low, high = (np.asarray(b, np.float64) for b in (about.action_low, about.action_high))
    if low.shape != action.shape[-1:] or high.shape != action.shape[-1:]:
        return
    room = 1e-5 * np.maximum(1.0, np.where(np.isfinite(high - low), high - low, 1.0))
    outside = np.argwhere((action < low - room) | (action > high + room))
    if len(outside):
        step, k, a = outside[0]
        yield Fault(
            "action_out_of_bounds",
            "error",
            "action",
            f"Action {action[step, k, a]:.4g} in dimension {a} at step {step} of episode {index} "
            f"is outside the stated bounds [{low[a]:.4g}, {high[a]:.4g}]; {len(outside)} are.",
            "Correct the bounds if they are too narrow; if the robot clipped the command, store "
            "what it executed: numpy.clip(action, low, high).",
            index,
            int(step),
        )
