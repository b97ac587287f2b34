"""The one ridge regression: exact where it can be, and never fitted to what it is judged on."""

import numpy as np
import pytest

from wmpc.wm.regression import held_out_errors, r_squared, ridge, with_ones


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_ridge_finds_an_affine_map(rng):
    z = rng.normal(size=(200, 3))
    W = rng.normal(size=(4, 2))
    y = z @ W[:3] + W[3]
    assert np.allclose(ridge(z, y, 1e-12), W)
    assert np.abs(ridge(z, y, 10.0)).max() < np.abs(W).max()


def test_errors_are_those_of_a_regression_fitted_to_the_other_folds(rng):
    x, y, group = rng.normal(size=(90, 4)), rng.normal(size=(90, 2)), np.repeat(np.arange(9), 10)
    errors = held_out_errors(x, y, group, 1e-2, folds=4)
    for fold in range(4):
        here = group % 4 == fold
        weights = ridge(x[~here], y[~here], 1e-2)
        np.testing.assert_allclose(errors[here], y[here] - with_ones(x[here]) @ weights, atol=1e-12)


def test_r_squared_is_the_share_explained(rng):
    truth = np.stack([rng.normal(size=1000), np.ones(1000)], 1)
    guess = truth + np.stack([0.1 * rng.normal(size=1000), np.zeros(1000)], 1)
    r2 = r_squared(guess, truth)
    assert r2[0] == pytest.approx(0.99, abs=0.005) and np.isnan(r2[1])
