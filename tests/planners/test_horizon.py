"""How far an MPC agent plans: as far as its goal is imagined, and a little beyond."""

from typing import Any

import numpy as np
import pytest
import torch
from test_mpc_goals import Meaning, at, model

from wmpc.agents.approach import approach, arrival
from wmpc.agents.asynchronous import AsyncMPCAgent
from wmpc.agents.mpc import MPCAgent
from wmpc.errors import WmpcError
from wmpc.planners import CEM, Problem

STEP = 0.2
"""The most that the point moves along an axis in a block."""


def lengths(agent, goal, blocks=10):
    """Of each plan, its blocks; and where the point went."""
    place, found, places = np.zeros(2), [], [np.zeros(2)]
    agent.reset(goal)
    agent.observe({"state": place}, None)
    for _ in range(blocks):
        block = agent.act()
        found.append(agent.plan.actions.shape[1])
        place = place + STEP * block.sum(0)
        places.append(place)
        agent.observe({"state": place}, block)
    return found, np.stack(places)


def agent(kind=MPCAgent, **arguments):
    planner = CEM(samples=128, elites=8, iterations=8, least_spread=0.001)
    settings: Any = {"horizon": 6} | arguments
    return kind(model(), planner, **settings)


@pytest.mark.parametrize("kind", [MPCAgent, AsyncMPCAgent])
@pytest.mark.parametrize("beyond", [1, 2])
def test_a_plan_ends_a_little_beyond_where_it_arrives(kind, beyond):
    found, places = lengths(agent(kind, beyond=beyond), at(4 * STEP, 0.0))
    assert found[0] == 6 and 3 + beyond in found
    assert max(found[-4:]) <= beyond + 1
    assert np.allclose(places[-4:], [4 * STEP, 0], atol=0.05)


def test_far_goals_and_none_take_the_whole_horizon():
    found, _ = lengths(agent(), at(9.0, 0.0))
    assert found == [6] * 10
    found, _ = lengths(agent(beyond=None), at(4 * STEP, 0.0))
    assert found == [6] * 10
    read = Meaning([[0.4, 0.0]], [1.0, 1.0], read=lambda latents: latents.flatten(-2))
    found, _ = lengths(agent(complete=read), at(0.0, 0.0))
    assert found == [6] * 10  # what is read is no latent


def test_the_next_goal_on_the_way_takes_the_whole_horizon_again():
    goal = at(2 * STEP, 8 * STEP, stops=(at(2 * STEP, 0.0),))
    found, places = lengths(agent(near=0.001), goal, blocks=14)
    turn = next(t for t, place in enumerate(places) if place[1] > STEP / 2)
    assert min(found[:turn]) <= 4 and 6 in found[turn - 1 : turn + 1]
    assert np.allclose(places[-1], [2 * STEP, 8 * STEP], atol=0.05)


def test_a_plan_is_as_long_as_what_is_executed_of_it():
    found, _ = lengths(agent(execute=4, beyond=1), at(STEP, 0.0), blocks=3)
    assert found == [6, 4, 4]


def test_a_rehearsal_shortens_no_plan():
    found, _ = lengths(agent(deadline=0.5), at(9.0, 0.0), blocks=2)
    assert found == [6, 6]


def test_distances_are_means_over_the_entries_that_count():
    latents = torch.tensor([[[0.3, 0.4]], [[0.0, 2.0]]])
    asked: Any = dict(dynamics=None, cost=None, horizon=2, actions=None)
    goal = torch.zeros(1, 1, 2)

    def of(**known: Any) -> Any:
        return approach(latents, Problem(**asked, **known))

    torch.testing.assert_close(of(goal=goal), torch.tensor([0.125, 2.0]))
    one = torch.tensor([[1.0, 0.0]])
    torch.testing.assert_close(of(goal=goal, weight=one), torch.tensor([0.09, 0.0]))
    assert of() is None


def test_a_plan_arrives_at_the_first_latent_that_is_near_or_else_at_the_nearest():
    away = torch.tensor([0.5, 0.08, 0.009, 0.002, 0.003])
    assert [arrival(away, way) for way in (1.0, 0.1, 10.0, 100.0)] == [3, 4, 2, 1]


def test_it_plans_at_least_a_block_beyond():
    with pytest.raises(WmpcError, match=r"beyond is 0.*at least 1, or null"):
        agent(beyond=0)
