"""Paired comparisons against SciPy, published values and exact arithmetic."""

from itertools import product
from math import comb, factorial

import numpy as np
import pytest
from scipy.stats import bootstrap

from wmpc.errors import WmpcError
from wmpc.evaluation.statistics.comparison import (
    Table,
    bootstrap_differences,
    mcnemar,
    newcombe,
    percentile_interval,
    table,
)

CULTURES = Table(20, 12, 2, 16)
"""Two media for tubercle bacilli: Armitage and Berry, Statistical Methods, 3rd ed. 1994, p. 127."""


def tables(n):
    """All 2 x 2 tables of n cases."""
    for both, a, b in product(range(n + 1), repeat=3):
        if both + a + b <= n:
            yield Table(both, a, b, n - both - a - b)


def probability(found, cells):
    """Of a table, where a case falls into the four cells with these probabilities."""
    counts = (found.both, found.only_a, found.only_b, found.neither)
    ways = factorial(found.n)
    chance = 1.0
    for count, p in zip(counts, cells, strict=True):
        ways //= factorial(count)
        chance *= p**count
    return ways * chance


def test_the_table_counts_case_by_case():
    a, b = np.array([1, 1, 1, 0, 0], bool), np.array([1, 0, 0, 1, 0], bool)
    assert table(a, b) == Table(1, 2, 1, 1) and table(a, b).difference == pytest.approx(0.2)
    with pytest.raises(WmpcError, match="one outcome a case"):
        table(a, b[:4])


@pytest.mark.parametrize(("only_a", "only_b"), [(12, 2), (2, 12), (121, 59), (7, 7), (0, 6)])
def test_mcnemar_is_the_exact_sign_test(only_a, only_b):
    m, k = only_a + only_b, min(only_a, only_b)
    exact = min(1.0, 2 * sum(comb(m, i) for i in range(k + 1)) / 2**m)
    assert mcnemar(Table(5, only_a, only_b, 5)) == pytest.approx(exact, abs=1e-12)


def test_mcnemar_agrees_with_what_was_published():
    assert mcnemar(CULTURES) == pytest.approx(0.0129, abs=5e-5)  # StatsDirect's manual
    assert mcnemar(Table(3, 0, 0, 3)) == 1.0  # nothing told the sides apart


def test_mcnemar_errs_no_more_often_than_it_says():
    cells = (0.4, 0.2, 0.2, 0.2)
    wrong = sum(probability(t, cells) for t in tables(16) if mcnemar(t) < 0.05)
    assert 0.005 < wrong <= 0.05


def test_newcombe_agrees_with_what_was_published():
    assert newcombe(CULTURES) == pytest.approx((0.056156, 0.329207), abs=1e-6)  # StatsDirect
    low, high = newcombe(CULTURES)
    swapped = Table(20, 2, 12, 16)
    assert newcombe(swapped) == pytest.approx((-high, -low), abs=1e-12)


@pytest.mark.parametrize(
    "cells", [(0.4, 0.2, 0.1, 0.3), (0.9, 0.05, 0.05, 0.0), (0.7, 0.25, 0.0, 0.05)]
)
def test_newcombe_covers_as_often_as_it_should(cells):
    d = cells[1] - cells[2]
    covered = 0.0
    for found in tables(20):
        low, high = newcombe(found)
        covered += probability(found, cells) * (low <= d <= high)
    assert 0.93 < covered <= 1


def test_newcombe_holds_at_the_edges():
    for found in tables(4):
        low, high = newcombe(found)
        assert -1 <= low <= found.difference + 1e-12 and found.difference - 1e-12 <= high <= 1
    assert newcombe(Table(100, 0, 0, 0))[0] < 0 < newcombe(Table(100, 0, 0, 0))[1]


def test_the_bootstrap_of_two_results_is_scipys():
    rng = np.random.default_rng(3)
    a, b = rng.random((2, 60)) < np.array([[0.8], [0.6]])
    draws = bootstrap_differences(a[None, None], b[None, None], np.random.default_rng(0))
    theirs = bootstrap(
        (a.astype(float) - b,), np.mean, n_resamples=10_000, method="percentile",
        rng=np.random.default_rng(0),
    )  # fmt: skip
    assert np.abs(np.sort(draws) - np.sort(theirs.bootstrap_distribution)).max() < 1e-9
    ours = percentile_interval(draws)
    assert ours == pytest.approx(tuple(theirs.confidence_interval), abs=1e-9)


def test_every_seed_that_was_varied_is_drawn_anew():
    """Without case noise, the variance of the draws is that of a mean of seeds, in closed form."""
    rates = np.array([[0.0, 1.0], [1.0, 1.0]])  # 2 trainings x 2 planner seeds, all cases alike
    a = np.repeat(rates[:, :, None], 10, 2)
    b = np.zeros((1, 1, 10))
    draws = bootstrap_differences(a, b, np.random.default_rng(0), draws=40_000)
    # Each of 2 drawn trainings: the first with probability 1/2, then a mean of 2 drawn planners.
    values, weights = [0.0, 0.5, 1.0], [0.5 * 0.25, 0.5 * 0.5, 0.5 * 0.25 + 0.5]
    mean = np.dot(values, weights)
    variance = (np.dot(np.square(values), weights) - mean**2) / 2
    assert draws.mean() == pytest.approx(mean, abs=0.01)
    assert draws.var() == pytest.approx(variance, rel=0.05)
    again = bootstrap_differences(a, b, np.random.default_rng(0), draws=40_000)
    assert np.array_equal(draws, again)


def test_what_a_shared_training_does_to_both_sides_cancels():
    a = np.repeat(np.array([0.0, 1.0, 1.0])[:, None, None], 10, 2)
    rng = np.random.default_rng
    assert not bootstrap_differences(a, a, rng(0), shared=True).any()
    assert bootstrap_differences(a, a, rng(0)).std() > 0.3
    with pytest.raises(WmpcError, match="the same ones"):
        bootstrap_differences(a, a[:2], rng(0), shared=True)
    with pytest.raises(WmpcError, match="on the same cases"):
        bootstrap_differences(a, a[:, :, :5], rng(0))


@pytest.mark.slow
def test_only_several_trainings_say_something_of_their_recipe():
    """Two equal recipes whose trainings differ by 0.8 logits: how often is 0 in the interval?"""
    covered = {}
    for trainings in (1, 3):
        rng, hits = np.random.default_rng(0), 0
        for _ in range(400):
            case = rng.normal(1.5, 1.5, 100)
            seeds = rng.normal(0, 0.8, (2, trainings, 1, 1))
            a, b = rng.random((2, trainings, 1, 100)) < 1 / (1 + np.exp(-case - seeds))
            low, high = percentile_interval(bootstrap_differences(a, b, rng, draws=1000))
            hits += low <= 0 <= high
        covered[trainings] = hits / 400
    assert covered[1] < 0.6 and covered[3] > 0.84
