"""Try an environment before its first episode is recorded: what would fail later is said now.

What no episode could be recorded with, or no case be drawn with, is a WmpcError. What can be
trained on but not evaluated is a sentence.
"""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import permutations
from typing import Any

import numpy as np

from wmpc.collecting.collect import POLICIES, Recipe, make_policy, privileged
from wmpc.envs.goal_env import GoalEnv
from wmpc.envs.gymnasium_adapter import GymnasiumTask
from wmpc.envs.own_success import OwnSuccessTask
from wmpc.envs.task import Task
from wmpc.errors import WmpcError
from wmpc.system.asking import WORLD, Failed, ask

SEED = 0
EPISODES, FRAMES = 3, 4
"""Of each policy; enough for states that differ, little enough to cost some milliseconds each."""
ALIKE = 1e-6
"""Differences of variables that describe a state and are none."""

Call = Callable[..., Any]


def check_environment(task: Any, recipe: Recipe) -> list[str]:
    """Reset, step, draw, restore and measure an environment a few times.

    Args:
        task: the environment, which is left anywhere.
        recipe: how its episodes will be recorded.

    Returns:
        A sentence about each thing for which it cannot be evaluated, though it can be recorded.

    Raises:
        WmpcError: it cannot be recorded, or has a test of success that can be no test.
    """
    _check_actions(task)
    call = partial(ask, recipe.timeout_s, who=WORLD, passing=(WmpcError,))
    try:
        states = np.stack([*_visit(task, recipe, call)])
        described = call(task.describe, states)
        _check_shape(task, "describe", described, states, len(task.describe_names))
        return [*_restored(task, recipe, states, call), *_seen(task, states, described, call)] + (
            [*_measured(task, states, call)] if isinstance(task, GoalEnv) else [_goalless(task)]
        )
    except Failed as failed:
        raise WmpcError(f"{recipe.env_id} cannot be recorded: {failed}.") from failed


def _check_actions(task: Any) -> None:
    """WmpcError where an action has no range, or one without end."""
    low, high = task.action_space.low, task.action_space.high
    if low.size and np.isfinite([low, high]).all() and (low < high).all():
        return
    how = "give every actuator a ctrlrange" if isinstance(task, Task) else "give its Box bounds"
    raise WmpcError(
        f"The actions of {task.id} go from {low.tolist()} to {high.tolist()}; planning needs a "
        f"finite range of each: {how}."
    )


def _visit(task: Any, recipe: Recipe, call: Call) -> Iterator[np.ndarray]:
    """States (S,) of the first frames of some episodes."""
    names = [name for name in POLICIES[:2] if recipe.policy in (name, POLICIES[2])]
    for episode, name in enumerate(names * EPISODES):

        def reset(seed: int = SEED + episode) -> None:
            task.reset(seed=seed)

        call(reset)
        policy = call(make_policy, task, name, np.random.default_rng((SEED, episode)))
        for _ in range(FRAMES):
            yield call(task.get_state)
            for _ in range(recipe.m):
                if call(task.advance, call(policy, privileged(task)))["failure"]:
                    break


def _restored(task: Any, recipe: Recipe, states: np.ndarray, call: Call) -> Iterator[str]:
    """Whether a state, set again, looks as it did, counts as it did and goes where it went."""
    rng = np.random.default_rng(SEED)
    low, high = task.action_space.low, task.action_space.high
    actions = rng.uniform(low, high, (recipe.m, *low.shape)).astype(np.float32)

    def reset(seed: int) -> None:
        task.reset(seed=seed)

    call(reset, SEED)
    state, variation = call(task.get_state), np.array(task.variation)
    success = _success(task)
    ends, seen, counted = [], [], []
    for seed in (SEED + 1, SEED + 2):
        call(reset, seed)
        call(task.set_state, state, variation)
        if not np.allclose(call(task.get_state), state, atol=ALIKE):
            yield (
                "It cannot be evaluated: `set_state` leaves it in another state than the one given."
            )
            return
        seen.append(call(task.observe_state, state))
        for action in actions:
            call(task.advance, action)
        ends.append(call(task.describe, call(task.get_state)))
        counted.append([call(success, one, one) for one in states] if success else [])
    if not np.allclose(*ends, atol=ALIKE, equal_nan=True):
        yield (
            "It will not replay: set to the same state, the same actions lead elsewhere, so it "
            "keeps something beside its state, and no case of its will be possible."
        )
    if counted[0] != counted[1]:
        yield (
            "Its test of success depends on more than its state, such as a goal drawn at each "
            "reset: the same recording will succeed once and fail once."
        )
    for name in ("pixels", "proprio"):
        if not np.array_equal(seen[0][name], seen[1][name]):
            yield (
                f"Its {name} depend on more than its state, such as a target drawn at each reset: "
                "the goals that are drawn anew will not be those that were recorded."
            )


