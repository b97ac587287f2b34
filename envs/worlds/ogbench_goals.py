"""What OGBench's environments have in common once their goals are places."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Dict


class Places(gymnasium.Env[Any, np.ndarray], ABC):
    """An environment of OGBench as one with goals: places, reached to its own tolerance."""

    def __init__(self, env: Any, sizes: Mapping[str, int]) -> None:
        """Wrap an environment.

        Args:
            env: OGBench's, unwrapped.
            sizes: entries of `observation`, `achieved_goal` and `desired_goal`.
        """
        self._env = env
        self.model, self.data = env.model, env.data
        self.action_space = env.action_space
        self.observation_space = Dict(
            {name: Box(-np.inf, np.inf, (size,), np.float64) for name, size in sizes.items()}
        )

    def step(self, action: np.ndarray) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Do OGBench's step.

        Args:
            action: (A,).

        Returns:
            As OGBench gives them.
        """
        _, reward, terminated, truncated, info = self._env.step(action)
        return self._get_obs(), reward, terminated, truncated, info

    def close(self) -> None:
        """Free OGBench's own."""
        self._env.close()

    @abstractmethod
    def _get_obs(self) -> dict[str, np.ndarray]:
        """The observation; entries as `sizes` has them."""
