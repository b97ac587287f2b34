"""The rules of the gradient planners, and what GRASP and Hybrid add."""

import pytest
import torch
from planner_problems import Linear, box, generator, quadratic

from wmpc.planners import (
    GRASP,
    SGD,
    Adam,
    Hybrid,
    NumpyDynamics,
    Problem,
    ProjectedGradient,
    WmpcError,
    latent_distance,
    search,
)
from wmpc.planners.descent import descend
from wmpc.planners.search import Search

EVERY = [SGD(), Adam(), ProjectedGradient(), GRASP(), Hybrid()]


def by_name(planner):
    return type(planner).__name__


@pytest.mark.parametrize(
    "ours, theirs",
    [
        (SGD(1, 20, rate=0.03), lambda x: torch.optim.SGD([x], 0.03)),
        (SGD(1, 20, rate=0.03, momentum=0.9), lambda x: torch.optim.SGD([x], 0.03, momentum=0.9)),
        (Adam(1, 20, rate=0.05), lambda x: torch.optim.Adam([x], 0.05)),
    ],
)
def test_the_rules_are_torchs(ours, theirs):
    """With the same falling rate, on a cost that is not a bowl, away from the bounds."""

    def cost(a):
        return ((a - 0.3) ** 4 + 0.5 * (a[..., :1, :] - a[..., 1:, :]) ** 2).sum((-2, -1))

    x = torch.zeros(1, 1, 2, 2, dtype=torch.float64)
    mine, memory = x.clone(), None
    other = x.clone().requires_grad_()
    optimizer = theirs(other)
    rate = optimizer.param_groups[0]["lr"]
    for step in range(20):
        left = 1 - step / 20
        point = mine.clone().requires_grad_()
        (g,) = torch.autograd.grad(cost(point).sum(), point)
        mine, memory = ours.step(mine, cost(mine), g, left, memory)
        optimizer.param_groups[0]["lr"] = rate * left
        optimizer.zero_grad()
        cost(other).sum().backward()
        optimizer.step()
    assert torch.allclose(mine, other.detach(), atol=1e-12)


def test_projected_gradient_by_hand():
    """f(x) = x^2 / 2 from x = 0.8: first a step of `rate`, then Barzilai and Borwein's is exact."""
    rule = ProjectedGradient(rate=0.2).step
    x = torch.full((1, 1, 1, 1), 0.8)
    there, memory = rule(x, x.square()[..., 0, 0] / 2, x, 1.0, None)
    assert there.item() == pytest.approx(0.6)
    last, memory = rule(there, there.square()[..., 0, 0] / 2, there, 1.0, memory)
    assert last.item() == pytest.approx(0, abs=1e-6)
    worse = torch.full_like(x, 9.0)  # back, and a quarter of the step from where it was
    again, _ = rule(worse, worse.square()[..., 0, 0] / 2, worse, 1.0, memory)
    assert again.item() == pytest.approx(0.6 - 0.6 / 4)


def test_projected_gradient_needs_no_scale():
    """The same plan for a cost a million times larger, and quickly on a bad condition."""
    weight = torch.logspace(0, 3, 4)
    for scale in (1e-3, 1.0, 1e3):

        def cost(z, a, scale=scale):
            return scale * (weight * (a[..., 0] - 0.5).square()).sum(-1)

        problem = Problem(quadratic(torch.zeros(1, 4, 1)).dynamics, cost, 4, box(1))
        plan = ProjectedGradient(1, 60).plan(problem, generator=generator())
        assert (plan.actions - 0.5).abs().max() < 0.02


def test_restarts_leave_a_local_minimum():
    """(a^2 - 0.25)^2 + a / 10: the warm start sits in the shallow basin."""
    problem = quadratic(torch.zeros(1, 1, 1))
    cost = lambda z, a: ((a.square() - 0.25).square() + a / 10).sum((-2, -1))  # noqa: E731
    problem = Problem(problem.dynamics, cost, 1, problem.actions)
    warm = torch.full((1, 1, 1), 0.45)
    for make in (SGD, Adam, ProjectedGradient):
        alone = make(1, 60).plan(problem, generator=generator(), warm_start=warm)
        many = make(16, 60, spread=0.8).plan(problem, generator=generator(), warm_start=warm)
        assert alone.actions > 0.3 and many.actions < -0.4


@pytest.mark.parametrize("planner", EVERY, ids=by_name)
def test_a_simulator_has_no_gradient(planner):
    """Neither has a cost that hides it behind a term in the actions alone."""
    dynamics = NumpyDynamics(lambda s, a: a.cumsum(2) + s[:, None, None], torch.zeros(1, 1).numpy())
    problem = Problem(
        dynamics,
        lambda z, a: z.square().sum((-3, -2, -1)) + a.square().sum((-2, -1)),
        3,
        box(1, dtype=torch.float64),
    )
    with pytest.raises(WmpcError, match="differentiabl"):
        planner.plan(problem, generator=generator())


@pytest.mark.parametrize("planner", EVERY, ids=by_name)
def test_a_cost_of_something_else_has_no_gradient(planner):
    elsewhere = torch.ones((), requires_grad=True)
    problem = quadratic(torch.zeros(1, 2, 1))
    cost = lambda z, a: elsewhere * a.detach().square().sum((-2, -1))  # noqa: E731
    with pytest.raises(WmpcError, match="differentiabl"):
        planner.plan(Problem(problem.dynamics, cost, 2, problem.actions), generator=generator())


