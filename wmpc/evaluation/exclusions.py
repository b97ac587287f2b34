"""Why a pair of start and goal is no case: `Manifest.excluded` counts these reasons by name.

A case must ask something of an agent, and must be possible. So one that doing nothing solves is
none: a start may drift through its goal by the velocity it begins with. Nor is one whose recorded
actions miss the goal when they are executed again.
"""

from collections.abc import Iterable
from itertools import repeat
from typing import Any

import numpy as np

from wmpc.errors import WmpcError

REASONS = {
    "too_short": "the episode has fewer blocks than lie between start and goal",
    "other_layout": "no episode of the same layout was found to take the goal from",
    "pre_solved": "the start is within the tolerances of the goal",
    "unmet_goal": "the goal itself does not succeed by the environment's own test",
    "out_of_bounds": "the start or the goal lies where the task's states never are",
    "drift_solved": "no action at all, from the start on, reaches the goal within the budget",
    "not_replayable": "the recorded actions, executed again, do not reach the goal",
}
"""By name, what each means. The other reason is a task's filter, which goes by its own name."""

HARD = "hard"
"""The filter that stands for the task's own `hard_filter`."""
ANY = "any"
"""Stands for no filter, also where a task has a `usual_filter`."""


def find_filter(task: Any, name: str | None) -> str | None:
    """Find the filter that is meant.

    Args:
        task: whose `filters` it is one of.
        name: of the filter; "hard": the task's hard one; None: its usual one, if it has one; "any":
            none.

    Returns:
        Its name in `task.filters`, or None.

    Raises:
        WmpcError: the task has no such filter.
    """
    filters = sorted(task.filters)
    if name is None:
        return task.usual_filter
    if name == ANY:
        return None
    if name == HARD:
        if task.hard_filter is None:
            raise WmpcError(
                f"{task.id} does not say what its hard cases are (`hard_filter`): give "
                f"filter=any, or a filter it has: {filters}."
            )
        return task.hard_filter
    if name not in filters:
        raise WmpcError(f"{task.id} has no filter {name!r}; it has {filters}, and any.")
    return name


def find_exclusion(
    task: Any,
    start: np.ndarray,
    goal: np.ndarray,
    variation: np.ndarray,
    *,
    filter: str | None,
    actions: int,
    replay: np.ndarray | None,
) -> str | None:
    """Say why a start and a goal are no case, by simulating in the task.

    Args:
        task: which is left wherever that ends.
        start: state (S,).
        goal: state (S,).
        variation: (V,), under which both are.
        filter: a name in `task.filters`.
        actions: the budget in simulator actions.
        replay: the recorded actions (N, A) from start to goal, where there are any.

    Returns:
        The first reason, a key of `REASONS` or the filter's name; None where they are one.
    """
    if task.success(start, goal):
        return "pre_solved"
    if not task.success(goal, goal):
        return "unmet_goal"
    if filter and not task.filters[filter](start, goal, variation):
        return filter
    if not (task.in_bounds(start) and task.in_bounds(goal)):
        return "out_of_bounds"
    task.reset(options={"state": start, "goal_state": goal, "variation": variation})
    nothing = np.zeros(task.action_space.shape, np.float32)
    if _reaches(task, repeat(nothing, actions)):
        return "drift_solved"
    if replay is not None:
        task.set_state(start)
        if not _reaches(task, replay):
            return "not_replayable"
    return None


def _reaches(task: Any, actions: Iterable[np.ndarray]) -> bool:
    """Whether any of `actions` (A,) brings the task to its goal, before the simulation breaks."""
    for action in actions:
        info = task.advance(action)
        if info["failure"] is not None:
            return False
        if info["success"]:
            return True
    return False
