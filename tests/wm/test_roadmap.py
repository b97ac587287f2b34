"""The roadmap: its ways are the shortest by hand, and lead around a wall that planning stops at."""

from types import SimpleNamespace

import numpy as np
import points
import pytest
import torch

from wmpc.agents.encoded import Encoded
from wmpc.agents.goal_policy import GoalPolicyAgent
from wmpc.agents.mpc import MPCAgent
from wmpc.agents.roadmap import CROSSING, Roadmap
from wmpc.agents.roadmap_agent import RoadmapAgent
from wmpc.agents.waypoints import Waypoints
from wmpc.errors import WmpcError
from wmpc.planners import CEM, NumpyModel

STEP, GAP, THICK = 0.25, 1.0, 0.6
"""What an action moves, from where on upwards the wall around x = 0 is open, and its thickness."""


def relaxed(encoded, neighbours, alike, ends):
    """Blocks to the nearest of `ends` from each frame, by relaxing every edge until none helps."""
    places, stride = encoded.picture.numpy().astype(float), encoded.stride
    now = [row for row in range(len(places)) if encoded.after[row] >= 1]
    block = np.median([np.linalg.norm(places[row + stride] - places[row]) for row in now])
    edges = [(row, row + stride, 1.0) for row in now]
    for row, place in enumerate(places):
        away = np.linalg.norm(places - place, axis=1)
        nearest = [int(other) for other in np.argsort(away)[: neighbours + 1] if other != row]
        for other in nearest[:neighbours]:
            if away[other] < alike * block:
                cost = away[other] / block + CROSSING
                edges += [(row, other, cost), (other, row, cost)]
    left = np.full(len(places), np.inf)
    left[ends] = 0
    for _ in range(len(places)):
        for start, end, cost in edges:
            left[start] = min(left[start], cost + left[end])
    return left


@pytest.mark.parametrize("stride", [1, 2])
def test_ways_are_the_shortest(stride):
    encoded = points.wandering(episodes=12, steps=6, stride=stride)
    roadmap = Roadmap(encoded, neighbours=3, alike=0.8)
    goal = np.array([0.5, -0.5])
    _, ends = roadmap.nearest(goal)
    expected = relaxed(encoded, 3, 0.8, ends)
    way = roadmap.lead_to(goal)
    assert np.isfinite(expected).sum() > max(20, len(ends))
    np.testing.assert_allclose(way.to_go, expected)
    for row in np.flatnonzero(np.isfinite(expected) & (expected > 0)):
        assert way.to_go[way.onward[row]] < way.to_go[row]


def line(backwards=False):
    """One episode along x from 0 to 9, a block each; and its reverse."""
    places = np.arange(10.0)[:: -1 if backwards else 1, None] * (1.0, 0.0)
    latents = torch.as_tensor(places, dtype=torch.float32)[:, None]
    return Encoded(latents, torch.zeros(10, 2), np.array([9]), 1, points.LAYOUT)


def test_a_point_lies_so_many_blocks_ahead_and_nobody_goes_back_in_time():
    roadmap = Roadmap(line(), neighbours=1)
    way = roadmap.lead_to(np.array([7.0, 0.1]))
    assert way.to_go.tolist() == [7, 6, 5, 4, 3, 2, 1, 0, np.inf, np.inf]
    assert way.point(np.array([1.0, 0.0]), 3) == 4
    assert way.point(np.array([1.0, 0.0]), 2.5) == 4  # the first that is as far
    assert way.point(np.array([1.0, 0.0]), 5.9) == 7
    assert way.point(np.array([1.0, 0.0]), 6) is None  # the goal itself
    assert way.point(np.array([8.0, 0.0]), 3) is None  # no way
    waypoints = Waypoints(roadmap, 3)
    here, goals = torch.tensor([1.0, 0.0]), torch.tensor([[7.0, 0.1], [9.0, 0.0], [7.0, 0.1]])
    found = [waypoints.find(here, goal) for goal in goals]
    assert [float(point[0, 0, 0]) for point in found] == [4, 4, 4]
    assert waypoints.find(torch.tensor([8.5, 0.0]), goals[1]) is None
    reverse = Roadmap(line(backwards=True), neighbours=1).lead_to(np.array([2.0, 0.0]))
    assert reverse.point(np.array([8.0, 0.0]), 3) == 4  # of which the place is 5


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Roadmap(line(), neighbours=0), "neighbours is 0"),
        (lambda: Roadmap(line(), alike=0), "alike 0"),
        (lambda: Waypoints(Roadmap(line()), 0), "ahead is 0"),
    ],
)
def test_settings_out_of_range(make, message):
    with pytest.raises(WmpcError, match=message):
        make()


