"""The ladder's arithmetic, on numbers whose culprit is plain."""

import numpy as np
import pytest
import torch

from wmpc.evaluation.diagnosis.bottleneck import RUNGS, Ladder, chosen
from wmpc.evaluation.diagnosis.recorder import Recorder
from wmpc.planners import CEM, Box, Problem


def ladder(*rungs, start=10.0, cases=4):
    return Ladder(np.tile(rungs, (cases, 1)), np.full(cases, start), np.zeros(cases))


@pytest.mark.parametrize(
    ("rungs", "culprit"),
    [
        ((0.5, 0.4, 0.3, 0.3, 0.1), "none"),
        ((1.1, 0.8, 0.6, 0.4, 0.2), "none"),  # a tenth of the way, in small parts
        ((1.5, 0.9, 0.6, 0.4, 0.2), "planner"),
        ((6.0, 0.4, 0.3, 0.3, 0.1), "planner"),
        ((6.0, 7.0, 0.3, 0.3, 0.1), "dynamics"),  # the search finds where the model errs
        ((6.0, 6.0, 6.0, 0.3, 0.1), "cost"),
        ((6.0, 5.0, 5.5, 5.8, 0.1), "representation"),
        ((6.0, 5.0, 2.0, 3.0, 0.1), "dynamics"),  # 3 nearer, the rest from the best below: 1.9
    ],
)
def test_the_largest_fall_is_blamed(rungs, culprit):
    assert ladder(*rungs).culprit == culprit


def test_gains_add_up_to_what_the_truth_is_better():
    up = ladder(6.0, 7.0, 3.0, 4.0, 1.0)
    assert up.rungs == dict(zip(RUNGS, (6.0, 7.0, 3.0, 4.0, 1.0), strict=True))
    assert sum(up.gains.values()) == pytest.approx(5.0)


def test_a_cost_that_tells_nothing_apart_chooses_nothing():
    reached = np.array([0.0, 2.0, 4.0])
    assert chosen(reached, torch.tensor([3.0, 3.0 + 1e-7, 3.0])) == 2.0
    assert chosen(reached, torch.tensor([3.0, 2.0, torch.nan])) == 2.0


class Parabola:
    """Adds actions up."""

    start = torch.zeros(1, 1, 1)
    weight = 3

    def rollout(self, actions):
        return actions.cumsum(2).unsqueeze(-2)

    def predict(self, states, actions):
        raise NotImplementedError


def test_listening_changes_no_plan_and_misses_no_candidate():
    low = torch.full((1,), -1.0)
    problem = Problem(
        Parabola(), lambda z, a: (z[:, :, -1, 0, 0] - 0.7).square(), 3, Box(low, -low)
    )
    planner, seed = CEM(samples=16, elites=4, iterations=3), torch.Generator().manual_seed
    heard = Recorder(planner)
    plan, same = planner.plan(problem, generator=seed(0)), heard.plan(problem, generator=seed(0))
    assert torch.equal(plan.actions, same.actions) and heard.problem is problem
    assert heard.candidates.shape == (3 * 16 + 1, 3, 1)
    costs = problem.cost(Parabola().rollout(heard.candidates[None]), heard.candidates[None])
    assert costs.min() == plan.cost
