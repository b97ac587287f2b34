"""Actions that say nothing: dimensions that never move, or always press against their limit."""

from collections.abc import Iterator

import numpy as np

from wmpc.wm.recordings.doctor.fault import Fault
from wmpc.wm.recordings.doctor.seen import Recording

KINDS = ("dead_action", "saturated_action")
LIMIT, LEVELS = 0.75, 12
"""Share of actions at a limit that is too much, and how many different values an action has that
is no switch."""


def check(recording: Recording) -> Iterator[Fault]:
    """Look for dimensions of the action that never change, or always press against a limit.

    Args:
        recording: what was seen of it.

    Yields:
        A fault a dimension, and one for each episode in which alone it does not change.
    """
    if not recording.episodes or "action" not in recording.columns:
        return
    size = recording.episodes[0].action.shape[-1]
    flat = [seen.action.reshape(-1, size) for seen in recording.episodes]
    low = np.min([a.min(0) for a in flat], 0)
    high = np.max([a.max(0) for a in flat], 0)
    for d in range(size):
        name = _name(recording, d)
        if high[d] <= low[d]:
            yield Fault(
                "dead_action",
                "warning",
                f"action[{d}]",
                f"{name} is {low[d]:.4g} in every step of every episode.",
                "Leave this dimension out, or record what the robot was told: nothing can be "
                "learned of it, and a planner would use it at will.",
            )
            continue
        yield from _dead_here(recording, d, [a[:, d] for a in flat])
        yield from _saturated(recording, d, [a[:, d] for a in flat], low[d], high[d])


def _dead_here(recording: Recording, d: int, values: list[np.ndarray]) -> Iterator[Fault]:
    """Constant in an episode, where nearly all others never repeat a value."""
    lively = np.array([np.mean(np.diff(v) != 0) if len(v) > 1 else np.nan for v in values])
    if np.nanmean(lively > 0.5) < 0.9 or np.nanmean(lively == 0) > 0.1:
        return
    for seen, share, v in zip(recording.episodes, lively, values, strict=True):
        if share == 0 and len(v) >= 8:
            yield Fault(
                "dead_action",
                "warning",
                f"action[{d}]",
                f"{_name(recording, d)} stays at {v[0]:.4g} throughout episode {seen.index}; "
                f"elsewhere it changes in {np.nanmedian(lively):.0%} of the steps.",
                "Drop these episodes, or find out whether the command was lost on its way.",
                seen.index,
            )


def _saturated(
    recording: Recording, d: int, values: list[np.ndarray], low: float, high: float
) -> Iterator[Fault]:
    whole = np.concatenate(values)
    sample = whole[:: max(1, len(whole) // 20_000)]
    if len(np.unique(sample)) <= LEVELS:
        return  # a switch, such as a gripper or a discrete action
    about = recording.about
    ends = [low, high]
    for bound in (about.action_low, about.action_high):
        if bound is not None and len(bound) > d:
            ends.append(float(bound[d]))
    near = 1e-6 * (high - low)
    share = float(np.mean(np.min([np.abs(whole - end) for end in ends], 0) <= near))
    if share > LIMIT:
        yield Fault(
            "saturated_action",
            "warning",
            f"action[{d}]",
            f"{_name(recording, d)} is at one of its limits, {low:.4g} and {high:.4g}, in "
            f"{share:.0%} of the steps.",
            "Check its units and bounds: a command that is clipped this often hides what was "
            "meant; store what was executed.",
        )


def _name(recording: Recording, d: int) -> str:
    names = recording.about.names.get("action", ())
    return f"Action {d} ({names[d]})" if len(names) > d else f"Action {d}"
