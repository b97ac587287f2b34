"""Guarded search: proposals are where it begins, and only what is cheaper replaces them."""

from types import SimpleNamespace

import numpy as np
import torch
from test_roadmap import moved, walled

from wmpc.agents.guarded_agent import GuardedAgent
from wmpc.agents.history import History
from wmpc.planners import CEM
from wmpc.planners.costs import LatentDistance

START, GOAL, H = np.array([-0.8, -1.0]), np.array([0.8, -1.0]), 26
AROUND = torch.tensor([[0.0, 1.0]] * 9 + [[1.0, 0.0]] * 7 + [[0.0, -1.0]] * 9 + [[0.0, 0.0]])
"""The way around the wall, of H blocks."""
FEW = CEM(samples=6, elites=2, iterations=1)
"""Too few to find any way around."""


class Says:
    """A proposer that always says the same."""

    def __init__(self, blocks):
        self.blocks, self.goals = blocks.double(), []

    def reset(self, goal):
        self.goals.append(goal)
        self.history = History(None)  # type: ignore[arg-type]

    def propose(self):
        assert self.history.latents
        return self.blocks


def guarded(*blocks, planner=FEW, **arguments):
    arguments = {"horizon": H, "cost": LatentDistance("last"), "seed": 3} | arguments
    agent = GuardedAgent(walled(), planner, [Says(x) for x in blocks], **arguments)
    agent.reset(SimpleNamespace(observation={"pixels": GOAL}))
    agent.observe({"pixels": START}, None)
    return agent


def cost_of(blocks):
    """What H blocks cost, by the world itself."""
    place = START
    for block in blocks.numpy():
        place = moved(place, np.clip(block, -1, 1))
    return float(((place - GOAL) ** 2).sum())


def test_a_proposal_is_kept_where_the_search_finds_no_better():
    agent = guarded(AROUND)
    assert np.allclose(agent.act(), AROUND[:1]) and agent.chosen == [1]
    assert agent.plan is not None and float(agent.plan.cost) < 0.05
    alone = guarded(-AROUND)
    alone.act()
    assert alone.plan is not None and float(alone.plan.cost) > 0.3 and alone.chosen == [0]


def test_a_plan_costs_no_more_than_any_proposal():
    for seed in range(5):
        drawn = torch.randn(3, H, 2, generator=torch.Generator().manual_seed(seed))
        agent = guarded(*drawn)
        agent.act()
        costs = [cost_of(torch.zeros(H, 2)), *map(cost_of, drawn)]
        assert agent.plan is not None and float(agent.plan.cost) <= min(costs) + 1e-9
        assert agent.chosen == [int(np.argmin(costs))]


def test_a_cheap_proposal_that_breaks_a_constraint_is_not_kept():
    def high(latents, actions):
        return (latents[..., 1] - 1.0).amax((-2, -1))  # never above 1, where the wall is open

    agent = guarded(AROUND, constraints=(high,))
    agent.act()
    assert (
        agent.chosen == [0] and agent.plan is not None and bool((agent.plan.violation <= 0).all())
    )


def test_the_last_plan_competes_with_what_is_proposed_now():
    agent = guarded(AROUND)
    block = agent.act()
    agent.proposers[0].blocks = -agent.proposers[0].blocks
    agent.observe({"pixels": moved(START, block[0])}, block)
    agent.act()
    assert agent.chosen == [1, 0] and float(agent.plan.cost) < 0.1


def test_short_and_long_proposals_are_cut_and_filled_to_the_horizon():
    for C in (1, H, H + 9):
        agent = guarded(torch.ones(C, 2))
        knots = agent._knots(agent.proposers[0].blocks, H)
        assert knots.shape == (1, H, 2)
        assert (knots[0, : min(C, H)] == 1).all() and (knots[0, C:] == 0).all()


def test_a_block_is_the_mean_of_what_each_knot_is_held_for():
    agent = guarded(AROUND)
    agent.times, agent.size = 2, 1
    knots = agent._knots(torch.tensor([[0.0, 1.0, 4.0, 6.0]]), H)
    assert knots[0, 0].tolist() == [0.5, 5.0]


def test_proposers_pursue_the_goal_and_see_what_the_agent_saw():
    agent = guarded(AROUND)
    assert len(agent.proposers[0].goals) == 1
    assert agent.proposers[0].history is agent.history
    agent.act()
    agent.reset(SimpleNamespace(observation={"pixels": GOAL}))
    assert len(agent.proposers[0].goals) == 2 and agent.chosen == []


def test_a_deadline_is_rehearsed_before_anything_is_proposed():
    agent = guarded(AROUND, deadline=0.5)
    assert agent.chosen == []
    agent.act()
    assert agent.chosen == [1]
