"""Laws that every planner keeps."""

from inspect import isabstract

import pytest
import torch
from planner_problems import (
    DISCRETE,
    FLOORS,
    LINEAR_QUADRATIC,
    PLANNERS,
    generator,
    linear_quadratic,
    quadratic,
)

from wmpc import planners
from wmpc.planners import (
    CEM,
    GRASP,
    ICEM,
    MPPI,
    Adam,
    Box,
    CategoricalCEM,
    Nevergrad,
    PredictiveSampling,
    Problem,
    RandomShooting,
    WmpcError,
    latent_distance,
)


@pytest.fixture(params=PLANNERS)
def planner(request):
    return PLANNERS[request.param]


def test_every_planner_is_tested():
    public = {
        value
        for name in planners.__all__
        if isinstance(value := getattr(planners, name), type)
        and hasattr(value, "plan")
        and not isabstract(value)
        and value is not planners.Planner
    }
    assert public == {type(p) for p in (PLANNERS | DISCRETE).values()}


def test_finds_the_optimum_of_a_quadratic(planner):
    optimum = torch.tensor([[[0.3], [-0.6]], [[0.9], [0.1]]])
    plan = planner.plan(quadratic(optimum), generator=generator())
    assert (plan.actions - optimum).abs().max() < 0.05
    assert plan.cost.max() < 0.005
    assert plan.violation.eq(0).all()


def test_an_optimum_outside_is_sought_on_the_bound(planner):
    plan = planner.plan(quadratic(torch.tensor([[[3.0], [0.0]]])), generator=generator())
    assert plan.actions[0, 0, 0] > 0.95
    assert plan.actions.abs().max() <= 1


@pytest.mark.parametrize("seed", range(5))
def test_bounds_hold_always(planner, seed):
    optimum = torch.randn(3, 4, 2, generator=generator(seed)) * 4
    problem = quadratic(optimum)
    problem = Problem(
        problem.dynamics, problem.cost, 4, Box(torch.tensor([-2.0, 0.1]), torch.tensor([-1.0, 0.2]))
    )
    plan = planner.plan(problem, generator=generator(seed))
    assert (plan.actions >= problem.actions.low).all() and (
        plan.actions <= problem.actions.high
    ).all()


def test_same_seed_same_plan(planner):
    problem = quadratic(torch.rand(2, 3, 2, generator=generator()) * 1.8 - 0.9)
    first, second, other = (planner.plan(problem, generator=generator(seed)) for seed in (7, 7, 8))
    assert torch.equal(first.actions, second.actions)
    assert first.stats["history"] == second.stats["history"] != other.stats["history"]


def test_never_worse_than_the_warm_start(planner):
    optimum = torch.full((2, 3, 2), 0.4)
    warm = optimum + torch.tensor([1e-4, 0.0])
    plan = planner.plan(quadratic(optimum), generator=generator(), warm_start=warm)
    assert (plan.cost <= (warm - optimum).square().sum((-2, -1)) + 1e-12).all()


def test_no_time_means_the_warm_start_or_better(planner):
    optimum = torch.full((1, 3, 2), 0.4)
    warm = torch.full((1, 3, 2), 0.39)
    plan = planner.plan(quadratic(optimum), generator=generator(), warm_start=warm, deadline=0.0)
    assert plan.cost <= (warm - optimum).square().sum()
    assert len(plan.stats["history"]) == 1


@pytest.mark.parametrize("name", LINEAR_QUADRATIC)
def test_solves_linear_quadratic_control(name):
    problem, riccati = linear_quadratic()
    cost = float(LINEAR_QUADRATIC[name].plan(problem, generator=generator()).cost)
    assert riccati * 0.999 <= cost <= riccati * FLOORS.get(name, 1.02)


def test_a_plan_does_not_depend_on_the_order_of_the_problems(planner):
    optimum = torch.rand(3, 3, 2, generator=generator()) * 1.8 - 0.9
    order = torch.tensor([2, 0, 1])
    plan = planner.plan(quadratic(optimum), generator=generator())
    permuted = planner.plan(quadratic(optimum[order]), generator=generator())
    assert torch.allclose(permuted.actions, plan.actions[order], atol=1e-5)
    assert torch.allclose(permuted.cost, plan.cost[order], atol=1e-6)


def test_a_plan_does_not_depend_on_the_problems_beside_it(planner):
    optimum = torch.rand(3, 3, 2, generator=generator()) * 1.8 - 0.9
    plan = planner.plan(quadratic(optimum), generator=generator())
    alone = planner.plan(quadratic(optimum[1:2]), generator=generator())
    assert torch.allclose(alone.actions, plan.actions[1:2], atol=1e-5)


def test_double_precision_throughout(planner):
    optimum = torch.tensor([[[0.3], [-0.6]]], dtype=torch.float64)
    plan = planner.plan(quadratic(optimum), generator=generator())
    assert {plan.actions.dtype, plan.cost.dtype, plan.latents.dtype} == {torch.float64}
    assert (plan.actions - optimum).abs().max() < 0.05


