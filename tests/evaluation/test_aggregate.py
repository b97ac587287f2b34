"""The interquartile mean and its stratified bootstrap, as rliable defines them."""

import numpy as np
import pytest
from scipy.stats import trim_mean

from wmpc.errors import WmpcError
from wmpc.evaluation.statistics.aggregate import iqm, stratified_draws


def test_a_published_example():
    scores = np.array([5, 8, 4, 38, 8, 6, 9, 7, 7, 3, 1, 6.0])  # Wikipedia, "Interquartile mean"
    assert iqm(scores.reshape(4, 3)) == pytest.approx(6.5, abs=1e-12)


def test_runs_and_tasks_are_trimmed_together():
    scores = np.random.default_rng(0).random((5, 3))
    assert iqm(scores) == pytest.approx(trim_mean(scores, 0.25, axis=None), abs=1e-12)
    ordered = np.sort(scores.ravel())[3:-3]  # 15 // 4 at either end
    assert iqm(scores) == pytest.approx(ordered.mean(), abs=1e-12)


def test_draws_stay_within_their_task():
    """Tasks of one score each leave nothing to chance; runs of one task never enter another."""
    scores = np.repeat([[0.1, 0.5, 0.6, 0.9]], 3, 0)
    assert np.allclose(stratified_draws(scores, np.random.default_rng(0)), 0.55, atol=1e-12)
    assert np.ptp(stratified_draws(scores[:1], np.random.default_rng(0))) < 1e-12


def test_draws_have_the_bootstraps_moments():
    """Of two scores nothing is trimmed: the draws are means, whose variance is known."""
    scores = np.array([[0.2], [0.8], [0.5]])
    draws = stratified_draws(scores, np.random.default_rng(0), draws=40_000)
    assert draws.mean() == pytest.approx(0.5, abs=0.005)
    assert draws.var() == pytest.approx(scores.var() / 3, rel=0.03)
    assert np.array_equal(draws, stratified_draws(scores, np.random.default_rng(0), draws=40_000))


@pytest.mark.parametrize("scores", [np.ones(4), np.ones((0, 3)), np.array([[np.nan, 1.0]])])
def test_other_shapes_are_refused(scores):
    with pytest.raises(WmpcError, match="runs of every task"):
        iqm(scores)
