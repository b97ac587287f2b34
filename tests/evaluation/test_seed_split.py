"""The split of the variance, where what was put in is known."""

import numpy as np
import pytest

from wmpc.errors import WmpcError
from wmpc.evaluation.statistics.seeds import split


def test_a_table_worked_by_hand():
    x = np.array([[[1, 1, 1, 0], [1, 0, 1, 0]], [[1, 0, 0, 0], [0, 0, 0, 0]]])
    found = split(x)
    # Planner: var(r) is 1/32 in both trainings; residuals are +-1/8 in three cases and 3/8 in one
    # of each row, so MS = 2 (3/64 + 9/64) / 3 = 1/8 and MS / n = 1/32: nothing is left.
    assert found.planner == pytest.approx(0, abs=1e-12)
    # Training: r_t. = 5/8 and 1/8, var = 1/8. Case means of the trainings are (1, .5, 1, 0) and
    # (.5, 0, 0, 0); half their differences .25, .25, .5, 0 less .25: MS = 2 (1/16 + 1/16) / 3.
    assert found.training == pytest.approx(1 / 8 - (1 / 12) / 4, abs=1e-12)
    assert found.cases == pytest.approx(0.375 * 0.625 / 4) and found.rate == 0.375


@pytest.mark.parametrize("planners", [1, 4])
def test_what_was_put_in_comes_out(planners):
    rng, found = np.random.default_rng(0), []
    for _ in range(300):
        x = rng.normal(0, 0.3, (6, 1, 1)) + rng.normal(0, 0.2, (6, planners, 1))
        x = x + rng.normal(0, 1, (1, 1, 40)) + rng.normal(0, 0.5, (6, 1, 40))
        found.append(split(x + rng.normal(0, 0.5, (6, planners, 40))))
    training = np.mean([s.training for s in found])
    if planners == 1:
        assert training == pytest.approx(0.09 + 0.04, rel=0.06)
        assert all(s.planner is None for s in found)
    else:
        assert training == pytest.approx(0.09, rel=0.08)
        assert np.mean([s.planner for s in found]) == pytest.approx(0.04, rel=0.08)


def test_chance_alone_is_not_taken_for_seeds():
    """Same chances everywhere: half of the estimates are below zero, set to it and named."""
    rng = np.random.default_rng(0)
    chances = rng.random(100)
    found = [split(rng.random((3, 3, 100)) < chances) for _ in range(200)]
    clipped = np.mean(["training" in s.clipped for s in found])
    assert 0.35 < clipped < 0.75
    assert all(s.training == 0 for s in found if "training" in s.clipped)
    assert np.median([s.training for s in found]) < 0.2 * found[0].cases


def test_one_training_tells_of_planner_seeds_only():
    x = np.random.default_rng(0).random((1, 5, 30)) < 0.5
    found = split(x)
    assert found.training is None and found.planner is not None
    assert found.total == pytest.approx(found.planner + found.cases)


@pytest.mark.parametrize("shape", [(1, 1, 10), (3, 2, 1), (3, 10)])
def test_too_little_is_refused(shape):
    with pytest.raises(WmpcError, match="at least two results"):
        split(np.ones(shape))
