"""Policies that collect data: from an observation to one simulator action."""

from typing import Protocol

import numpy as np

from wmpc.envs.observation import Observation
from wmpc.errors import WmpcError


class Policy(Protocol):
    """Gives one action (A,) per simulator action, in the environment's units."""

    def reset(self, rng: np.random.Generator) -> None:
        """Begin an episode.

        Args:
            rng: where all chance of the episode comes from.
        """
        ...

    def __call__(self, observation: Observation) -> np.ndarray:
        """The next action (A,)."""
        ...


class RandomPolicy:
    """Noise that lasts: an autoregressive Gaussian, clipped to the bounds low, high (A,).

    `correlation` is its time constant in simulator actions. Before clipping its standard deviation
    is half the range, so a third of the actions lie on a bound and the rest fill the inside.
    """

    def __init__(self, low: np.ndarray, high: np.ndarray, correlation: float = 8.0) -> None:
        self._low, self._high = np.asarray(low, np.float64), np.asarray(high, np.float64)
        if not 0 <= correlation < np.inf:
            raise WmpcError(
                f"A correlation of {correlation} actions; give 0 (white noise) or more."
            )
        if not np.all(np.isfinite([self._low, self._high])):
            raise WmpcError(
                f"The actions are bounded by {self._low.tolist()} and {self._high.tolist()}; "
                "random actions need finite bounds: give the environment a Box that has them."
            )
        self._keep = np.exp(-1.0 / correlation) if correlation > 0 else 0.0
        self.reset(np.random.default_rng(0))

    def reset(self, rng: np.random.Generator) -> None:
        """Begin an episode with a fresh draw.

        Args:
            rng: where all chance of the episode comes from.
        """
        self._rng = rng
        self._noise = rng.standard_normal(self._low.shape)

    def __call__(self, observation: Observation) -> np.ndarray:
        """The next action (A,) float32; the observation is not looked at."""
        fresh = self._rng.standard_normal(self._low.shape)
        self._noise = self._keep * self._noise + np.sqrt(1 - self._keep**2) * fresh
        middle, half = (self._high + self._low) / 2, (self._high - self._low) / 2
        return np.clip(middle + half * self._noise, self._low, self._high).astype(np.float32)
