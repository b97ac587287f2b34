"""How many cases a claimed difference needs, before it is claimed.

Power is the probability that a test finds a difference that is there. All tests are two-sided.
"""

import math
from statistics import NormalDist

import numpy as np

from wmpc.errors import WmpcError

MOST = 1_000_000
"""Cases that are still counted."""


def mcnemar_power(n: int, only_a: float, only_b: float, level: float = 0.05) -> float:
    """The exact power of McNemar's exact test with `n` cases.

    A case is reached by A alone with probability `only_a`, by B alone with `only_b`. Given m such
    cases, A's are binomial: the power is the sum over m of P(m) P(p <= level | m).

    Args:
        n: cases.
        only_a: probability of a case that A alone reaches.
        only_b: of one that B alone reaches.
        level: of the test.

    Returns:
        The probability, 0 to 1, that p is at most the level.

    Raises:
        WmpcError: a probability lies outside 0 to 1.
    """
    from scipy.stats import binom  # slow to import, so where it is needed

    _check(only_a, only_b, level)
    discordant = only_a + only_b
    if discordant == 0:
        return 0.0
    m = np.arange(n + 1)
    # The largest k with 2 P(X <= k | 1/2) <= level; -1 where even k = 0 is no evidence.
    k = binom.ppf(level / 2, m, 0.5)
    k = np.where(binom.cdf(k, m, 0.5) <= level / 2, k, k - 1)
    share = only_a / discordant
    found = binom.cdf(k, m, share) + binom.cdf(k, m, 1 - share)  # P(X <= k) + P(X >= m - k)
    return float(binom.pmf(m, n, discordant) @ np.where(k < 0, 0.0, np.minimum(found, 1.0)))


def paired_cases(
    only_a: float, only_b: float, *, power: float = 0.8, level: float = 0.05
) -> int | None:
    """Cases on which both sides must be run for McNemar's exact test to have that power.

    Begins at Connor's formula (Biometrics 43, 1987, 207), for the test without its exactness,
    n = (z_{level/2} sqrt(ψ) + z_power sqrt(ψ - d²))² / d² with ψ = only_a + only_b and
    d = only_a - only_b, and goes up by 1% until the exact power suffices. None where d is zero, or
    so small that a million cases would not do.

    Args:
        only_a: probability of a case that A alone reaches.
        only_b: of one that B alone reaches.
        power: the probability of finding the difference.
        level: of the test.

    Returns:
        The number of cases, or None.

    Raises:
        WmpcError: a probability lies outside 0 to 1.
    """
    n = connor(only_a, only_b, power=power, level=level)
    if n is None:
        return None
    while n <= MOST:
        if mcnemar_power(n, only_a, only_b, level) >= power:
            return n
        n += max(1, n // 100)
    return None


def connor(only_a: float, only_b: float, *, power: float = 0.8, level: float = 0.05) -> int | None:
    """Connor's number of cases, see `paired_cases`.

    Args:
        only_a: probability of a case that A alone reaches.
        only_b: of one that B alone reaches.
        power: the probability of finding the difference.
        level: of the test.

    Returns:
        The number of cases; None where there is no difference.

    Raises:
        WmpcError: a probability lies outside 0 to 1.
    """
    _check(only_a, only_b, level, power)
    total, d = only_a + only_b, only_a - only_b
    if abs(d) < 1e-12:
        return None
    spread = math.sqrt(max(0.0, total - d * d))
    return math.ceil((_z(1 - level / 2) * math.sqrt(total) + _z(power) * spread) ** 2 / d**2)


def unpaired_cases(a: float, b: float, *, power: float = 0.8, level: float = 0.05) -> int | None:
    """Cases for each side where the sides run on different ones, at success rates `a` and `b`.

    n = (z_{level/2} sqrt(2 m (1-m)) + z_power sqrt(a(1-a) + b(1-b)))² / (a-b)², m = (a+b)/2
    (Fleiss, Levin and Paik, Statistical Methods for Rates and Proportions, 3rd ed. 2003, ch. 4,
    without the continuity correction). None where the rates are equal.

    Args:
        a: rate of one side.
        b: rate of the other.
        power: the probability of finding the difference.
        level: of the test.

    Returns:
        The number of cases a side, or None.

    Raises:
        WmpcError: a rate or a probability lies outside 0 to 1.
    """
    if not (0 <= a <= 1 and 0 <= b <= 1):
        raise WmpcError(f"Rates of {a} and {b} came; they lie between 0 and 1.")
    _check(0, 0, level, power)
    if abs(a - b) < 1e-12:
        return None
    m = (a + b) / 2
    own = math.sqrt(a * (1 - a) + b * (1 - b))
    return math.ceil((_z(1 - level / 2) * math.sqrt(2 * m * (1 - m)) + _z(power) * own) ** 2
                     / (a - b) ** 2)  # fmt: skip


def cases_beside_seeds(
    difference: float,
    by_case: float,
    by_seeds: float,
    *,
    power: float = 0.8,
    level: float = 0.05,
) -> int | None:
    """Cases that suffice beside the seeds that were tried, or None where no number does.

    (z_{level/2} + z_power)² (by_case / n + by_seeds) <= difference², with `by_case` the variance of
    one case's difference and `by_seeds` the variance of the mean difference that the seeds leave,
    however many cases there are.

    Args:
        difference: of the rates, to be found.
        by_case: variance of one case's difference.
        by_seeds: variance of the mean difference over the seeds that were tried.
        power: the probability of finding the difference.
        level: of the test.

    Returns:
        The number of cases, or None.

    Raises:
        WmpcError: a probability lies outside 0 to 1.
    """
    _check(0, 0, level, power)
    left = (difference / (_z(1 - level / 2) + _z(power))) ** 2 - by_seeds
    return max(1, math.ceil(by_case / left)) if left > 0 else None


def detectable(n: int, discordant: float, *, power: float = 0.8, level: float = 0.05) -> float:
    """The smallest difference, in whole points, that McNemar's exact test finds with that power.

    `discordant` is the share of cases that one side alone reaches; where the difference is larger,
    that much. 1.0 where no difference would be found.

    Args:
        n: cases.
        discordant: the share of them that one side alone reaches.
        power: the probability of finding the difference.
        level: of the test.

    Returns:
        The difference of the rates, 0.01 to 1.

    Raises:
        WmpcError: a probability lies outside 0 to 1.
    """
    for points in range(1, 100):
        d = points / 100
        share = max(discordant, d)
        if mcnemar_power(n, (share + d) / 2, (share - d) / 2, level) >= power:
            return d
    return 1.0


def _z(probability: float) -> float:
    return NormalDist().inv_cdf(probability)


def _check(only_a: float, only_b: float, level: float, power: float = 0.8) -> None:
    if min(only_a, only_b) < 0 or only_a + only_b > 1:
        raise WmpcError(
            f"Probabilities of {only_a} and {only_b} came, that A alone and that B alone reaches a "
            "case; they are not negative and at most 1 together."
        )
    if not (0 < level < 1 and 0 < power < 1):
        raise WmpcError(f"A level of {level} and a power of {power} came; both lie in (0, 1).")
