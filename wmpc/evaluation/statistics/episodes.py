"""Intervals of what was measured many times in few episodes: whole episodes are drawn again.

Windows of an episode resemble each other, so they are no independent evidence; episodes are.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from scipy.special import stdtrit

DRAWS = 2000
"""Of a bootstrap."""


@dataclass(frozen=True)
class Estimate:
    """A number and how sure it is."""

    value: float
    interval: tuple[float, float] | None
    """Of 95%, over episodes; None of a single episode, which says nothing of others."""
    n: int
    """Windows, clips or decisions that it is of."""
    episodes: int


class Resampled:
    """The episodes of n items, drawn again: the bootstrap of clusters (Davison and Hinkley,
    Bootstrap Methods, 1997, 3.8). The same draws serve every number, so that differences are
    paired.

    Args:
        episode: (n,) int, which episode each item is of.
        draws: of the bootstrap.
        seed: of the draws.
    """

    def __init__(self, episode: np.ndarray, draws: int = DRAWS, seed: int = 0) -> None:
        names, self.place = np.unique(np.asarray(episode), return_inverse=True)
        self.n, self.episodes = len(self.place), len(names)
        share = np.full(self.episodes, 1 / self.episodes)
        again = np.random.default_rng(seed).multinomial(self.episodes, share, size=draws)
        self._weights = np.concatenate([np.ones((1, self.episodes)), again])
        """(1 + draws, E), how often each episode counts; first the episodes as they are."""

    def means(self, values: np.ndarray, over: np.ndarray | None = None) -> np.ndarray:
        """Compute the mean of values, or the ratio of two sums, in every draw.

        Args:
            values: (n, ...).
            over: what the values' sum is divided by the sum of, of the same shape; None: ones.

        Returns:
            (1 + draws, ...) float64, first that of the episodes as they are.
        """
        values = np.asarray(values, np.float64)
        over = np.ones_like(values) if over is None else np.asarray(over, np.float64)
        sums = [np.tensordot(self._weights, self._by_episode(x), 1) for x in (values, over)]
        with np.errstate(divide="ignore", invalid="ignore"):
            return sums[0] / sums[1]

    def auroc(self, changed: np.ndarray, whole: np.ndarray) -> np.ndarray:
        """Compute in every draw the chance that a changed clip scores above a whole one, ties
        counted half (see `wmpc.wm.diagnostics.surprise.auroc`).

        Args:
            changed: (n,), the score of each item's changed clip.
            whole: (n,), that of the same clip left whole.

        Returns:
            (1 + draws,) float64, first that of the episodes as they are.
        """
        ahead = np.sign(changed[:, None] - whole[None]) / 2 + 0.5
        pairs = self._by_episode(self._by_episode(ahead).T)  # (E whole, E changed)
        counts = self._weights @ self._by_episode(np.ones(self.n))
        return np.einsum("de,ef,df->d", self._weights, pairs, self._weights) / counts**2

    def estimate(
        self, draws: np.ndarray, transform: Callable[[np.ndarray], np.ndarray] | None = None
    ) -> Estimate:
        """Make a number and its interval of what every draw gave.

        Args:
            draws: (1 + draws,), as the methods above give them.
            transform: what is done to each, such as `np.sqrt`; None: nothing.

        Returns:
            The number and its interval.
        """
        found = draws if transform is None else transform(draws)
        interval = None if self.episodes < 2 else expanded_interval(found[1:], self.episodes)
        return Estimate(float(found[0]), interval, self.n, self.episodes)

    def _by_episode(self, values: np.ndarray) -> np.ndarray:
        """Sums (E, ...) of values (n, ...)."""
        sums = np.zeros((self.episodes, *values.shape[1:]))
        np.add.at(sums, self.place, values)
        return sums


def expanded_interval(
    draws: np.ndarray, clusters: int, confidence: float = 0.95
) -> tuple[float, float]:
    """Compute the expanded percentile interval of a bootstrap of few clusters.

    The plain one is too narrow for few of them, as is a normal interval beside Student's. So the
    quantiles are taken at Φ(± sqrt(E / (E - 1)) t), with t Student's quantile of E - 1 degrees of
    freedom (Hesterberg, The American Statistician 69, 2015, 371, section 3.3).

    Args:
        draws: (draws,); NaN, of a ratio to nothing, does not count.
        clusters: E, at least 2.
        confidence: that the interval holds the number.

    Returns:
        Its ends.
    """
    wide = math.sqrt(clusters / (clusters - 1)) * stdtrit(clusters - 1, (1 + confidence) / 2)
    tail = NormalDist().cdf(-float(wide))
    low, high = np.nanquantile(draws, [tail, 1 - tail])
    return float(low), float(high)
