"""Constraints: quadratic programs with known KKT solutions, infeasible problems, guardrails."""

import time
from dataclasses import replace

import pytest
import torch
from planner_problems import PLANNERS, Linear, generator, quadratic

from wmpc.planners import CEM, Adam, AugmentedLagrangian, CategoricalCEM, WmpcError
from wmpc.planners.guardrails import action_limit, half_space, outside_disc
from wmpc.planners.problem import Box, Categorical, Problem

INNER = {"cem": CEM(256, 24, 14, spread=0.5), "adam": Adam(restarts=4, iterations=60)}


@pytest.fixture(params=INNER)
def planner(request):
    return AugmentedLagrangian(INNER[request.param])


def constrained(optimum, *constraints):
    return replace(quadratic(optimum), constraints=constraints)


def test_a_half_space_projects(planner):
    """min |a - c|^2 with sum a <= 1: a = c - mu/2, mu = 2 (sum c - 1) / n, two problems."""
    optimum = torch.stack([torch.full((2, 2), 0.8), torch.tensor([[0.9, 0.1], [0.5, 0.3]])])
    problem = constrained(optimum, lambda z, a: a.sum((-2, -1)) - 1.0)
    plan = planner.plan(problem, generator=generator())
    mu = (optimum.sum((1, 2)) - 1) / 2
    assert (plan.actions - (optimum - mu[:, None, None] / 2)).abs().max() < 0.02
    assert torch.allclose(plan.stats["multipliers"][:, 0], mu, atol=0.1)
    assert plan.violation.eq(0).all() and plan.stats["feasible"].all()


def test_constraints_that_do_not_bind_have_no_multiplier(planner):
    optimum = torch.tensor([[[0.3], [-0.2]]])
    problem = constrained(optimum, lambda z, a: a[..., 0, 0] - 0.9, lambda z, a: 0.1 + a[..., 1, 0])
    plan = planner.plan(problem, generator=generator())
    assert (plan.actions - optimum).abs().max() < 0.02
    assert plan.stats["multipliers"].max() < 0.01


def test_a_curved_constraint(planner):
    """The nearest point to (0.9, 0) outside a disc that is centred just off it."""
    centre, radius = torch.tensor([0.9, 0.1]), 0.5
    problem = constrained(
        torch.tensor([[[0.9, 0.0]]]),
        lambda z, a: radius - (a[..., 0, :] - centre).square().sum(-1).add(1e-12).sqrt(),
    )
    plan = planner.plan(problem, generator=generator())
    assert (plan.actions[0, 0] - torch.tensor([0.9, -0.4])).abs().max() < 0.03
    assert plan.violation == 0


def test_the_least_violating_plan_of_an_infeasible_problem(planner):
    """a <= 0.2 and a >= 0.4: violated by 0.1 at best; the other problem is feasible."""
    need = torch.tensor([[0.4], [0.1]])
    problem = constrained(
        torch.full((2, 2, 1), 0.8),
        lambda z, a: a[..., 0, 0] - 0.2,
        lambda z, a: need - a[..., 0, 0],
    )
    plan = planner.plan(problem, generator=generator())
    assert plan.stats["feasible"].tolist() == [False, True]
    assert plan.violation.tolist() == pytest.approx([0.1, 0.0], abs=0.005)
    assert plan.actions[:, 0, 0].tolist() == pytest.approx([0.3, 0.2], abs=0.01)
    assert plan.actions[:, 1, 0].tolist() == pytest.approx([0.8, 0.8], abs=0.01)


def test_each_problem_has_its_own_multipliers(planner):
    """Permuting the batch permutes the plans, though one problem's constraint does not bind."""
    optimum = torch.tensor([[[0.8], [0.2]], [[0.1], [0.0]], [[0.5], [0.9]]])
    problem, swapped = (
        constrained(c, lambda z, a: a.sum((-2, -1)) - 0.6) for c in (optimum, optimum.flip(0))
    )
    plan, other = (planner.plan(p, generator=generator()) for p in (problem, swapped))
    assert torch.allclose(plan.actions.flip(0), other.actions, atol=1e-5)


