"""A wall across the straight path: plain gradients end at it, the other planners find the gap.

Budgets in steps of the dynamics: CEM 107,520, iCEM 16,200, Hybrid 46,300, GRASP 42,100.
`benchmarks/landscape.py` plans the same seeds one by one; here they are batches, to be quick.
"""

import landscape
import pytest
import torch
from planner_problems import generator

from wmpc.planners import GRASP


def successes(planner, batch):
    """Of seeds 0 to 99, `batch` at a time, each batch with randomness of its own."""
    count = 0
    for first in range(0, 100, batch):
        task = landscape.problem(*range(first, first + batch))
        warm = landscape.straight(task)
        plan = planner.plan(task, generator=generator(first), warm_start=warm)
        count += int(landscape.reached(task, plan).sum())
    return count


@pytest.mark.parametrize("name", landscape.SEARCH)
def test_finds_the_gap(name):
    assert successes(landscape.SEARCH[name], 50) >= 95


@pytest.mark.parametrize("name", landscape.DESCENT)
def test_plain_descent_ends_at_the_wall(name):
    assert successes(landscape.DESCENT[name], 100) <= 10  # one restart draws nothing


def test_noise_on_the_states_is_what_finds_the_gap():
    task = landscape.problem(*range(25))
    counts = []
    for noise in (0.0, 0.5):
        planner = GRASP(restarts=8, iterations=30, noise=noise)
        plan = planner.plan(task, generator=generator(), warm_start=landscape.straight(task))
        counts.append(int(landscape.reached(task, plan).sum()))
    assert counts[1] >= counts[0] + 5


@pytest.mark.parametrize("planner", [landscape.SEARCH["ICEM"], GRASP(restarts=4, iterations=20)])
def test_nobody_comes_through_the_wall(planner, monkeypatch):
    monkeypatch.setattr(landscape, "GAP", (50.0, 51.0))
    task = landscape.problem(*range(10))
    plan = planner.plan(task, generator=generator(), warm_start=landscape.straight(task))
    assert plan.latents[..., 0].max() < 0


def test_the_dynamics_are_smooth_and_their_steps_agree():
    start = torch.tensor([[-0.2, 0.25]], dtype=torch.float64)
    world = landscape.Walled(start)
    actions = 0.1 * torch.randn(1, 1, 5, 2, generator=generator(), dtype=torch.float64)
    rolled = world.rollout(actions)
    assert torch.allclose(world.predict(rolled[:, :, :-1], actions), rolled)
    assert torch.autograd.gradcheck(world.rollout, actions.requires_grad_())
