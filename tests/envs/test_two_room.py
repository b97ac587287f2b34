"""The room: a narrow door, far corners far apart, nothing sticks, random walls are real."""

import numpy as np
import pytest

from wmpc import envs
from wmpc.envs.tasks.two_room.task import DOOR, RADIUS, REACH, SIDE, WALL


@pytest.fixture(scope="module")
def task():
    return envs.make("wmpc/TwoRoom-v0")


@pytest.fixture(scope="module")
def varied():
    return envs.make("wmpc/TwoRoom-v0", variation="random")


def drive(task, start, action, count):
    task.reset(options={"state": task.layout.at_rest(np.array(start))})
    for _ in range(count):
        task.advance(np.array(action))
    return task.describe(task.get_state())


def test_the_door_is_narrow():
    assert 2 * DOOR <= 0.2 * SIDE


def test_far_corners_are_eight_blocks_apart(task):
    """A bound for any policy: x alone, pushed fully in an empty room, needs that long to arrive
    within the tolerance of the opposite corner."""
    tolerance = task.tolerances["distance_m"]
    task.reset(options={"state": task.layout.at_rest(np.array([-REACH, 0.0]))})
    actions = 0
    while task.describe(task.get_state())[0] < REACH - tolerance:
        task.advance(np.array([1.0, 0.0]))  # at door height, so nothing is in the way
        actions += 1
    assert actions >= 8 * 5, actions


def test_the_wall_holds_and_the_door_opens(task):
    blocked = drive(task, (-0.5, 0.5), (1, 0), 100)
    assert blocked[0] == pytest.approx(-WALL - RADIUS, abs=0.02)
    assert drive(task, (-0.5, 0.0), (1, 0), 100)[0] == pytest.approx(REACH, abs=0.03)


def test_nothing_sticks_to_the_wall(task):
    sliding = drive(task, (-0.2, 0.5), (1, 0.3), 50)
    free = drive(task, (-0.8, 0.5), (0, 0.3), 50)
    assert sliding[1] == pytest.approx(free[1], abs=0.01)


def test_random_walls_are_where_the_variation_says(varied):
    seen = []
    for seed in range(8):
        varied.reset(seed=seed)
        wall_x, door_y = variation = varied.variation.copy()
        seen.append(variation)
        blocked = drive(varied, (wall_x - 0.2, door_y + DOOR + 0.05), (1, 0), 60)
        assert blocked[0] == pytest.approx(wall_x - WALL - RADIUS, abs=0.02)
        assert drive(varied, (wall_x - 0.2, door_y), (1, 0), 60)[0] > wall_x + 0.2
        state = varied.get_state()
        varied.reset(seed=99)
        varied.set_state(state, variation)
        picture = varied.render()
        column = round((wall_x + 1) / SIDE * 64 - 0.5)
        assert (picture[[0, -1], column] < 100).all() and (picture[0, [4, -5]] > 150).all()
    assert np.ptp(seen, axis=0).min() > 0.3


def test_sampled_states_are_outside_the_wall(varied):
    rng = np.random.default_rng(0)
    for seed in range(5):
        varied.reset(seed=seed)
        wall_x, _ = varied.place(varied.variation)
        states = np.stack([varied.sample_state(rng) for _ in range(100)])
        x = varied.describe(states)[:, 0]
        assert (x > wall_x).any() and (x < wall_x).any()
        for state in states[:20]:
            varied.set_state(state)
            varied.reset(options={"state": state})
            varied.advance(np.zeros(2))
            assert varied.data.ncon == 0


@pytest.mark.parametrize("kind", ["task", "varied"])
def test_scripted_policy_visits_both_rooms_and_the_door(kind, request):
    task = request.getfixturevalue(kind)
    sides, in_door, crossings = [], 0, 0
    for seed in range(20):
        observation, _ = task.reset(seed=seed)
        policy = task.scripted_policy(np.random.default_rng(seed))
        offsets = []
        for _ in range(150):
            task.advance(policy({**observation, "state": task.get_state()}))
            x, y = task.describe(task.get_state())[:2]
            wall_x, door_y = task.place(task.variation)
            offsets.append(x - wall_x)
            in_door += abs(x - wall_x) < WALL + RADIUS and abs(y - door_y) < DOOR
        sides.append(np.mean(np.array(offsets) > 0))
        crossings += np.count_nonzero(np.diff(np.sign(offsets)))
    assert 0.3 < np.mean(sides) < 0.7
    assert crossings >= 20 and in_door >= 100


def test_other_room_is_the_other_room(varied):
    keep = varied.filters["other_room"]
    left, right = (varied.layout.at_rest(np.array([x, 0.0])) for x in (0.1, 0.3))
    assert keep(left, right, np.array([0.2, 0.0])) and not keep(left, right, np.array([0.0, 0.0]))
