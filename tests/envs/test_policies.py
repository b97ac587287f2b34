"""Random actions: within bounds, reaching them, and lasting as long as asked."""

import numpy as np
import pytest

from wmpc.envs.policies import RandomPolicy
from wmpc.errors import WmpcError

LOW, HIGH = np.array([-1.0, 0.0]), np.array([1.0, 4.0])


def draw(correlation, seed=0, count=20_000):
    policy = RandomPolicy(LOW, HIGH, correlation)
    policy.reset(np.random.default_rng(seed))
    return np.stack([policy({}) for _ in range(count)])


def test_actions_fill_the_bounds():
    actions = (draw(8.0) - LOW) / (HIGH - LOW)
    assert actions.min() == 0 and actions.max() == 1
    for column in actions.T:
        counts = np.histogram(column, 10, (0, 1))[0] / len(column)
        assert counts.min() > 0.05 and 0.1 < np.mean(column == 1) < 0.25


@pytest.mark.parametrize("correlation", [0.0, 3.0, 10.0])
def test_correlation_is_the_time_constant(correlation):
    actions = draw(correlation)
    lagged = np.corrcoef(actions[:-4, 0], actions[4:, 0])[0, 1]
    expected = np.exp(-4 / correlation) if correlation else 0.0
    assert lagged == pytest.approx(expected, abs=0.08)


def test_same_seed_same_actions():
    assert np.array_equal(draw(8.0, 1, 10), draw(8.0, 1, 10))
    assert not np.array_equal(draw(8.0, 1, 10), draw(8.0, 2, 10))


def test_a_senseless_correlation_is_refused():
    for correlation in (-1.0, np.inf, np.nan):
        with pytest.raises(WmpcError, match="correlation"):
            RandomPolicy(LOW, HIGH, correlation)


def test_random_actions_need_finite_bounds():
    for low, high in ((-np.inf, np.inf), (-1.0, np.inf), (np.nan, 1.0)):
        with pytest.raises(WmpcError, match="finite bounds"):
            RandomPolicy(np.array([low]), np.array([high]))
