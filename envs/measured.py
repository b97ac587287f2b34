"""How far a state is from a goal, and whether that counts as reached."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from wmpc.envs.goal_env import Filter
from wmpc.envs.observation import Observation
from wmpc.envs.world import World


class Measured(World):
    """A `World` that has goals.

    Success means every error within its tolerance (`distance` <= 1), strict success within half of
    it.
    """

    tolerances: ClassVar[Mapping[str, float]]
    """By name of error; the name ends in its unit."""
    coordinate_names: tuple[str, ...]
    frame_skip: int = 1
    """Physics steps of an action."""
    goal: Observation = {}  # noqa: RUF012 (never changed in place)
    """The observation to reach, since the last reset."""
    hard_filter: ClassVar[str | None] = None
    """The name in `filters` of this task's hard cases: what `filter="hard"` of `cases` means."""
    usual_filter: ClassVar[str | None] = None
    """The name in `filters` that cases pass where none is asked for: without it most would ask
    nothing of an agent. None: all cases are usual."""

    @property
    def filters(self) -> Mapping[str, Filter]:
        """Named tests by which an evaluation may pick its cases."""
        return {}

    def in_bounds(self, state: np.ndarray) -> bool:
        """Tell whether a state lies where this environment's states lie.

        Args:
            state: (S,) float64.

        Returns:
            True here: nothing is known of it.
        """
        return True

    @abstractmethod
    def errors(self, state: np.ndarray, goal_state: np.ndarray) -> dict[str, float]:
        """Measure how far a state is from a goal, by kind of error.

        Args:
            state: (S,) float64.
            goal_state: (S,) float64.

        Returns:
            One number not below 0 for each name in `tolerances`, in the unit the name ends in.
        """

    @abstractmethod
    def coordinates(self, states: np.ndarray) -> np.ndarray:
        """Give the coordinates in which the cost of a true plan is measured.

        Args:
            states: (..., S) float64, or the shorter `mjSTATE_FULLPHYSICS`.

        Returns:
            (..., C), named `coordinate_names`, in units of the tolerances, roughly.
        """

    def distance(self, state: np.ndarray, goal_state: np.ndarray) -> float:
        """Measure how far a state is from a goal.

        Args:
            state: (S,) float64.
            goal_state: (S,) float64.

        Returns:
            The largest error in units of its tolerance.
        """
        return self._worst(self.errors(state, goal_state))

    def success(self, state: np.ndarray, goal_state: np.ndarray) -> bool:
        """Tell whether every error is within its tolerance.

        Args:
            state: (S,) float64.
            goal_state: (S,) float64.

        Returns:
            True where the distance is at most 1.
        """
        return self.distance(state, goal_state) <= 1.0

    def _measure(self) -> dict[str, Any]:
        """How far the present state is from the goal, as `info` tells it."""
        errors = self.errors(self.get_state(), self.goal["state"])
        distance = self._worst(errors)
        return {
            "success": distance <= 1.0,
            "strict": distance <= 0.5,
            "distance": distance,
            "errors": errors,
        }

    def _worst(self, errors: dict[str, float]) -> float:
        return float(max(errors[name] / limit for name, limit in self.tolerances.items()))
