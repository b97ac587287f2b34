"""Reacher: a two-joint torque-driven arm in the plane, seen from above; reach a pose."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from wmpc.envs.goal_env import Filter
from wmpc.envs.policies import Policy, RandomPolicy
from wmpc.envs.task import Task

FAR = 1.0  # rad by which both joints are turned in a far pose


class Reacher(Task):
    """Both joints turn without limit. One action, two torques in [-1, 1], lasts 0.02 s.

    Success: both joint angles within 0.1 rad (strict: 0.05) of the goal's, wrapped.
    """

    id = "wmpc/Reacher-v0"
    xml = "reacher.xml"
    frame_skip = 2
    tolerances: ClassVar[Mapping[str, float]] = {"shoulder_rad": 0.1, "elbow_rad": 0.1}
    objects: ClassVar[Mapping[str, str]] = {"upper_arm": "upper", "lower_arm": "lower"}
    coordinate_names = ("cos_shoulder", "cos_elbow", "sin_shoulder", "sin_elbow")
    describe_names = (*coordinate_names, "shoulder_rad_per_s", "elbow_rad_per_s")
    hard_filter = "far_pose"

    def proprio(self, state: np.ndarray) -> np.ndarray:
        """Read cosines and sines of the joint angles, and their velocities.

        Args:
            state: (S,) float64.

        Returns:
            (6,) float32, named `describe_names`.
        """
        return self.describe(state).astype(np.float32)

    def errors(self, state: np.ndarray, goal_state: np.ndarray) -> dict[str, float]:
        """Measure the wrapped differences of both angles.

        Args:
            state: (S,) float64.
            goal_state: (S,) float64.

        Returns:
            `shoulder_rad` and `elbow_rad`, 0 to pi.
        """
        turn = self.layout.qpos(state) - self.layout.qpos(goal_state)
        wrapped = np.abs(np.arctan2(np.sin(turn), np.cos(turn)))
        return dict(zip(self.tolerances, wrapped.tolist(), strict=True))

    def coordinates(self, states: np.ndarray) -> np.ndarray:
        """Give joint cosines and sines over 0.1: a small turn of 0.1 rad has length 1.

        Args:
            states: (..., S) float64.

        Returns:
            (..., 4), named `coordinate_names`.
        """
        return self._unit_circle(states) / 0.1

    def describe(self, states: np.ndarray) -> np.ndarray:
        """Read joint cosines and sines, and velocities.

        Args:
            states: (..., S) float64.

        Returns:
            (..., 6): 1, 1, 1, 1, rad/s, rad/s, named `describe_names`.
        """
        return np.concatenate([self._unit_circle(states), self.layout.qvel(states)], -1)

    def sample_state(self, rng: np.random.Generator) -> np.ndarray:
        """Draw any pose, uniformly, at rest.

        Args:
            rng: where all chance comes from.

        Returns:
            (S,) float64.
        """
        return self.layout.at_rest(rng.uniform(-np.pi, np.pi, 2))

    def scripted_policy(self, rng: np.random.Generator) -> Policy:
        """Make a policy of random torques: they reach every pose.

        Args:
            rng: where all chance comes from.

        Returns:
            From an observation to one simulator action (A,).
        """
        policy = RandomPolicy(self.action_space.low, self.action_space.high)
        policy.reset(rng)
        return policy

    @property
    def filters(self) -> Mapping[str, Filter]:
        """`far_pose`: both joints are turned by at least 1 rad."""
        return {"far_pose": self._far_pose}

    def _far_pose(self, start: np.ndarray, goal: np.ndarray, variation: np.ndarray) -> bool:
        return min(self.errors(start, goal).values()) >= FAR

    def _unit_circle(self, states: np.ndarray) -> np.ndarray:
        angles = self.layout.qpos(states)
        return np.concatenate([np.cos(angles), np.sin(angles)], -1)
