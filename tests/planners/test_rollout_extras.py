"""A rollout may tell more than what is to be: here how far an ensemble's members part, in tokens of
their own, which a cost asks the layout for and another cost leaves out by their weight."""

import pytest
import torch
from torch import Tensor

from wmpc.planners import CEM, Box, Problem, costs
from wmpc.wm.models.latent import Layout

LAYOUT = Layout({"position": 1, "spread": 1}, 1)


class Pair:
    """Two members that agree where a point is pushed down, and part where it is pushed up."""

    start = torch.zeros(1, 2, 1)

    def rollout(self, actions: Tensor) -> Tensor:
        """(B, N, H, 1) -> the mean and the standard deviation of both, (B, N, H, 2, 1)"""
        members = [(actions + bend * actions.clamp(min=0)).cumsum(2) for bend in (0.5, -0.5)]
        both = torch.stack(members, -1)
        return torch.stack([both.mean(-1), both.std(-1, correction=0)], 3)


def away(latents: Tensor, actions: Tensor) -> Tensor:
    """Wants to be at 1 or at -1, both of which are equally good."""
    return (LAYOUT.of(latents[:, :, -1], "position")[..., 0, 0].abs() - 1).square()


def disagreement(latents: Tensor, actions: Tensor) -> Tensor:
    return LAYOUT.of(latents, "spread").mean((2, 3, 4))


def solve(cost, seed):
    problem = Problem(Pair(), cost, 2, Box(torch.tensor([-1.0]), torch.tensor([1.0])))
    generator = torch.Generator().manual_seed(seed)
    plan = CEM(samples=64, elites=8, iterations=8).plan(problem, generator=generator)
    return LAYOUT.of(plan.latents[:, -1], "position").item()


def test_a_cost_that_asks_for_the_spread_plans_where_the_members_agree():
    blind = [solve(away, seed) for seed in range(12)]
    assert {round(abs(end), 1) for end in blind} == {1.0}
    assert len({end > 0 for end in blind}) == 2  # either way, as chance has it
    asking = [solve(costs.add(away, disagreement), seed) for seed in range(12)]
    assert asking == pytest.approx([-1] * 12, abs=0.05)


def test_the_distance_to_a_goal_leaves_out_what_the_goal_gives_no_weight():
    goal = torch.tensor([[[1.0], [0.0]]])
    weight = torch.tensor([[1.0], [0.0]])
    near = costs.last(costs.distance(goal, weight=weight))
    assert [solve(near, seed) for seed in range(3)] == pytest.approx([1] * 3, abs=0.05)
