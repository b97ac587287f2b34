"""The cost that an agent plans with is the one that it is diagnosed by, discount and all."""

from types import SimpleNamespace
from typing import get_args

import numpy as np
import pytest
import torch

from wmpc.agents.mpc import MPCAgent
from wmpc.evaluation.diagnosis.decision import Decision, Outcomes
from wmpc.evaluation.diagnosis.pool import _truth
from wmpc.evaluation.diagnosis.recorder import Recorder
from wmpc.planners import CEM, NumpyModel, WmpcError
from wmpc.planners.costs import LatentDistance, Steps, latent_distance

CASES = [(steps, gamma) for steps in get_args(Steps) for gamma in (0.2, 0.5, 1.0)]


def agent(steps, gamma, execute=2):
    model = NumpyModel(
        start=lambda observation: observation["state"],
        rollout=lambda latents, actions: latents[:, None, None, :] + actions.cumsum(2),
        low=np.array([-1.0]),
        high=np.array([1.0]),
        action_block=1,
    )
    planner = Recorder(CEM(samples=8, elites=2, iterations=1))
    return MPCAgent(model, planner, cost=LatentDistance(steps, gamma), horizon=6, execute=execute)


@pytest.mark.parametrize(("steps", "gamma"), CASES)
def test_plans_and_diagnoses_count_the_same_steps(steps, gamma):
    made = agent(steps, gamma)
    made.reset(SimpleNamespace(observation={"state": np.array([1.0])}))
    made.observe({"state": np.zeros(1)}, None)
    made.act()
    problem, decision = made.planner.problem, SimpleNamespace(agent=made, task=None)
    latents = torch.randn(1, 4, 6, 1, 1, generator=torch.Generator().manual_seed(0)).double()
    goal = torch.ones(1, 1, 1).double()
    expected = latent_distance(goal, steps=steps, executed=2, gamma=gamma)(latents, latents[..., 0])
    planned = problem.cost(latents, latents[..., 0])
    assert torch.allclose(planned, expected)
    measured = Decision.measure(decision, latents[0, ..., 0], goal[0, 0])  # type: ignore[arg-type]
    assert torch.allclose(measured, expected[0])
    decision.problem, decision.goal, decision.start = problem, np.ones(1), np.zeros(1)
    decision.simulator = SimpleNamespace(coordinates_size=1)
    truth = _truth(decision)  # type: ignore[arg-type]
    assert torch.allclose(truth.cost(latents, latents[..., 0]), expected)


@pytest.mark.parametrize(
    ("steps", "gamma", "counted"),
    [
        ("last", 0.5, [5]),
        ("sum", 0.5, range(6)),
        ("executed", 0.5, range(2)),
        ("discounted", 0.5, range(2)),
        ("discounted", 0.75, range(4)),
        ("discounted", 0.1, range(2)),
        ("discounted", 0.9, range(6)),
        ("discounted", 1.0, range(6)),
    ],
)
def test_what_is_reached_is_what_counts(steps, gamma, counted):
    decision = SimpleNamespace(agent=agent(steps, gamma))
    distance = np.random.default_rng(0).permuted(np.tile(np.arange(6.0), (50, 1)), axis=1)
    reached = Decision.reached(decision, Outcomes(distance, distance, distance))  # type: ignore[arg-type]
    assert np.array_equal(reached, distance[:, list(counted)].min(1))


@pytest.mark.parametrize("gamma", [0.0, -1.0, 1.5, float("nan")])
def test_a_senseless_discount_is_refused(gamma):
    with pytest.raises(WmpcError, match="gamma"):
        agent("discounted", gamma)
