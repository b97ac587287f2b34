"""How long an agent thinks: no search where it is predicted to arrive, a longer one where not."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from test_guarded import AROUND, GOAL, START, H, Says
from test_roadmap import moved, walled

from wmpc.agents.meta_agent import MetaAgent
from wmpc.errors import WmpcError
from wmpc.planners import CEM
from wmpc.planners.costs import LatentDistance
from wmpc.planners.problem import Plan, Problem

NOTHING = torch.zeros(1, 2)


def thinking(*blocks, error=0.02, goal=GOAL, planner=None, **arguments):
    planner = planner or CEM(samples=8, elites=2, iterations=4)
    arguments = {
        "horizon": H,
        "cost": LatentDistance("last"),
        "seed": 3,
        "surprise": 0.1,
    } | arguments
    agent = MetaAgent(walled(), planner, [Says(x) for x in blocks], error=error, **arguments)
    agent.reset(aim(goal))
    agent.observe({"pixels": START}, None)
    return agent


def aim(goal) -> Any:
    return SimpleNamespace(observation={"pixels": goal})


def follow(agent, decisions, push=None):
    """Act in the world, which pushes the point by `push` after the last decision but one; after
    the first the proposer has nothing to say."""
    place = START
    for decision in range(decisions):
        block = agent.act()
        agent.proposers[0].blocks = NOTHING.double()
        place = moved(place, block[0])
        if push is not None and decision == decisions - 2:
            place = place + push
        agent.observe({"pixels": place}, block)
    return place


def test_what_arrives_is_done_without_a_search_and_gone_on_with():
    agent = thinking(AROUND)
    place = follow(agent, H - 6)
    assert agent.choices == ["propose"] + ["go on"] * (H - 7)
    assert place[0] > 0.5 and np.abs(place - GOAL).max() < 1.6  # over the wall, and coming down


def test_what_is_proposed_comes_first_even_where_going_on_would_arrive():
    agent = thinking(AROUND)
    block = agent.act()
    agent.proposers[0].blocks = AROUND[1:].double()
    agent.observe({"pixels": moved(START, block[0])}, block)
    agent.act()
    assert agent.choices == ["propose", "propose"] and len(agent.chosen) == 0


def test_it_asks_again_after_a_surprise():
    agent = thinking(AROUND)
    follow(agent, 3, push=np.array([0.0, 0.2]))
    assert agent.choices[:2] == ["propose", "go on"] and agent.choices[2] != "go on"
    patient = thinking(AROUND, surprise=1e6)
    follow(patient, 3, push=np.array([0.0, 0.2]))
    assert patient.choices == ["propose", "go on", "go on"]


def test_what_does_not_arrive_is_searched_for_a_few_rounds_first():
    near = START + np.array([0.1, 0.2])
    wide = CEM(samples=64, elites=8, iterations=6)
    agent = thinking(NOTHING, goal=near, horizon=3, error=0.0015, planner=wide)
    agent.act()
    assert agent.choices == ["short"]
    agent = thinking(NOTHING, horizon=3)
    agent.act()
    assert agent.choices == ["long"]


def test_what_did_not_arrive_is_not_gone_on_with():
    agent = thinking(NOTHING, horizon=3)
    follow(agent, 3)
    assert agent.choices == ["long"] * 3


def test_a_long_search_begins_where_the_short_one_ended():
    agent = thinking(AROUND, error=1e-9, planner=CEM(samples=6, elites=2, iterations=1))
    agent.act()
    assert agent.choices == ["long"]
    assert agent.plan is not None and float(agent.plan.cost) < 0.05


@pytest.mark.parametrize("seed", range(4))
def test_whatever_is_chosen_costs_no_more_than_what_was_proposed(seed):
    drawn = torch.randn(H, 2, generator=torch.Generator().manual_seed(seed))
    agent = thinking(drawn)
    agent.act()
    place = START
    for block in drawn.numpy():
        place = moved(place, np.clip(block, -1, 1))
    assert agent.plan is not None
    assert float(agent.plan.cost) <= float(((place - GOAL) ** 2).sum()) + 1e-9


def test_entries_that_a_goal_leaves_open_do_not_bring_it_nearer():
    agent = thinking(AROUND)
    latents = torch.tensor([[[[0.3, 0.0]]]])
    plan = Plan(NOTHING[None], NOTHING[0, :1], NOTHING[0, :1], latents)
    problem = Problem(None, None, 1, agent.actions, torch.zeros(1, 1, 2))  # type: ignore[arg-type]
    agent.arrive = 0.08
    assert agent._arrives(plan, problem)  # 0.3 ** 2 / 2 is 0.045
    assert not agent._arrives(plan, replace(problem, weight=torch.tensor([[1.0, 0.0]])))
    assert agent._arrives(plan, replace(problem, weight=torch.tensor([[0.0, 1.0]])))
    assert not agent._arrives(plan, replace(problem, goal=None))


def test_what_was_chosen_in_a_rehearsal_or_before_a_reset_is_forgotten():
    agent = thinking(AROUND, deadline=0.5)
    assert agent.choices == []
    agent.act()
    assert len(agent.choices) == 1
    agent.reset(aim(GOAL))
    assert agent.choices == []


def test_settings_that_make_no_sense_are_refused():
    with pytest.raises(WmpcError, match=r"short=0.*at least 1"):
        thinking(AROUND, short=0)
    with pytest.raises(WmpcError, match=r"one with `iterations`"):
        thinking(AROUND, planner=SimpleNamespace(plan=None))
