"""Agents that bound every rate: chance and doing nothing from below, the recording from above."""

import numpy as np

from wmpc.agents.agent import Goal, Observation
from wmpc.envs.policies import RandomPolicy


class RandomAgent:
    """The correlated noise that data are collected with, within bounds low, high (A,)."""

    def __init__(self, low: np.ndarray, high: np.ndarray, block: int = 1, seed: int = 0) -> None:
        self._policy, self._block, self._seed = RandomPolicy(low, high), block, seed

    def reset(self, goal: Goal) -> None:
        """Begin the same noise anew.

        Args:
            goal: not looked at.
        """
        self._policy.reset(np.random.default_rng(self._seed))

    def observe(self, observation: Observation, executed: np.ndarray | None) -> None:
        """Keep what is seen, for the policy.

        Args:
            observation: what is seen now.
            executed: not looked at.
        """
        self._observation = observation

    def act(self) -> np.ndarray:
        """Draw the next block of noise.

        Returns:
            (block, A).
        """
        return np.stack([self._policy(self._observation) for _ in range(self._block)])


class ZeroAgent:
    """Does nothing: what is reached by drifting on. `size` is A."""

    def __init__(self, size: int, block: int = 1) -> None:
        self._nothing = np.zeros((block, size), np.float32)

    def reset(self, goal: Goal) -> None:
        """Do nothing.

        Args:
            goal: not looked at.
        """

    def observe(self, observation: Observation, executed: np.ndarray | None) -> None:
        """Do nothing.

        Args:
            observation: not looked at.
            executed: not looked at.
        """

    def act(self) -> np.ndarray:
        """Return no action.

        Returns:
            Zeros (block, A).
        """
        return self._nothing


class ReplayAgent:
    """Repeats recorded blocks (k, n, A), then does nothing."""

    def __init__(self, blocks: np.ndarray) -> None:
        self._actions = blocks.reshape(-1, blocks.shape[-1])

    def reset(self, goal: Goal) -> None:
        """Go back to the beginning of the recording.

        Args:
            goal: not looked at.
        """
        self._done = False

    def observe(self, observation: Observation, executed: np.ndarray | None) -> None:
        """Do nothing.

        Args:
            observation: not looked at.
            executed: not looked at.
        """

    def act(self) -> np.ndarray:
        """Return the recorded actions once, then none.

        Returns:
            (k * n, A) at first, then zeros (1, A).
        """
        actions = np.zeros_like(self._actions[:1]) if self._done else self._actions
        self._done = True
        return actions
