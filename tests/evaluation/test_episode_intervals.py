"""Intervals over episodes: they cover, and windows of an episode are no more evidence than it."""

from statistics import NormalDist

import numpy as np
import pytest
from scipy.stats import t

from wmpc.evaluation.statistics.episodes import Resampled, expanded_interval
from wmpc.wm.diagnostics.surprise import auroc


def clustered(rng, episodes, windows=20):
    """Values whose truth is 0, nearly all of whose spread is between episodes."""
    own = rng.normal(size=episodes)
    values = own[:, None] + 0.2 * rng.normal(size=(episodes, windows))
    return values.ravel(), np.repeat(np.arange(episodes), windows)


def coverage(episodes, as_windows=False, trials=300):
    rng, inside = np.random.default_rng(0), 0
    for trial in range(trials):
        values, episode = clustered(rng, episodes)
        if as_windows:
            episode = np.arange(len(values))
        drawn = Resampled(episode, draws=500, seed=trial)
        low, high = drawn.estimate(drawn.means(values)).interval
        inside += low <= 0 <= high
    return inside / trials


@pytest.mark.parametrize("episodes", [6, 20])
def test_an_interval_covers_the_truth(episodes):
    assert coverage(episodes) >= 0.9


def test_windows_taken_for_independent_would_not():
    assert coverage(20, as_windows=True, trials=60) < 0.6


def test_few_episodes_have_wider_intervals_than_plain_percentiles():
    draws = np.random.default_rng(0).normal(size=20_000)
    wide, plain = expanded_interval(draws, 4), np.quantile(draws, [0.025, 0.975])
    assert wide[0] < plain[0] and wide[1] > plain[1]
    assert expanded_interval(draws, 10_000) == pytest.approx(tuple(plain), abs=0.05)


def test_means_ratios_and_aurocs_are_those_of_the_items():
    rng = np.random.default_rng(1)
    episode = rng.integers(0, 7, 60)
    a, b = rng.normal(size=(2, 60, 3))
    drawn = Resampled(episode, draws=4, seed=0)
    assert drawn.means(a)[0] == pytest.approx(a.mean(0))
    assert drawn.means(a, b)[0] == pytest.approx(a.sum(0) / b.sum(0))
    found = drawn.auroc(a[:, 0], np.round(b[:, 0]))
    assert found[0] == pytest.approx(auroc(a[:, 0], np.round(b[:, 0])))
    weights = np.random.default_rng(0).multinomial(7, np.full(7, 1 / 7), size=4)
    again = np.repeat(np.arange(60), weights[2][episode])  # the items of a draw, written out
    assert drawn.means(a)[3] == pytest.approx(a[again].mean(0))
    assert found[3] == pytest.approx(auroc(a[again, 0], np.round(b[again, 0])))


def test_one_episode_says_nothing_of_others():
    drawn = Resampled(np.zeros(9, int))
    estimate = drawn.estimate(drawn.means(np.arange(9.0)))
    assert estimate.interval is None and (estimate.value, estimate.n, estimate.episodes) == (
        4,
        9,
        1,
    )


def test_a_draw_in_which_nothing_varies_does_not_count():
    drawn = Resampled(np.repeat([0, 1, 2], 4), seed=0)
    varies = np.repeat([0.0, 0.0, 2.0], 4)
    assert drawn.estimate(drawn.means(varies, varies)).interval == (1, 1)


@pytest.mark.parametrize("clusters", [5, 30])
def test_few_clusters_widen_a_normal_bootstrap_to_students_interval(clusters):
    """Of normal draws with the bootstrap's deviation, sqrt((E - 1) / E) of the true one."""
    normal = NormalDist(0, np.sqrt((clusters - 1) / clusters))
    draws = np.array([normal.inv_cdf(p) for p in (np.arange(200_000) + 0.5) / 200_000])
    wide = t.ppf(0.975, clusters - 1)
    assert expanded_interval(draws, clusters) == pytest.approx((-wide, wide), rel=0.02)
