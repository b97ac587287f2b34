"""The L1 ball: a bound on each action as a whole, which every planner keeps."""

import pytest
import torch
from planner_problems import PLANNERS, Recorded, generator, quadratic

from wmpc.errors import WmpcError
from wmpc.planners import Box, L1Ball, Problem

LOW, HIGH = torch.tensor([-2.0, -1.0, -2.0, -1.0]), torch.tensor([2.0, 1.0, 2.0, 1.0])
CENTRE = torch.tensor([0.9, 0.0, 0.9, 0.0])
UNIT = torch.tensor([1.0, 2.0, 1.0, 2.0])
BALL = L1Ball(LOW, HIGH, CENTRE, UNIT, size=2, radius=0.8)
"""Two actions of two numbers behind one another; the middle of the bounds is outside."""
COARSE = {"random_shooting": 0.65, "nevergrad": 0.65, "predictive_sampling": 0.35}
"""What the sums of planners that hardly converge may be off by, not 0.15."""


def sums(actions):
    """(..., 2): of each action, the sum of the sizes of its numbers."""
    return ((actions - CENTRE) * UNIT).unflatten(-1, (2, 2)).abs().sum(-1)


@pytest.mark.parametrize("name", PLANNERS)
def test_no_planner_looks_outside_and_each_comes_near_what_lies_there(name):
    optimum = torch.tensor([[[2.0, 0.0, 0.9, -3.0], [0.9, 0.1, 0.9, 0.0]]])
    problem = quadratic(optimum)
    problem = Problem(problem.dynamics, problem.cost, 2, BALL)
    seen = Recorded(problem)
    plan = PLANNERS[name].plan(seen.problem, generator=generator())
    for actions in (plan.actions, *seen.actions):
        assert sums(actions).max() <= 0.8 + 1e-5
        assert (actions >= LOW).all() and (actions <= HIGH).all()
    free = COARSE.get(name, 0.15)
    assert (sums(plan.actions[0, 0]) > 0.8 - free).all()
    assert sums(plan.actions[0, 1])[0] < 0.2 + free


def test_what_lies_inside_stays_and_the_rest_comes_straight_to_the_surface():
    inside = torch.tensor([1.2, 0.2, 0.9, -0.4])
    assert torch.equal(BALL.clamp(inside), inside)
    there = BALL.clamp(torch.tensor([[1.7, 0.4, 0.9, 0.9]]))
    torch.testing.assert_close(there, torch.tensor([[1.3, 0.2, 0.9, 0.4]]))
    torch.testing.assert_close(BALL.clamp(there), there)
    beyond = BALL.clamp(torch.tensor([9.0, 9.0, 9.0, 0.0]))  # of the bounds too, which come first
    assert torch.equal(beyond, BALL.clamp(torch.tensor([2.0, 1.0, 2.0, 0.0])))
    nothing = BALL.clamp(CENTRE.clone().requires_grad_())
    (slope,) = torch.autograd.grad(nothing.sum(), nothing)
    assert slope.isfinite().all()


def test_a_ball_that_makes_no_sense_is_refused():
    with pytest.raises(WmpcError, match=r"radius of an L1 ball is 0.*above 0"):
        L1Ball(LOW, HIGH, CENTRE, UNIT, 2, 0.0)
    with pytest.raises(WmpcError, match=r"do nothing.*outside the bounds"):
        L1Ball(LOW, HIGH, CENTRE + 3, UNIT, 2, 1.0)
    assert isinstance(BALL, Box)