def test_a_nan_cost_never_wins_and_is_counted(planner):
    problem = quadratic(torch.zeros(1, 2, 1))

    def cost(latents, actions):
        honest = problem.cost(latents, actions)
        return torch.where(actions[..., 0, 0] > 0.2, honest * torch.nan, honest + 1)

    poisoned = Problem(problem.dynamics, cost, 2, problem.actions)
    plan = planner.plan(poisoned, generator=generator())
    assert plan.cost.isfinite().all() and plan.actions[0, 0, 0] <= 0.2
    if not isinstance(planner, Adam | GRASP):  # which need not come across one
        assert plan.stats["invalid"] > 0


def test_all_nan_is_an_error(planner):
    problem = quadratic(torch.zeros(1, 2, 1))
    broken = Problem(problem.dynamics, lambda z, a: a.sum((-2, -1)) * torch.nan, 2, problem.actions)
    with pytest.raises(WmpcError, match="NaN"):
        planner.plan(broken, generator=generator())


def test_constraints_come_before_cost():
    problem = quadratic(torch.full((1, 1, 1), 0.8))
    limited = Problem(
        problem.dynamics,
        problem.cost,
        1,
        problem.actions,
        constraints=(lambda z, a: a[..., 0, 0] - 0.5,),
    )
    plan = CEM(iterations=10).plan(limited, generator=generator())
    assert plan.violation == 0 and 0.45 < float(plan.actions) <= 0.5


def test_gradient_needs_a_differentiable_cost():
    problem = quadratic(torch.zeros(1, 2, 1))
    detached = Problem(problem.dynamics, lambda z, a: a.detach().sum((-2, -1)), 2, problem.actions)
    with pytest.raises(WmpcError, match="differentiabl"):
        Adam().plan(detached, generator=generator())


@pytest.mark.parametrize(
    "low, high",
    [([1.0], [-1.0]), ([0.0], [0.0]), ([-torch.inf], [1.0]), ([-1.0, -1.0], [1.0])],
)
def test_bad_bounds(planner, low, high):
    problem = quadratic(torch.zeros(1, 2, 1))
    bad = Problem(problem.dynamics, problem.cost, 2, Box(torch.tensor(low), torch.tensor(high)))
    with pytest.raises(WmpcError, match="bounds"):
        planner.plan(bad, generator=generator())


def test_bad_warm_start(planner):
    with pytest.raises(WmpcError, match="warm_start is"):
        planner.plan(
            quadratic(torch.zeros(1, 2, 1)), generator=generator(), warm_start=torch.zeros(1, 3, 1)
        )


@pytest.mark.parametrize(
    "make",
    [
        lambda: CEM(samples=10, elites=11),
        lambda: CEM(iterations=0),
        lambda: CEM(samples=0),
        lambda: CEM(elites=1),
        lambda: CEM(spread=0.0),
        lambda: CEM(least_spread=-0.1),
        lambda: CEM(momentum=1.0),
        lambda: ICEM(samples=10, elites=11),
        lambda: ICEM(iterations=0),
        lambda: ICEM(beta=-1.0),
        lambda: ICEM(keep=1.5),
        lambda: ICEM(decay=0.9),
        lambda: MPPI(samples=0),
        lambda: MPPI(temperature=-1.0),
        lambda: MPPI(temperature=0.0),
        lambda: MPPI(samples=8, effective=9),
        lambda: MPPI(spread=0.0),
        lambda: MPPI(decay=0.0),
        lambda: MPPI(gamma=-1.0),
        lambda: PredictiveSampling(samples=0),
        lambda: PredictiveSampling(knots=0),
        lambda: PredictiveSampling(spread=-1.0),
        lambda: PredictiveSampling(interpolation="quintic"),  # type: ignore[arg-type]
        lambda: CategoricalCEM(samples=10, elites=11),
        lambda: CategoricalCEM(samples=0),
        lambda: CategoricalCEM(momentum=1.0),
        lambda: CategoricalCEM(least=2.0),
        lambda: Nevergrad(samples=0),
        lambda: Nevergrad("Newton"),
        lambda: RandomShooting(samples=0),
        lambda: Adam(restarts=0),
        lambda: latent_distance(torch.zeros(1, 1, 1), steps="first"),  # type: ignore[arg-type]
    ],
)
def test_bad_arguments(make):
    with pytest.raises(WmpcError):
        make()


def test_a_setting_out_of_range_is_told_with_what_is_allowed():
    with pytest.raises(WmpcError) as said:
        CEM(samples=10, elites=11, iterations=0)
    assert str(said.value) == (
        "elites is 11, samples is 10, iterations is 0; CEM needs 2 <= elites <= samples, "
        "iterations >= 1"
    )
    with pytest.raises(WmpcError, match="temperature is -1; MPPI needs temp"):
        MPPI(temperature=-1, effective=1000)
    CEM(samples=2, elites=2, iterations=1, least_spread=0, momentum=0.999)  # the ends are allowed


def test_latent_distance_counts_what_it_says():
    goal = torch.zeros(1, 1, 2)
    latents = torch.arange(1.0, 7.0).view(1, 1, 3, 1, 2)  # (1,2), (3,4), (5,6)
    actions = torch.zeros(1, 1, 3, 1)
    assert latent_distance(goal, steps="last")(latents, actions) == 61
    assert latent_distance(goal, steps="sum")(latents, actions) == 91
    assert latent_distance(goal, steps="executed", executed=1)(latents, actions) == 5
    weight = torch.tensor([[1.0, 0.0]])
    assert latent_distance(goal, steps="last", weight=weight)(latents, actions) == 25
