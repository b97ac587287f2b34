"""A cart on a rail, seen from above; push it to a place."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from wmpc.envs.policies import Policy, RandomPolicy
from wmpc.envs.task import Task


class Cart(Task):
    """One action, a force in [-1, 1], lasts 0.02 s. Success: within 0.1 m of the goal."""

    xml = "cart.xml"
    frame_skip = 2
    tolerances: ClassVar[Mapping[str, float]] = {"distance_m": 0.1}
    coordinate_names = ("x",)
    describe_names = ("x_m", "x_m_per_s")

    def proprio(self, state: np.ndarray) -> np.ndarray:
        """Return place and speed (2,) float32 of a state (S,)."""
        return self.describe(state).astype(np.float32)

    def errors(self, state: np.ndarray, goal_state: np.ndarray) -> dict[str, float]:
        """Return the distance of two states (S,) by the name of its tolerance: the success test."""
        offset = self.layout.qpos(state) - self.layout.qpos(goal_state)
        return {"distance_m": float(np.abs(offset[0]))}

    def coordinates(self, states: np.ndarray) -> np.ndarray:
        """Return places (..., 1) of states (..., S), in tolerances."""
        return self.layout.qpos(states) / self.tolerances["distance_m"]

    def describe(self, states: np.ndarray) -> np.ndarray:
        """Return place and speed (..., 2) of states (..., S), for plots and probes."""
        return np.concatenate([self.layout.qpos(states), self.layout.qvel(states)], -1)

    def sample_state(self, rng: np.random.Generator) -> np.ndarray:
        """Draw a place, at rest; returns the state (S,)."""
        return self.layout.at_rest(rng.uniform(-0.9, 0.9, 1))

    def scripted_policy(self, rng: np.random.Generator) -> Policy:
        """Make a policy for what random actions miss: here they miss nothing."""
        policy = RandomPolicy(self.action_space.low, self.action_space.high)
        policy.reset(rng)
        return policy
