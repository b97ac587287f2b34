"""Laws that every planner over discrete actions keeps, on a problem that brute force solves."""

import pytest
import torch
from planner_problems import DISCRETE, Linear, Recorded, generator, quadratic, switches

from wmpc.planners import CEM, Categorical, CategoricalCEM, Problem, WmpcError


@pytest.fixture(params=DISCRETE)
def discrete(request):
    return DISCRETE[request.param]


def is_one_hot(actions):
    return bool(((actions == 0) | (actions == 1)).all() and actions.sum(-1).eq(1).all())


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_discrete_finds_what_brute_force_finds(discrete, seed, dtype):
    problem, least = switches(dtype=dtype, seed=seed)
    plan = discrete.plan(problem, generator=generator(seed))
    assert is_one_hot(plan.actions) and plan.actions.dtype == plan.cost.dtype == dtype
    assert torch.allclose(plan.cost, least)


def test_discrete_is_one_hot_always(discrete):
    problem, _ = switches(B=1, H=3, n=4)
    recorded = Recorded(problem)
    discrete.plan(recorded.problem, generator=generator(), warm_start=torch.rand(1, 3, 4))
    assert all(is_one_hot(actions) for actions in recorded.actions)


def test_discrete_with_no_time_returns_the_warm_start(discrete):
    problem, _ = switches()
    warm = torch.eye(3)[torch.tensor([[0, 2, 1, 1], [2, 2, 0, 1]])]
    plan = discrete.plan(problem, generator=generator(), warm_start=warm, deadline=0.0)
    assert torch.equal(plan.actions, warm)
    plan = discrete.plan(problem, generator=generator(), deadline=0.0)
    assert is_one_hot(plan.actions) and len(plan.stats["history"]) == 1


def test_discrete_never_worse_than_the_warm_start(discrete):
    problem, least = switches()
    warm = discrete.plan(problem, generator=generator()).actions
    quick = CategoricalCEM(samples=2, elites=1, iterations=1)
    assert torch.allclose(quick.plan(problem, generator=generator(), warm_start=warm).cost, least)


def test_discrete_same_seed_same_plan(discrete):
    problem, _ = switches(H=5, n=4)
    first, second = (discrete.plan(problem, generator=generator(7)) for _ in range(2))
    assert torch.equal(first.actions, second.actions)
    assert first.stats["history"] == second.stats["history"]


def test_discrete_does_not_depend_on_the_problems_beside_it(discrete):
    problem, _ = switches(B=3)
    quick = CategoricalCEM(samples=6, elites=2, iterations=2)
    plan = quick.plan(problem, generator=generator())

    def alone(b):
        zeros = torch.zeros(1, 1)
        dynamics = Linear(zeros, torch.eye(1), torch.zeros(3, 1))

        def cost(latents, actions):
            return problem.cost(latents, actions.expand(3, -1, -1, -1))[b : b + 1]

        return Problem(dynamics, cost, 4, Categorical(3))

    for b in (2, 0, 1):
        single = quick.plan(alone(b), generator=generator())
        assert torch.equal(single.actions, plan.actions[b : b + 1])


def test_the_wrong_kind_of_actions_is_named(discrete):
    with pytest.raises(WmpcError, match="use CEM"):
        discrete.plan(quadratic(torch.zeros(1, 2, 1)), generator=generator())
    with pytest.raises(WmpcError, match="use CategoricalCEM"):
        CEM().plan(switches()[0], generator=generator())
    with pytest.raises(WmpcError, match="at least 2"):
        discrete.plan(switches(n=1)[0], generator=generator())
