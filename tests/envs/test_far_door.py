"""The door at the far end: goals behind the wall are near, and the way to them is long."""

import numpy as np
import pytest

from wmpc import envs
from wmpc.envs.tasks.two_room.task import DOOR, RADIUS, REACH, WALL


@pytest.fixture(scope="module")
def task():
    made = envs.make("wmpc/FarDoor-v0")
    yield made
    made.close()


def at(task, *place):
    return task.layout.at_rest(np.array(place, float))


def go(task, states, goal):
    """How far it is from states (..., S) to a goal (S,), in m."""
    here, there = task.coordinates(states), task.coordinates(goal)
    return task.walk(here, there, task.variation) * task.tolerances["distance_m"]


def driven(task, start, count=60):
    task.reset(options={"state": at(task, *start)})
    for _ in range(count):
        task.advance(np.array([1.0, 0.0]))
    return task.layout.qpos(task.get_state())[0]


def test_the_door_is_at_the_upper_end(task):
    fresh = envs.make("wmpc/FarDoor-v0")  # the picture is right before any reset, too
    door_y = task.place(np.zeros(0))[1]
    assert door_y + DOOR < 1 and door_y - DOOR > 0
    for world in (task, fresh):
        row = round((1 - door_y) / 2 * 64 - 0.5)
        assert (world.render()[row, 31:33] > 150).all() and (world.render()[40, 31:33] < 100).all()
    assert driven(task, (-0.5, 0.0)) == pytest.approx(-WALL - RADIUS, abs=0.02)
    assert driven(task, (-0.5, door_y), 100) == pytest.approx(REACH, abs=0.03)
    fresh.close()


def test_the_way_leads_through_the_door(task):
    door_y = task.place(np.zeros(0))[1]
    left, right = at(task, -0.4, -0.5), at(task, 0.4, -0.5)
    mouths = [np.array([side * (WALL + RADIUS), door_y]) for side in (-1, 1)]
    legs = [np.array([-0.4, -0.5]), *mouths, np.array([0.4, -0.5])]
    expected = np.linalg.norm(np.diff(legs, axis=0), axis=1).sum()
    assert go(task, left, right) == pytest.approx(expected)
    assert go(task, right, left) == pytest.approx(expected)
    assert go(task, left, at(task, -0.4, 0.5)) == pytest.approx(1.0)
    assert go(task, np.stack([left, right]), right) == pytest.approx([expected, 0.0])
    middle = go(task, at(task, -0.05, door_y), right)
    assert middle < go(task, at(task, *mouths[0]), right)


def test_cases_behind_the_wall_are_near_and_far(task):
    behind = task.filters["far"]
    none = np.zeros(0)
    assert behind(at(task, -0.3, -0.5), at(task, 0.3, -0.5), none)
    assert not behind(at(task, -0.3, -0.5), at(task, -0.3, 0.5), none)  # the same room
    assert not behind(at(task, -0.9, 0.6), at(task, 0.9, 0.6), none)  # straight through the door
    near, far = (at(task, x, -0.9) for x in (-0.3, 0.3))
    assert behind(near, far, none) and go(task, near, far) > 14 * 0.14
    close = at(task, -0.15, -0.15), at(task, 0.15, -0.15)  # a detour, as short as recordings go
    assert go(task, *close) > 3 * 0.3 and go(task, *close) < 14 * 0.14
    assert not behind(*close, none)
