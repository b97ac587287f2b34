"""Agents that bound every rate: chance and doing nothing from below, the recording from above."""

import numpy as np

from wmpc.agents.agent import Goal, Observation
from wmpc.envs.policies import RandomPolicy


class RandomAgent:
    """The correlated noise that data are collected with, within bounds low, high (A,)."""

    def __init__(self, low: np.ndarray, high: np.ndarray, block: int = 1, seed: int = 0) -> None:
        self._policy, self._block, self._seed = RandomPolicy(low, high), block, seed

    def reset(self, goal: Goal) -> None:
        """Begin the same noise anew."""
        self._policy.reset(np.random.default_rng(self._seed))

    def observe(self, observation: Observation, executed: np.ndarray | None) -> None:
        """Look away."""
        self._observation = observation

    def act(self) -> np.ndarray:
        """(block, A)"""
        return np.stack([self._policy(self._observation) for _ in range(self._block)])


class ZeroAgent:
    """Does nothing: what is reached by drifting on. `size` is A."""

    def __init__(self, size: int, block: int = 1) -> None:
        self._nothing = np.zeros((block, size), np.float32)

    def reset(self, goal: Goal) -> None:
        """Nothing to forget."""

    def observe(self, observation: Observation, executed: np.ndarray | None) -> None:
        """Look away."""

    def act(self) -> np.ndarray:
        """(block, A)"""
        return self._nothing


class ReplayAgent:
    """Repeats recorded blocks (k, n, A), then does nothing."""

    def __init__(self, blocks: np.ndarray) -> None:
        self._actions = blocks.reshape(-1, blocks.shape[-1])

    def reset(self, goal: Goal) -> None:
        """To the beginning."""
        self._done = False

    def observe(self, observation: Observation, executed: np.ndarray | None) -> None:
        """Look away."""

    def act(self) -> np.ndarray:
        """(k * n, A) at first, then (1, A)"""
        actions = np.zeros_like(self._actions[:1]) if self._done else self._actions
        self._done = True
        return actions