def test_laws_hold_beside_a_constraint(planner):
    optimum = torch.full((2, 3, 2), 3.0)
    problem = constrained(optimum, lambda z, a: a[..., 0, 0] - 0.5)
    plan, again = (planner.plan(problem, generator=generator(3)) for _ in range(2))
    assert torch.equal(plan.actions, again.actions)
    assert plan.stats["history"] == again.stats["history"]
    assert plan.actions.abs().max() <= 1
    warm = torch.full((2, 3, 2), 1.0)
    warm[..., 0, 0] = 0.4999
    kept = planner.plan(problem, generator=generator(), warm_start=warm)
    assert kept.violation.eq(0).all()
    assert (kept.cost <= (warm - optimum).square().sum((-2, -1))).all()


@pytest.mark.parametrize("inner", INNER)
def test_no_time_is_the_warm_start_or_better(inner):
    problem = constrained(torch.full((1, 2, 1), 0.8), lambda z, a: a[..., 0, 0] - 0.5)
    warm = torch.tensor([[[0.49], [0.8]]])
    plan = AugmentedLagrangian(INNER[inner]).plan(
        problem, generator=generator(), warm_start=warm, deadline=0.0
    )
    assert plan.violation == 0 and plan.cost <= 0.31**2 + 1e-6


def test_the_deadline_passes_through(planner):
    """An inner planner that would take seconds is cut short, and every round has its share."""
    inner = CEM(64, 8, 10**6)
    problem = constrained(torch.full((1, 2, 1), 0.8), lambda z, a: a[..., 0, 0] - 0.5)
    began = time.perf_counter()
    plan = AugmentedLagrangian(inner, rounds=4).plan(problem, generator=generator(), deadline=0.4)
    assert time.perf_counter() - began < 0.8  # far from seconds, on a busy machine
    assert len(plan.stats["history"]) == 4 and plan.violation == 0


def test_categorical_actions():
    target = torch.tensor([0.0, 1.0, 2.0])
    problem = Problem(
        quadratic(torch.zeros(1, 3, 3)).dynamics,
        lambda z, a: -(a @ target).sum(-1),
        3,
        Categorical(3),
        constraints=(lambda z, a: (a @ target).sum(-1) - 4.0,),
    )
    plan = AugmentedLagrangian(CategoricalCEM()).plan(problem, generator=generator())
    assert plan.violation == 0 and plan.cost == -4


def test_nan_constraints_are_violated():
    problem = constrained(
        torch.full((1, 1, 1), 0.8),
        lambda z, a: torch.where(a[..., 0, 0] > 0.5, torch.nan, a[..., 0, 0] - 0.6),
    )
    for planner in (CEM(256, 24, 14), AugmentedLagrangian(CEM(256, 24, 14))):
        plan = planner.plan(problem, generator=generator())
        assert plan.violation == 0 and 0.45 < float(plan.actions) <= 0.5


@pytest.mark.parametrize("name", PLANNERS)
def test_every_planner_reports_the_violation_and_filters(name):
    problem = constrained(torch.full((1, 1, 1), 0.8), lambda z, a: a[..., 0, 0] + 2.0)
    plan = PLANNERS[name].plan(problem, generator=generator())
    assert float(plan.violation) == pytest.approx(float(plan.actions) + 2.0, abs=1e-5)
    assert not plan.stats["feasible"].any()


@pytest.mark.parametrize("bad", [{"rounds": 0}, {"penalty": 0.0}, {"growth": 0.5}, {"margin": -1}])
def test_bad_arguments(bad):
    with pytest.raises(WmpcError, match="AugmentedLagrangian needs"):
        AugmentedLagrangian(CEM(), **bad)


def test_a_constraint_of_another_shape():
    problem = constrained(torch.zeros(1, 2, 1), lambda z, a: a[..., 0])
    with pytest.raises(WmpcError, match="the constraint returned"):
        CEM().plan(problem, generator=generator())


