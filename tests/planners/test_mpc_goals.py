"""What an MPC agent pursues: any of several goals, what a probe reads, subgoals in their order."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch

from wmpc.agents.asynchronous import AsyncMPCAgent
from wmpc.agents.mpc import MPCAgent
from wmpc.planners import CEM, NumpyModel, WmpcError


@dataclass
class Goal:
    observation: dict
    weight: dict | None = None
    stops: tuple = ()

    @property
    def route(self):
        return (*self.stops, self)


def at(*place, weight=None, stops=()):
    return Goal({"state": np.array(place, np.float64)}, weight, stops)


def model():
    """A point in the plane that moves by its action."""
    return NumpyModel(
        lambda observation: observation["state"],
        lambda s, a: s[:, None, None] + 0.2 * a.cumsum(2),
        np.array([-1.0, -1.0]),
        np.array([1.0, 1.0]),
        1,
    )


class Meaning:
    """Several latents, or a probe."""

    def __init__(self, latents, weight, read=None):
        self.latents = torch.as_tensor(latents, dtype=torch.float64)[:, None]
        self.weight = torch.as_tensor(weight, dtype=torch.float64)[None]
        self.read = read

    def __call__(self, goal):
        return self.latents, self.weight, self.read


def walk(agent, goal, blocks=12, start=(0.0, 0.0)):
    place, places = np.array(start), [np.array(start)]
    agent.reset(goal)
    agent.observe({"state": place}, None)
    for _ in range(blocks):
        block = agent.act()
        place = place + 0.2 * block.sum(0)
        places.append(place)
        agent.observe({"state": place}, block)
    return np.stack(places)


def agent(kind=MPCAgent, planner=None, **arguments):
    planner = CEM(samples=64, elites=8, iterations=4) if planner is None else planner
    return kind(model(), planner, horizon=4, **arguments)


def test_a_weight_of_ones_changes_no_bit():
    plain = walk(agent(), at(1.0, -1.0))
    assert np.array_equal(plain, walk(agent(), at(1.0, -1.0, weight={"state": np.ones(2)})))
    whole = Meaning([[1.0, -1.0]], [1.0, 1.0])
    assert np.array_equal(plain, walk(agent(complete=whole), at(1.0, -1.0)))


def test_the_nearest_of_several_goals_is_pursued_from_wherever_it_is():
    ends = Meaning([[1.0, 0.0], [-1.0, 0.0]], [1.0, 1.0])
    for start, end in ((0.3, 1.0), (-0.3, -1.0)):
        places = walk(agent(complete=ends), at(9.0, 9.0), start=(start, 0.0))
        assert np.allclose(places[-1], [end, 0], atol=0.1)


def test_what_is_left_open_stays_as_it_is():
    places = walk(agent(complete=Meaning([[1.0, 9.0]], [1.0, 0.0])), at(0.0, 0.0))
    assert abs(places[-1][0] - 1) < 0.1


def test_what_a_probe_reads_is_compared():
    sums = Meaning([[1.0]], [1.0], lambda z: z.sum((-2, -1)).unsqueeze(-1))
    places = walk(agent(complete=sums), at(0.0, 0.0))
    assert abs(places[-1].sum() - 1) < 0.1


@pytest.mark.parametrize("kind", [MPCAgent, AsyncMPCAgent])
def test_subgoals_are_visited_in_order(kind):
    route = at(0.0, 1.0, stops=(at(1.0, 0.0), at(1.0, 1.0)))
    planning = agent(kind, near=0.01)
    places = walk(planning, route, 30)
    first = [int((np.linalg.norm(places - stop, axis=1) < 0.2).argmax())
             for stop in ([1, 0], [1, 1], [0, 1])]  # fmt: skip
    assert 0 < first[0] < first[1] < first[2] and planning.stage == 2
    planning.reset(route)
    assert planning.stage == 0


def test_a_subgoal_out_of_reach_is_given_up():
    planning = agent(near=0.01, patience=3)
    places = walk(planning, at(-1.0, 0.0, stops=(at(99.0, 0.0),)), 20)
    assert places[3][0] > 0.3 and abs(places[-1][0] + 1) < 0.1


def test_a_deadline_leaves_time_to_warm_up_whatever_the_goal():
    read = Meaning([[1.0]], [1.0], lambda z: z[..., 0, :1])
    for meaning in (Meaning([[1.0, 0.0]], [1.0, 1.0]), read):
        planning = agent(complete=meaning, deadline=0.5)
        assert np.isfinite(walk(planning, at(0.0, 0.0), 2)).all()


def test_what_a_model_cannot_say_and_settings_out_of_range():
    with pytest.raises(WmpcError, match="leaves state open"):
        agent().reset(at(1.0, 0.0, weight={"state": np.array([1.0, 0.0])}))
    for wrong in ({"near": -1.0}, {"near": float("nan")}, {"patience": 0}):
        with pytest.raises(WmpcError, match="near is"):
            agent(**wrong)