@pytest.mark.parametrize("planner", EVERY, ids=by_name)
def test_parameters_of_the_model_gather_no_gradient(planner):
    parameter = torch.nn.Parameter(torch.eye(2))
    problem = Problem(
        Linear(torch.zeros(1, 2), parameter, torch.eye(2)),
        latent_distance(torch.full((1, 1, 2), 0.5)),
        3,
        box(2),
        goal=torch.full((1, 1, 2), 0.5),
    )
    plan = planner.plan(problem, generator=generator())
    assert parameter.grad is None and plan.cost < 1e-2
    assert not plan.actions.requires_grad and not plan.latents.requires_grad


@pytest.mark.parametrize("rule", [SGD().step, Adam().step, ProjectedGradient().step])
def test_descent_never_loses(rule):
    """Each candidate's best is returned, however wild the steps were."""
    problem = quadratic(torch.rand(2, 3, 2, generator=generator()))
    search = Search(problem, generator(), None, None)
    first = search.box.clamp(search.noise(6).expand(2, -1, -1, -1))
    best, rank = descend(search, first, lambda *a: rule(a[0], a[1], 30 * a[2], *a[3:]), 5)
    assert torch.equal(rank, problem.cost(None, best))
    assert (rank <= problem.cost(None, first)).all()


class Clocked(Linear):
    """Every rollout and every prediction takes ten seconds of the search's clock."""

    now = 0.0

    def perf_counter(self):
        return self.now

    def rollout(self, actions):
        self.now += 10
        return super().rollout(actions)

    def predict(self, states, actions):
        self.now += 10
        return super().predict(states, actions)


@pytest.mark.parametrize("planner", EVERY, ids=by_name)
def test_loops_within_loops_keep_the_deadline(planner, monkeypatch):
    """From the floor on, which is what the first round takes."""
    problem = quadratic(torch.rand(1, 3, 1, generator=generator()))
    for deadline in range(100, 400, 37):
        world = Clocked(torch.zeros(1, 1), torch.eye(1), torch.zeros(1, 1))
        monkeypatch.setattr(search, "time", world)
        timed = Problem(world, problem.cost, 3, problem.actions)
        planner.plan(timed, generator=generator(), deadline=deadline)
        assert deadline / 3 < world.now <= deadline


@pytest.mark.parametrize("planner", EVERY, ids=by_name)
def test_pieces_change_nothing_but_memory(planner):
    problem = quadratic(torch.rand(2, 3, 2, generator=generator()))
    plans = [
        planner.plan(
            Problem(problem.dynamics, problem.cost, 3, problem.actions, memory=memory),
            generator=generator(),
        )
        for memory in (1 << 30, 40_000)
    ]
    assert torch.allclose(plans[0].actions, plans[1].actions, atol=1e-5)


class Watched(Linear):
    """Notes what `predict` was given."""

    def predict(self, states, actions):
        self.seen.append((states.requires_grad, actions.requires_grad, tuple(states.shape)))
        return super().predict(states, actions)


def test_grasp_stops_the_gradient_into_the_states():
    """The states given carry no gradient, the actions do; N sequences of H - 1 states each."""
    goal = torch.full((2, 1, 2), 0.4)
    dynamics = Watched(torch.zeros(2, 2), torch.eye(2), torch.eye(2))
    dynamics.seen = []
    problem = Problem(dynamics, latent_distance(goal), 5, box(2, -0.2, 0.2), goal=goal)
    plan = GRASP(restarts=3, iterations=4, sync=2).plan(problem, generator=generator())
    assert dynamics.seen == [(False, True, (2, 3, 4, 1, 2))] * 4
    assert torch.allclose(plan.latents, dynamics.rollout(plan.actions[:, None])[:, 0])


def test_grasp_does_without_a_goal_and_with_a_single_step():
    optimum = torch.tensor([[[0.3]]])
    plan = GRASP(restarts=2).plan(quadratic(optimum), generator=generator())
    assert (plan.actions - optimum).abs().max() < 1e-3


def test_grasp_is_not_drawn_by_what_the_goal_leaves_open():
    """An entry of the goal that does not count may be anything."""
    weight, plans = torch.tensor([1.0, 0.0]), []
    for unknown in (0.0, 50.0):
        goal = torch.tensor([[[0.4, unknown]]])
        dynamics = Linear(torch.zeros(1, 2), torch.eye(2), torch.eye(2))
        cost = latent_distance(goal, weight=weight)
        problem = Problem(dynamics, cost, 5, box(2, -0.2, 0.2), goal=goal, weight=weight)
        plans.append(GRASP(restarts=3, iterations=4).plan(problem, generator=generator()).actions)
    assert torch.equal(*plans)


def test_grasp_refuses_a_goal_of_another_shape():
    problem = quadratic(torch.zeros(2, 3, 1))
    problem = Problem(problem.dynamics, problem.cost, 3, problem.actions, goal=torch.zeros(1, 2, 3))
    with pytest.raises(WmpcError, match="goal is"):
        GRASP().plan(problem, generator=generator())


def test_hybrid_ends_where_cem_only_comes_near():
    optimum = torch.rand(1, 6, 2, generator=generator()) * 1.6 - 0.8
    costs = [
        Hybrid(64, 8, 3, steps=steps, finish=finish)
        .plan(quadratic(optimum), generator=generator())
        .cost
        for steps, finish in ((0, 0), (2, 0), (2, 10))
    ]
    assert costs[0] > 10 * costs[1] and costs[1] >= costs[2] and costs[2] < 1e-6


@pytest.mark.parametrize(
    "make",
    [
        lambda: SGD(momentum=1.0),
        lambda: ProjectedGradient(rate=0.0),
        lambda: GRASP(sync=0),
        lambda: GRASP(state_rate=1.5),
        lambda: GRASP(noise=-1.0),
        lambda: Hybrid(samples=4, elites=5),
        lambda: Hybrid(steps=-1),
    ],
)
def test_bad_arguments(make):
    with pytest.raises(WmpcError):
        make()