def test_violations_rank_in_half_precision_too():
    one = torch.ones(1, 1).half()
    problem = Problem(
        Linear(torch.zeros(1, 1).half(), one, one),
        lambda z, a: (a - 0.8).square().sum((-2, -1)),
        1,
        Box(-one[0], one[0]),
        constraints=(lambda z, a: a[..., 0, 0] + 0.5, lambda z, a: -a[..., 0, 0]),
    )
    plan = CEM(256, 24, 6).plan(problem, generator=generator())
    assert float(plan.violation) == pytest.approx(0.25, abs=0.02)


# Guardrails ---------------------------------------------------------------------------------


def path(*points):
    """One candidate through points (x, y), as latents (1, 1, H, 1, 2), and idle actions."""
    latents = torch.tensor(points)[None, None, :, None]
    return latents, torch.zeros(1, 1, len(points), 1)


def test_outside_disc():
    disc = outside_disc((1.0, 0.0), 0.5)
    assert float(disc(*path((0.0, 0.0), (1.0, 1.0)))) == pytest.approx(0.5 - 0.5**0.5)
    across = path((0.0, 0.1), (2.0, 0.1))
    assert float(disc(*across)) == pytest.approx(0.4)
    assert float(outside_disc((1.0, 0.0), 0.5, swept=False)(*across)) == pytest.approx(
        0.5 - 1.01**0.5
    )
    assert float(disc(*path((0.0, 0.0), (0.0, 0.0)))) == pytest.approx(-0.5)  # stands still
    assert float(disc(*path((1.0, 0.0)))) == 0.5


def test_half_space_and_action_limit():
    wall = half_space((0.0, 2.0), 1.0)
    assert float(wall(*path((5.0, 0.25), (0.0, 0.75)))) == pytest.approx(0.5)
    latents, _ = path((0.0, 0.0), (0.0, 0.0))
    actions = torch.tensor([[[[0.5, -2.0], [1.0, 0.0]]]])
    assert action_limit(1.5)(latents, actions) == 0.5
    assert action_limit(torch.tensor([0.2, 3.0]))(latents, actions) == pytest.approx(0.8)


@pytest.mark.parametrize(
    "guard",
    [
        outside_disc((0.3, -0.2), 0.7),
        half_space((1.0, 0.5), 0.1),
        outside_disc((0.3, -0.2), 0.7, lambda z: z.mean(-2)[..., 1:]),
    ],
)
def test_guardrails_are_differentiable(guard):
    latents = torch.randn(2, 3, 4, 1, 3, generator=generator(), dtype=torch.float64)
    actions = torch.zeros(2, 3, 4, 1, dtype=torch.float64)
    assert guard(latents, actions).shape == (2, 3)
    assert torch.autograd.gradcheck(guard, (latents.requires_grad_(), actions))


def test_a_gradient_at_rest_or_at_the_centre_is_finite():
    latents = torch.zeros(1, 1, 3, 1, 2, requires_grad=True)
    for centre in ((0.0, 0.0), (1.0, 0.0)):
        outside_disc(centre, 0.5)(latents, torch.zeros(1, 1, 3, 1)).sum().backward()
    assert latents.grad is not None and latents.grad.isfinite().all()


@pytest.mark.parametrize(
    "make, match",
    [
        (lambda: outside_disc((0.0, 0.0), 0.0), "radius"),
        (lambda: outside_disc((), 1.0), "centre"),
        (lambda: half_space((0.0, 0.0), 1.0), "normal"),
        (lambda: action_limit(-1.0), "negative"),
        (lambda: outside_disc((0.0, 0.0, 0.0), 1.0)(*path((0.0, 0.0))), "S of at least 3"),
        (lambda: half_space((1.0,), 1.0, lambda z: z)(*path((0.0, 0.0))), "decoded state"),
    ],
)
def test_bad_guardrails(make, match):
    with pytest.raises(WmpcError, match=match):
        make()