def moved(place, action):
    """A step in the plane, along x and then y, each of which a wall stops."""
    for axis in ((1.0, 0.0), (0.0, 1.0)):
        new = np.clip(place + STEP * action * axis, -2, 2)
        place = np.where(in_wall(new)[..., None], place, new)
    return place


def in_wall(place):
    return (np.abs(place[..., 0]) < THICK / 2) & (place[..., 1] < GAP)


def walled():
    """The model of the plane: its latent is the place."""

    def rollout(start, actions):
        place, after = np.repeat(start[:, None], actions.shape[1], 1), []
        for step in range(actions.shape[2]):
            place = moved(place, actions[:, :, step])
            after.append(place)
        return np.stack(after, 2)

    model = NumpyModel(
        lambda o: o["pixels"], rollout, -np.ones(2), np.ones(2), 1, None, ("pixels",)
    )
    model.layout = points.LAYOUT  # type: ignore[attr-defined]
    return model


@pytest.fixture(scope="module")
def recorded():
    """Walks of eight steps, each in one direction: none leads around the wall."""
    rng, episodes, steps = np.random.default_rng(0), 1500, 8
    drawn = rng.uniform(-2, 2, (2 * episodes, 2))
    places = [drawn[~in_wall(drawn)][:episodes]]
    heading = rng.uniform(-1, 1, (episodes, 2))
    for _ in range(steps):
        places.append(moved(places[-1], heading))
    latents = torch.as_tensor(np.stack(places, 1)).reshape(-1, 1, 2)
    blocks = torch.as_tensor(np.repeat(heading[:, None], steps + 1, 1)).reshape(-1, 2)
    return Encoded(latents, blocks, np.full(episodes, steps), 1, points.LAYOUT)


def nearest_to(agent, start, goal, blocks):
    """How near an agent comes to a goal."""
    place = np.array(start)
    agent.reset(SimpleNamespace(observation={"pixels": np.array(goal)}))
    agent.observe({"pixels": place}, None)
    best = np.inf
    for _ in range(blocks):
        block = agent.act()
        place = moved(place, np.clip(block[0], -1, 1))
        agent.observe({"pixels": place}, block)
        best = min(best, float(np.linalg.norm(place - goal)))
    return best


def test_it_leads_around_a_wall_that_planning_stops_at(recorded):
    planner, waypoints = CEM(samples=64, elites=8, iterations=3), Waypoints(Roadmap(recorded), 4)
    start, goal = np.array([-0.8, -1.0]), np.array([0.8, -1.0])
    flat = MPCAgent(walled(), planner, horizon=5)
    assert nearest_to(flat, start, goal, 40) > 0.6
    led = RoadmapAgent(walled(), planner, waypoints, horizon=5)
    assert nearest_to(led, start, goal, 40) < 0.15
    again = RoadmapAgent(walled(), planner, waypoints, horizon=5)
    assert nearest_to(again, start, np.array([-0.8, -0.3]), 15) < 0.15  # near, after far


def test_a_policy_that_knows_near_goals_alone_is_led_too(recorded):
    model = walled()
    straight = torch.nn.Module()
    straight.within = 4  # type: ignore[assignment]
    straight.forward = lambda z, a, valid, goal, k: (goal - z[:, -1, 0]) / STEP  # type: ignore
    arguments = {"complete": lambda goal: (model.encode(goal_of(goal))[:, 0], None, None)}
    model.device = torch.device("cpu")  # type: ignore[attr-defined]
    start, goal = np.array([-0.8, -1.0]), np.array([0.8, -1.0])
    alone = GoalPolicyAgent(model, straight, 1, **arguments)  # type: ignore[arg-type]
    assert nearest_to(alone, start, goal, 60) > 0.6
    led = GoalPolicyAgent(
        model, straight, 1, waypoints=Waypoints(Roadmap(recorded), 2), **arguments
    )  # type: ignore[arg-type]
    assert nearest_to(led, start, goal, 60) < 0.15


def goal_of(goal):
    return {name: np.asarray(x)[None, None] for name, x in goal.observation.items()}
