"""Any gymnasium MuJoCo environment with goals: recorded states, reached to a tolerance."""

from collections.abc import Mapping
from typing import Any

import mujoco
import numpy as np

from wmpc.envs.gymnasium_adapter import GymnasiumTask
from wmpc.envs.measured import Measured
from wmpc.envs.observation import Observation
from wmpc.errors import WmpcError


class GoalsAmongStates(Measured, GymnasiumTask):
    """A `GymnasiumTask` whose goals are states recorded in it. Subclasses say what success is."""

    def __init__(self, env_id: str, **kwargs: Any) -> None:
        super().__init__(env_id, **kwargs)
        self.frame_skip = int(getattr(self._env, "frame_skip", 1))

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begin an episode; no goal can be sampled.

        Args:
            seed: of the environment's own reset; None: its generator goes on.
            options: may give `state` (S,), `variation` (V,) where it has one, and `goal_state`
                (S,), a state recorded elsewhere; None: the start itself.

        Returns:
            The first observation, and the environment's info with `goal` and how far it is.

        Raises:
            WmpcError: a variation is among the options, which it does not have.
        """
        given = dict(options or {})
        goal_state, variation = given.pop("goal_state", None), given.pop("variation", None)
        if variation is not None and len(variation):
            if not self.variation_names:
                raise WmpcError(f"{self.id} has no variation, {variation} came.")
            given["variation"] = variation
        observation, info = super().reset(seed=seed, options=given or None)
        if goal_state is None:
            goal_state = self.get_state()
        self.goal = self.observe_state(goal_state)
        return observation, {**info, "goal": self.goal, **self._measure()}

    def advance(self, action: np.ndarray) -> dict[str, Any]:
        """Apply one action without looking.

        Args:
            action: (A,), clipped to the bounds.

        Returns:
            The info of `GymnasiumTask.advance`, and `success`, `strict`, `distance` and `errors`.

        Raises:
            WmpcError: the task was never reset.
        """
        info = super().advance(action)
        if not self.goal:
            raise WmpcError("Call reset before the first step.")
        self._look_at(info)
        measured = self._measure()
        if info["failure"] is not None:
            measured |= {"success": False, "strict": False}
        return {**info, **measured}

    def in_bounds(self, state: np.ndarray) -> bool:
        """Tell whether a state lies where this environment's states lie.

        Args:
            state: (S,) float64.

        Returns:
            What the environment's own `in_bounds` says; True where it has none.
        """
        own = getattr(self._env, "in_bounds", None)
        return bool(own(state)) if callable(own) else True

    def _look_at(self, info: dict[str, Any]) -> None:
        """Be told the info of a step before success is measured; here nothing is kept of it."""


class GymnasiumGoalTask(GoalsAmongStates):
    """Goals that are reached where some variables are near.

    `tolerances` says which variables count and how near is near: `{"qpos[0]": 0.1}` or, easier to
    type, `{qpos0: 0.1}`, by the names of `describe_names`. Angles of joints that turn without limit
    are compared the short way round. WmpcError on other names and on tolerances not above 0.
    """

    def __init__(self, env_id: str, tolerances: Mapping[str, float], **kwargs: Any) -> None:
        super().__init__(env_id, **kwargs)
        plain = {name.replace("[", "").replace("]", ""): name for name in self.describe_names}
        limits: dict[str, float] = {}
        indices = []
        for given, tolerance in tolerances.items():
            name = plain.get(given, given)
            if name not in self.describe_names:
                raise WmpcError(
                    f"No variable {given!r} of {env_id} for a tolerance; it has {', '.join(plain)}."
                )
            if not tolerance > 0:
                raise WmpcError(f"A tolerance of {tolerance} for {given} came; it must be above 0.")
            limits[name] = float(tolerance)
            indices.append(self.describe_names.index(name))
        if not indices:
            raise WmpcError(
                f"tolerances are empty; name variables of {env_id}: {', '.join(plain)}."
            )
        self.tolerances = limits  # pyright: ignore[reportAttributeAccessIssue]
        self._indices = np.array(indices)
        self._turns = np.isin(self._indices, self._turning())
        self._limits = np.array(list(self.tolerances.values()))
        turning = [name for name, turns in zip(self.tolerances, self._turns, strict=True) if turns]
        still = [name for name in self.tolerances if name not in turning]
        self.coordinate_names = (
            *(f"cos {name}" for name in turning),
            *(f"sin {name}" for name in turning),
            *still,
        )

    def errors(self, state: np.ndarray, goal_state: np.ndarray) -> dict[str, float]:
        """Measure the variables that count, angles the short way round.

        Args:
            state: (S,) float64.
            goal_state: (S,) float64.

        Returns:
            Absolute differences by name of the variable.
        """
        off = (self.describe(state) - self.describe(goal_state))[..., self._indices]
        off = np.abs(np.where(self._turns, np.arctan2(np.sin(off), np.cos(off)), off))
        return dict(zip(self.tolerances, off.tolist(), strict=True))

    def coordinates(self, states: np.ndarray) -> np.ndarray:
        """Give cosines, sines and values over their tolerances.

        Args:
            states: (..., S) float64.

        Returns:
            (..., C), named `coordinate_names`.
        """
        values = self.describe(states)[..., self._indices]
        turning, limits = values[..., self._turns], self._limits[self._turns]
        still = values[..., ~self._turns] / self._limits[~self._turns]
        return np.concatenate([np.cos(turning) / limits, np.sin(turning) / limits, still], -1)

    def _turning(self) -> np.ndarray:
        """Indices in `describe` of the angles that turn without limit."""
        hinge = mujoco.mjtJoint.mjJNT_HINGE.value
        endless = (self.model.jnt_type == hinge) & (self.model.jnt_limited == 0)
        return self.model.jnt_qposadr[endless]
