"""Things beside the arm: where they are said to lie, in the way of nothing, and never moved."""

import numpy as np
import pytest

from wmpc import envs

ARM, CLUTTERED = "wmpc/Reacher-v0", "wmpc/ClutteredReacher-v0"


@pytest.fixture
def tasks():
    made = [envs.make(id) for id in (ARM, CLUTTERED)]
    yield made
    for task in made:
        task.close()


def test_the_arm_moves_as_it_does_without_them(tasks):
    actions, start = np.random.default_rng(0).uniform(-1, 1, (40, 2)), np.array([0.3, -1.2])
    ends = []
    for task in tasks:
        task.reset(seed=3, options={"state": task.layout.at_rest(start)})
        for action in actions:
            task.advance(action)
        ends.append(task.layout.qpos(task.get_state()))
    assert np.array_equal(*ends) and np.abs(ends[0] - start).max() > 0.2


def test_they_lie_where_the_variation_says_and_stay(tasks):
    task = tasks[1]
    task.reset(seed=0)
    first = task.variation.copy()
    for _ in range(20):
        task.advance(np.ones(2))
        assert np.array_equal(task.variation, first)
    for i in range(3):
        x, y, angle = first[3 * i : 3 * i + 3]
        assert np.hypot(x, y) < 0.95 and abs(angle) <= np.pi / 2
        geom = task.data.geom(f"clutter{i}")
        assert geom.xpos[:2] == pytest.approx((x, y))
        along = geom.xmat.reshape(3, 3)[:, 2]  # of a capsule, its axis
        assert abs(along @ (np.cos(angle), np.sin(angle), 0)) == pytest.approx(1)
        assert geom.xpos[2] < task.data.geom("upper").xpos[2]
    task.reset(seed=1)
    assert np.abs(task.variation - first).min() > 1e-6
