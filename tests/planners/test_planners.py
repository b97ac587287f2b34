"""Laws that every planner keeps."""

import pytest
import torch
from planner_problems import PLANNERS, Linear, box, generator, quadratic

import planners
from planners import CEM, GRASP, Adam, Box, PlannerError, Problem, RandomShooting, latent_distance


@pytest.fixture(params=PLANNERS)
def planner(request):
    return PLANNERS[request.param]


def test_every_planner_is_tested():
    public = {
        value
        for name in planners.__all__
        if isinstance(value := getattr(planners, name), type)
        and hasattr(value, "plan")
        and value is not planners.Planner
    }
    public.discard(planners.MPCAgent)
    assert public == {type(p) for p in PLANNERS.values()}


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


def test_solves_linear_quadratic_control():
    """Against the Riccati recursion: minimise sum |s|^2 + 0.1 |a|^2 of a double integrator."""
    M = torch.tensor([[1.0, 0.0], [0.2, 1.0]])
    G = torch.tensor([[0.02, 0.2]])
    start, H, R = torch.tensor([[0.6, 0.0]]), 8, 0.1
    P = torch.eye(2)
    for _ in range(H - 1):  # row convention: s' = s M + a G
        F, g = M.T, G.T
        K = torch.linalg.solve(R + g.T @ P @ g, g.T @ P @ F)
        P = torch.eye(2) + F.T @ P @ (F - g @ K)
    F, g = M.T, G.T
    K = torch.linalg.solve(R + g.T @ P @ g, g.T @ P @ F)
    riccati = float(start @ (F.T @ P @ (F - g @ K)) @ start.T)
    problem = Problem(
        dynamics=Linear(start, M, G),
        cost=lambda z, a: z.square().sum((-3, -2, -1)) + R * a.square().sum((-2, -1)),
        horizon=H,
        actions=box(1, -5, 5),
    )
    for planner in (CEM(512, 40, 30, least_spread=0.001), Adam(4, 300)):
        cost = float(planner.plan(problem, generator=generator()).cost)
        assert riccati * 0.999 <= cost <= riccati * 1.02


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
    with pytest.raises(PlannerError, match="NaN"):
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
    with pytest.raises(PlannerError, match="differentiabl"):
        Adam().plan(detached, generator=generator())


@pytest.mark.parametrize(
    "low, high",
    [([1.0], [-1.0]), ([0.0], [0.0]), ([-torch.inf], [1.0]), ([-1.0, -1.0], [1.0])],
)
def test_bad_bounds(planner, low, high):
    problem = quadratic(torch.zeros(1, 2, 1))
    bad = Problem(problem.dynamics, problem.cost, 2, Box(torch.tensor(low), torch.tensor(high)))
    with pytest.raises(PlannerError, match="bounds"):
        planner.plan(bad, generator=generator())


def test_bad_warm_start(planner):
    with pytest.raises(PlannerError, match="warm_start is"):
        planner.plan(
            quadratic(torch.zeros(1, 2, 1)), generator=generator(), warm_start=torch.zeros(1, 3, 1)
        )


@pytest.mark.parametrize(
    "make",
    [
        lambda: CEM(samples=10, elites=11),
        lambda: CEM(iterations=0),
        lambda: RandomShooting(samples=0),
        lambda: Adam(restarts=0),
        lambda: latent_distance(torch.zeros(1, 1, 1), steps="first"),  # type: ignore[arg-type]
    ],
)
def test_bad_arguments(make):
    with pytest.raises(PlannerError):
        make()


def test_latent_distance_counts_what_it_says():
    goal = torch.zeros(1, 1, 2)
    latents = torch.arange(1.0, 7.0).view(1, 1, 3, 1, 2)  # (1,2), (3,4), (5,6)
    actions = torch.zeros(1, 1, 3, 1)
    assert latent_distance(goal, steps="last")(latents, actions) == 61
    assert latent_distance(goal, steps="sum")(latents, actions) == 91
    assert latent_distance(goal, steps="executed", executed=1)(latents, actions) == 5
    weight = torch.tensor([[1.0, 0.0]])
    assert latent_distance(goal, steps="last", weight=weight)(latents, actions) == 25