def _success(task: Any) -> Call | None:
    """The test of success, where there is one."""
    return task.success if isinstance(task, GoalEnv) else None


def _seen(task: Any, states: np.ndarray, described: np.ndarray, call: Call) -> Iterator[str]:
    """Whether what moves is seen to move."""
    pictures = [call(task.render_state, state) for state in states]
    moves = np.ptp(described, axis=0).max() > ALIKE
    if moves and all(np.array_equal(picture, pictures[0]) for picture in pictures):
        says = f"Nothing is seen to move in {len(pictures)} pictures, though its state does"
        if not hasattr(task, "model"):
            yield f"{says}: its `render` draws something else."
            return
        how = "`camera` of the class" if isinstance(task, Task) else "+task.kwargs.camera=..."
        names = [task.model.camera(i).name for i in range(task.model.ncam)]
        yield (
            f"{says}: another {how} may show it; the model has {names or 'none'}, and -1 is the "
            "free one around it."
        )


def _goalless(task: Any) -> str:
    """What to give an environment that has no goals."""
    says = "It has no test of success: it can be trained on, not evaluated"
    if not isinstance(task, GymnasiumTask):
        return says + "."
    asks = ", or +task.kwargs.success=info asks its own info['success']" * hasattr(task, "model")
    if task.judges_itself:
        return says + ", unless +task.kwargs.success=reward asks its own compute_reward."
    plain = [name.replace("[", "").replace("]", "") for name in task.describe_names]
    return (
        f'{says}, unless "+task.kwargs.tolerances={{{plain[0]}:0.1}}" or the like says which of '
        f"{', '.join(plain[:12])}{', ...' * (len(plain) > 12)} count{asks}."
    )


def _measured(task: Any, states: np.ndarray, call: Call) -> Iterator[str]:
    """Whether the test of success tells states apart."""
    single = call(task.coordinates, states)
    _check_shape(task, "coordinates", single, states, len(task.coordinate_names))
    if task.moves_by_controls and not np.allclose(
        call(task.coordinates, np.stack([task.layout.physics(state) for state in states])), single
    ):
        raise WmpcError(
            f"coordinates of {task.id} read more of a state than time, qpos and qvel, which is all "
            "that planners have: read states by self.layout.qpos and self.layout.qvel."
        )
    for one, other in [(states[0], states[0]), (states[0], states[-1])]:
        distance = call(task.distance, one, other)
        if not np.isfinite(distance) or distance < 0:
            raise WmpcError(
                f"{task.id} measures a distance of {distance} between two of its states: each of "
                "`errors` is a finite number, not below 0."
            )
    pairs = list(permutations(states, 2))
    if all(call(task.success, one, other) for one, other in pairs):
        raise WmpcError(
            f"{task.id} counts each of {len(states)} states of several episodes as each other: "
            "every case would be solved at its start; tolerances are too wide, or nothing moves."
        )
    if not task.moves_by_controls:
        yield (
            "An evaluation of it leaves out the planner in the true simulator: a step is not "
            "`frame_skip` steps of MuJoCo under the action as the model's controls."
        )
    if isinstance(task, OwnSuccessTask) and call(task.asks_exactness, states):
        yield (
            "Its compute_reward falls with the distance, so that only being exactly there would "
            "count: +task.kwargs.success_reward=-0.05, or the like, says from which reward on."
        )
    if not any(call(task.success, state, state) for state in states):
        yield (
            f"It counts none of {len(states)} states as itself: a frame like those cannot be a "
            "goal that is reached."
        )
    if not any(call(task.in_bounds, state) for state in states):
        yield f"It calls {len(states)} of {len(states)} states out of bounds: none makes a case."


def _check_shape(task: Any, name: str, values: Any, states: np.ndarray, wanted: int) -> None:
    """WmpcError where numbers about states are not as many as they have names."""
    if np.shape(values) != (len(states), wanted):
        raise WmpcError(
            f"{name} of {task.id} gives {np.shape(values)} for states {states.shape}; "
            f"({len(states)}, {wanted}) would fit its names: reckon along the last axis."
        )
