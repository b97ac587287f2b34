"""Two blocks: both poses are the goal, and the script moves either."""

import numpy as np
import pytest

from wmpc import envs


@pytest.fixture(scope="module")
def task():
    made = envs.make("wmpc/PushTwo-v0")
    yield made
    made.close()


def state(task, disc=(0.8, 0.8), red=(-0.3, 0.0, 0.0), green=(0.3, 0.0, 0.0)):
    return task.layout.at_rest(np.array([*disc, *red, *green]))


@pytest.mark.parametrize(
    ("moved", "error"),
    [
        ({"disc": (0.8, 0.69)}, ("position_m", 0.11)),
        ({"red": (-0.3, 0.11, 0.0)}, ("position_m", 0.11)),
        ({"green": (0.3, 0.11, 0.0)}, ("position_m", 0.11)),
        ({"red": (-0.3, 0.0, 0.4)}, ("angle_rad", 0.4)),
        ({"green": (0.3, 0.0, 2 * np.pi - 0.4)}, ("angle_rad", 0.4)),
    ],
)
def test_each_of_them_must_be_where_it_should(task, moved, error):
    goal = state(task)
    assert task.success(goal, goal)
    name, size = error
    assert task.errors(state(task, **moved), goal)[name] == pytest.approx(size)
    assert not task.success(state(task, **moved), goal)


def test_small_errors_add_up(task):
    near = state(task, disc=(0.8, 0.74), red=(-0.3, 0.06, 0.0), green=(0.3, 0.06, 0.0))
    assert task.errors(near, state(task))["position_m"] == pytest.approx(0.06 * np.sqrt(3))


def test_a_block_that_moves_and_two_that_do(task):
    one, both = task.filters["block_moved"], task.filters["both_moved"]
    start, none = state(task), np.zeros(0)
    red = state(task, red=(-0.3, 0.25, 0.0))
    two = state(task, red=(-0.3, 0.25, 0.0), green=(0.3, 0.0, 0.8))
    disc = state(task, disc=(-0.8, 0.8))
    assert [one(start, goal, none) for goal in (disc, red, two)] == [False, True, True]
    assert [both(start, goal, none) for goal in (disc, red, two)] == [False, False, True]


def test_sampled_states_are_apart(task):
    rng = np.random.default_rng(0)
    for _ in range(50):
        task.reset(options={"state": task.sample_state(rng)})
        task.advance(np.zeros(2))
        assert task.data.ncon == 0 and task.in_bounds(task.get_state())


def test_the_script_moves_both_and_nothing_passes_through(task):
    moved, deepest = np.zeros(2), 0.0
    for seed in range(8):
        task.reset(seed=seed)
        policy = task.scripted_policy(np.random.default_rng(seed))
        start = task.get_state()
        for _ in range(300):
            task.advance(policy({"state": task.get_state()}))
            deepest = min([deepest, *(contact.dist for contact in task.data.contact)])
        moved += task.moved(start, task.get_state())
        assert task.in_bounds(task.get_state())
    assert (moved >= 5).all()
    assert deepest > -0.03


@pytest.mark.parametrize("env", ["wmpc/PushT-v0", "wmpc/PushTwo-v0"])
def test_a_tolerance_is_the_unit_of_coordinates_and_two_of_them_a_move(env):
    task = envs.make(env)
    here = np.array([0.8, 0.8, *np.tile([-0.3, 0.0, 0.0], (task.model.nq - 2) // 3)])
    units = {2: task.tolerances["position_m"], 4: task.tolerances["angle_rad"]}
    for index, unit in units.items():
        for times in (1.0, 1.9, 2.1):
            there = here.copy()
            there[index] += times * unit
            start, goal = task.layout.at_rest(here), task.layout.at_rest(there)
            off = np.linalg.norm(task.coordinates(goal) - task.coordinates(start))
            assert off == pytest.approx(times, rel=0.1)
            assert task.filters["block_moved"](start, goal, None) == (times > 2)
    task.close()
