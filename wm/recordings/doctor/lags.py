"""Which shift in time of one column explains another best, judged on episodes not fitted to?"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

SHIFTS = range(-3, 4)
REACH, ZERO = SHIFTS[-1], SHIFTS.index(0)
ROWS = 20_000
"""Steps that are compared, about; of more, evenly spread episodes."""
LEAST = 200
"""Steps, below which nothing is said."""
DRAWS = 400
"""Of a bootstrap."""


def choose_episodes(steps: Sequence[int]) -> list[int]:
    """Choose the episodes in which shifts are compared.

    Args:
        steps: of each episode.

    Returns:
        Their indices, of long ones only; none where there is too little to say anything.
    """
    long = [i for i, n in enumerate(steps) if n >= 2 * REACH + 2]
    rows = sum(steps[i] - 2 * REACH for i in long)
    return long[:: max(1, rows // ROWS)] if len(long) >= 8 and rows >= LEAST else []


def shift_each(series: Sequence[np.ndarray], times: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Take the rows of several episodes at each of `SHIFTS`.

    Args:
        series: an array (T, D) an episode.
        times: the rows t (n,) of each that are looked at with a shift of 0.

    Returns:
        An array (N, D) a shift: row t + shift for each t of all episodes.
    """
    pairs = [*zip(series, times, strict=True)]
    return [np.concatenate([x[t + k] for x, t in pairs]) for k in SHIFTS]


@dataclass(frozen=True)
class Explained:
    """How well each of S shifts explains what happened in G episodes."""

    errors: np.ndarray
    """(G, S), the squared error of each episode."""
    spread: np.ndarray
    """(G, S) or, where it is that of all shifts, (G, 1): its squared spread."""

    @property
    def r2(self) -> np.ndarray:
        """R² by shift, (S,)."""
        return 1 - self.errors.sum(0) / self.spread.sum(0)

    @property
    def best(self) -> int:
        """The index of the largest R²."""
        return int(np.argmax(self.r2))

    @cached_property
    def draws(self) -> np.ndarray:
        """R² (DRAWS, S) of episodes drawn with replacement."""
        groups = len(self.errors)
        weights = np.random.default_rng(0).multinomial(groups, np.full(groups, 1 / groups), DRAWS)
        return 1 - (weights @ self.errors) / np.maximum(weights @ self.spread, 1e-12)

    @property
    def surely_worse(self) -> np.ndarray:
        """(S,), by how much each is almost surely worse than the best one; 0 or less: it may not
        be."""
        return np.quantile(self.draws[:, [self.best]] - self.draws, 0.002, axis=0)

    def evidence(self) -> dict[str, Any]:
        """Describe it for a chart.

        Returns:
            `shifts`, and for each `r2` with its 95% interval from `low` to `high`.
        """
        low, high = np.quantile(self.draws, [0.025, 0.975], axis=0).tolist()
        return {"shifts": list(SHIFTS), "r2": self.r2.tolist(), "low": low, "high": high}
