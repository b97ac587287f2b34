"""What an environment can be asked for beside being stepped: goals, states of its own, a script."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol, runtime_checkable

import numpy as np

from wmpc.envs.observation import Observation
from wmpc.envs.policies import Policy
from wmpc.errors import WmpcError

Filter = Callable[[np.ndarray, np.ndarray, np.ndarray], bool]
"""start state (S,), goal state (S,), variation (V,) -> whether an evaluation keeps the case."""


@runtime_checkable
class GoalEnv(Protocol):
    """An environment that tells how far a state is from a goal, see `wmpc.envs.measured`."""

    goal: Observation
    coordinate_names: tuple[str, ...]
    hard_filter: str | None
    usual_filter: str | None

    @property
    def tolerances(self) -> Mapping[str, float]: ...
    @property
    def filters(self) -> Mapping[str, Filter]: ...
    def coordinates(self, states: np.ndarray) -> np.ndarray:
        """Give the coordinates in which the cost of a true plan is measured.

        Args:
            states: (..., S) float64.

        Returns:
            (..., C), in units of the tolerances, roughly.
        """
        ...

    def distance(self, state: np.ndarray, goal_state: np.ndarray) -> float:
        """Measure how far a state is from a goal.

        Args:
            state: (S,) float64.
            goal_state: (S,) float64.

        Returns:
            The largest error in units of its tolerance.
        """
        ...

    def success(self, state: np.ndarray, goal_state: np.ndarray) -> bool:
        """Tell whether a state counts as the goal.

        Args:
            state: (S,) float64.
            goal_state: (S,) float64.

        Returns:
            True where the distance is at most 1.
        """
        ...

    def in_bounds(self, state: np.ndarray) -> bool:
        """Tell whether a state lies where this environment's states lie.

        Args:
            state: (S,) float64.

        Returns:
            True where it does, or where nothing is known of it.
        """
        ...


@runtime_checkable
class StateSampler(Protocol):
    """An environment that draws states of its own, such as goals, see `wmpc.envs.task`."""

    def sample_state(self, rng: np.random.Generator) -> np.ndarray:
        """Draw a reachable state.

        Args:
            rng: where all chance comes from.

        Returns:
            (S,) float64, at rest, under the present variation.
        """
        ...


@runtime_checkable
class Scripted(Protocol):
    """An environment with a policy that covers what random actions seldom reach."""

    def scripted_policy(self, rng: np.random.Generator) -> Policy:
        """Make a policy that covers what random actions seldom reach.

        Args:
            rng: where the chance of its first episode comes from.

        Returns:
            From an observation to one simulator action.
        """
        ...


@runtime_checkable
class Walkable(Protocol):
    """An environment in which the way to a goal is not the straight one."""

    def walk(self, coordinates: np.ndarray, goal: np.ndarray, variation: np.ndarray) -> np.ndarray:
        """Measure how far it is to a goal by the way that there is, such as around walls.

        Args:
            coordinates: (..., C), see `GoalEnv.coordinates`.
            goal: its coordinates (C,).
            variation: (V,), which walls there are.

        Returns:
            (...), in tolerances; 0 at the goal.
        """
        ...


def require(env: Any, capability: type) -> Any:
    """Return an environment as one that has a capability.

    Args:
        env: any `wmpc.envs.world.World`, or what is like one.
        capability: `GoalEnv`, `StateSampler` or `Scripted`.

    Returns:
        The same environment.

    Raises:
        WmpcError: it lacks the capability, as gymnasium's environments do.
    """
    if isinstance(env, capability):
        return env
    raise WmpcError(
        f"{env.id} has no goal, success test, variation or scripted policy; it can be "
        "collected from with policy=random and trained on. Collected with "
        '"+task.kwargs.tolerances={qpos0:0.1}" or the like, or with +task.kwargs.success=reward or '
        "info where it tests success itself, its recorded states are goals."
    )
