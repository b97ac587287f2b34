"""Two agents on the same cases: is one better, by how much, and how sure is that?

Outcomes are paired by case, so only cases that one side reached and the other did not tell them
apart. With several seeds a side, trainings and planner seeds were drawn as cases were, and all
three are drawn again.
"""

import math
from dataclasses import dataclass

import numpy as np

from wmpc.errors import WmpcError
from wmpc.evaluation.statistics.success import wilson

DRAWS = 10_000
"""Of a bootstrap."""


@dataclass(frozen=True)
class Table:
    """How many cases both sides reached, one of them alone, or neither."""

    both: int
    only_a: int
    only_b: int
    neither: int

    @property
    def n(self) -> int:
        return self.both + self.only_a + self.only_b + self.neither

    @property
    def difference(self) -> float:
        """Rate of A minus rate of B."""
        return (self.only_a - self.only_b) / self.n


def table(a: np.ndarray, b: np.ndarray) -> Table:
    """The 2 x 2 table of outcomes `a` and `b`, (n,) bool each, case by case.

    Args:
        a: outcomes of one side.
        b: of the other, in the same order of cases.

    Returns:
        The four counts.

    Raises:
        WmpcError: the shapes differ, or there are no cases.
    """
    a, b = np.asarray(a, bool), np.asarray(b, bool)
    if a.ndim != 1 or a.shape != b.shape or not len(a):
        raise WmpcError(
            f"Outcomes of shapes {a.shape} and {b.shape} came; a paired comparison takes one "
            "outcome a case, (n,), of both sides."
        )
    return Table(*(int(found.sum()) for found in (a & b, a & ~b, ~a & b, ~a & ~b)))


def mcnemar(counts: Table) -> float:
    """The exact two-sided p of McNemar's test (Psychometrika 12, 1947).

    Where both sides are equally good, a case that only one of them reached is as likely to be A's
    as B's: the binomial test of `only_a` in `only_a + only_b` at one half.

    Args:
        counts: of the two sides.

    Returns:
        The probability of a split at least as uneven; 1 where no case tells them apart.
    """
    from scipy.stats import binomtest  # slow to import, so where it is needed

    discordant = counts.only_a + counts.only_b
    return float(binomtest(counts.only_a, discordant).pvalue) if discordant else 1.0


def newcombe(counts: Table, confidence: float = 0.95) -> tuple[float, float]:
    """The interval of the difference of paired rates: Newcombe, Statist. Med. 17 (1998) 2635,
    method 10.

    The distances l, u from each rate p to the ends of its Wilson interval are squared and added,
    less what the pairing takes away:
    d - sqrt(l_a² - 2 φ l_a u_b + u_b²) to d + sqrt(u_a² - 2 φ u_a l_b + l_b²), with φ the
    correlation of the two outcomes, corrected for continuity where it is positive.

    Args:
        counts: of the two sides.
        confidence: that the interval holds the difference, between 0 and 1.

    Returns:
        Its ends, each from -1 to 1.
    """
    e, f, g, h = counts.both, counts.only_a, counts.only_b, counts.neither
    n, product = counts.n, e * h - f * g
    product = max(product - n / 2, 0.0) if product > 0 else product
    margins = (e + f) * (g + h) * (e + g) * (f + h)
    phi = product / math.sqrt(margins) if margins else 0.0
    a, b = (e + f) / n, (e + g) / n
    (low_a, high_a), (low_b, high_b) = (wilson(x, n, confidence) for x in (e + f, e + g))
    below = _apart(a - low_a, high_b - b, phi)
    above = _apart(high_a - a, b - low_b, phi)
    return max(-1.0, a - b - below), min(1.0, a - b + above)


def _apart(x: float, y: float, phi: float) -> float:
    return math.sqrt(max(0.0, x * x - 2 * phi * x * y + y * y))


def bootstrap_differences(
    a: np.ndarray,
    b: np.ndarray,
    rng: np.random.Generator,
    *,
    shared: bool = False,
    draws: int = DRAWS,
) -> np.ndarray:
    """Differences of the mean rates of `a` and `b`, (draws,), cases and seeds drawn anew.

    Args:
        a: outcomes (T, P, n): trainings, planner seeds of each, cases; likewise `b`. The numbers of
            seeds may differ between the sides, the cases may not.
        shared: training i is the same checkpoint on both sides, so they are drawn together.
        b: of the other side.
        rng: what draws.
        draws: how many.

    Returns:
        (draws,) float64, rates of A less rates of B.

    Raises:
        WmpcError: the shapes do not fit each other.

    The same cases are drawn for both sides; trainings, and planner seeds within each, for each
    side: the pigeonhole bootstrap (Owen, Ann. Appl. Stat. 1, 2007, 386). It is cautious where cases
    are most of the noise, and sees only (T-1)/T of the variance between trainings. Of one seed
    there is nothing to draw: the interval is that of these checkpoints, not of their recipe.
    """
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    if a.ndim != 3 or b.ndim != 3 or a.shape[2] != b.shape[2] or not a.size or not b.size:
        raise WmpcError(
            f"Outcomes of shapes {a.shape} and {b.shape} came; both are (trainings, planner "
            "seeds, cases), on the same cases."
        )
    if shared and len(a) != len(b):
        raise WmpcError(f"Shared trainings came as {len(a)} and {len(b)}; they are the same ones.")
    n = a.shape[2]
    cases = rng.integers(0, n, (draws, n))
    offsets = np.arange(draws)[:, None] * n
    counts = np.bincount((cases + offsets).ravel(), minlength=draws * n).reshape(draws, n)
    chosen = rng.integers(0, len(a), (draws, len(a))) if len(a) > 1 else None
    first = _redrawn(a, counts, chosen, rng)
    if not shared:
        chosen = rng.integers(0, len(b), (draws, len(b))) if len(b) > 1 else None
    return first - _redrawn(b, counts, chosen, rng)


def _redrawn(
    outcomes: np.ndarray, counts: np.ndarray, chosen: np.ndarray | None, rng: np.random.Generator
) -> np.ndarray:
    """Mean rates (draws,) on cases weighted by `counts` (draws, n), of trainings `chosen`."""
    trainings, planners, n = outcomes.shape
    rates = counts @ outcomes.reshape(-1, n).T / n
    rates = rates.reshape(-1, trainings, planners)
    if chosen is not None:
        rates = np.take_along_axis(rates, chosen[:, :, None], 1)
    if planners > 1:
        again = rng.integers(0, planners, rates.shape)
        rates = np.take_along_axis(rates, again, 2)
    return rates.mean((1, 2))


def percentile_interval(draws: np.ndarray, confidence: float = 0.95) -> tuple[float, float]:
    """The interval between the quantiles of `draws` that leave (1 - confidence) / 2 outside.

    Args:
        draws: (draws,) of a bootstrap.
        confidence: the share of them inside.

    Returns:
        Its ends, in the unit of the draws.
    """
    tail = (1 - confidence) / 2
    low, high = np.quantile(draws, [tail, 1 - tail])
    return float(low), float(high)
