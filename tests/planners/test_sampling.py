"""The sampling planners: against independent computations, and what each one promises."""

import builtins

import numpy as np
import pytest
import torch
from planner_problems import PLANNERS, Linear, Recorded, generator, quadratic

from wmpc.planners import CEM, ICEM, MPPI, Box, Nevergrad, PredictiveSampling, Problem, WmpcError
from wmpc.planners.icem import coloured
from wmpc.planners.mppi import weigh
from wmpc.planners.nevergrad_adapter import _losses
from wmpc.planners.predictive_sampling import interpolate


def wide(B=2, H=4, A=3, dtype=torch.float64):
    """A quadratic whose bounds no sample of this file comes near."""
    optimum = torch.randn(B, H, A, generator=generator(5), dtype=dtype)
    return quadratic(optimum, low=-100.0, high=100.0)


# Oracles ------------------------------------------------------------------------------------


@pytest.mark.parametrize("momentum, least_spread", [(0.0, 0.0), (0.3, 0.0), (0.1, 0.015)])
def test_cem_refits_as_numpy_does(momentum, least_spread):
    planner = CEM(32, 6, 4, spread=0.02, momentum=momentum, least_spread=least_spread)
    problem = Recorded(wide())
    planner.plan(problem.problem, generator=generator(3))
    mean, std = np.zeros((2, 4, 3)), np.full((2, 4, 3), 2.0)
    noise = generator(3)
    for actions, costs in zip(problem.actions, problem.costs, strict=True):
        white = torch.randn(1, 32, 4, 3, generator=noise, dtype=torch.float64).numpy()
        expected = mean[:, None] + std[:, None] * white
        expected[:, 0] = mean
        assert np.allclose(actions.numpy(), expected, atol=1e-12)
        for b in range(2):
            elite = expected[b, np.argsort(costs[b].numpy())[:6]]
            mean[b] = momentum * mean[b] + (1 - momentum) * elite.mean(0)
            std[b] = momentum * std[b] + (1 - momentum) * elite.std(0, ddof=1)
        std = np.maximum(std, least_spread * 100)


@pytest.mark.parametrize("gamma", [0.0, 0.7])
def test_mppi_is_pytorch_mppi_on_the_same_samples(gamma):
    """Three iterations; pytorch-mppi always has the control cost, with gamma = lambda."""
    import pytorch_mppi

    H, A, K, sigma = 5, 2, 64, 0.4
    M = torch.eye(2, dtype=torch.float64) * 0.9
    G = torch.tensor([[0.5, 0.1], [-0.2, 0.4]], dtype=torch.float64)
    start = torch.tensor([[1.0, -0.5]], dtype=torch.float64)
    low, high = -torch.ones(A, dtype=torch.float64), torch.ones(A, dtype=torch.float64)
    warm = torch.rand(1, H, A, generator=generator(1), dtype=torch.float64) - 0.5
    problem = Recorded(
        Problem(Linear(start, M, G), lambda z, a: z.square().sum((-3, -2, -1)), H, Box(low, high))
    )
    planner = MPPI(K, 3, temperature=0.7, spread=sigma, decay=1.0, gamma=gamma)
    planner.plan(problem.problem, generator=generator(9), warm_start=warm)

    oracle = pytorch_mppi.MPPI(
        dynamics=lambda s, a: s @ M + a @ G,
        running_cost=lambda s, a: s.square().sum(-1),
        nx=2,
        noise_sigma=torch.eye(A, dtype=torch.float64) * sigma**2,
        num_samples=K,
        horizon=H,
        lambda_=0.7,
        u_min=low,
        u_max=high,
        U_init=warm[0].clone(),
    )
    if not gamma:
        oracle._compute_action_cost = torch.zeros_like
    source = generator(9)

    def same_noise(shape):
        noise = torch.randn(1, *shape, A, generator=source, dtype=torch.float64)[0] * sigma
        noise[0] = 0  # ours has the nominal itself among the samples
        return noise

    oracle._sample_noise = same_noise
    for following in problem.actions[1:]:
        oracle.command(start[0], shift_nominal_trajectory=False)
        assert torch.allclose(following[0, 0], oracle.U, atol=1e-12)


def test_mppi_is_the_paper_in_numpy():
    """arXiv 1707.02342, algorithm 2, written out: one update, with and without the control cost."""
    H, A, K, sigma, lam, gamma = 4, 3, 16, 2.0, 1.5, 0.6
    warm = torch.randn(2, H, A, generator=generator(2), dtype=torch.float64)
    problem = Recorded(wide())
    planner = MPPI(K, 1, temperature=lam, spread=0.02, gamma=gamma)
    planner.plan(problem.problem, generator=generator(4), warm_start=warm)
    sampled, (after,) = problem.actions[0].numpy(), problem.actions[1:]
    for b in range(2):
        u = warm[b].numpy().copy()
        S = np.array([float(problem.costs[0][b, k]) for k in range(K)])
        for k in range(K):
            eps = sampled[b, k] - u
            S[k] += gamma * sum(u[t] @ eps[t] / sigma**2 for t in range(H))
        w = np.exp(-(S - S.min()) / lam)
        w /= w.sum()
        u = u + sum(w[k] * (sampled[b, k] - u) for k in range(K))
        assert np.allclose(after[b, 0].numpy(), u, atol=1e-12)


# What each one promises ---------------------------------------------------------------------


@pytest.mark.parametrize("effective", [1.0, 5.0, 12.5, 40.0])
@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e6])
def test_the_temperature_found_gives_the_samples_wanted(effective, unit):
    S = torch.randn(3, 64, generator=generator()).square() * unit - 3 * unit
    w = weigh(S, None, effective)
    assert torch.allclose(w.sum(1), torch.ones(3))
    assert torch.allclose(1 / w.square().sum(1), torch.full((3,), effective), rtol=0.05)


def test_what_breaks_a_constraint_or_is_nan_weighs_nothing():
    S = torch.tensor([[1.0, 2.0, 3e30, torch.inf], [torch.inf, 5.0, 5.0, 2e30]])
    for temperature in (None, 2.0):
        w = weigh(S, temperature, effective=4.0)
        assert w[0, 2:].eq(0).all() and w[1, 0] == 0 and w[1, 3] == 0
        assert torch.allclose(w[1, 1:3], torch.tensor(0.5))
    hopeless = weigh(torch.full((1, 4), torch.inf), None, 2.0)
    assert hopeless.isfinite().all()


@pytest.mark.parametrize("H", [1, 7, 64])
@pytest.mark.parametrize("beta", [0.0, 1.0, 2.5])
def test_coloured_noise_has_the_spectrum_it_says(beta, H):
    white = torch.randn(20_000, H, 1, generator=generator(), dtype=torch.float64)
    noise = coloured(white, beta)
    assert torch.allclose(noise.var(0), torch.ones(H, 1, dtype=torch.float64), atol=0.05)
    power = torch.fft.rfft(noise[..., 0]).abs().square().mean(0)
    f = np.arange(1, len(power))
    if len(f):
        slope = np.polyfit(np.log(f), power[1:].log().numpy(), 1)[0]
        assert slope == pytest.approx(-beta, abs=0.05)
        assert float(power[0] / power[1]) == pytest.approx(1, abs=0.1)
    if not beta:
        assert torch.allclose(noise, white)


def test_icem_scores_no_kept_elite_again():
    planner = ICEM(samples=60, elites=10, iterations=6, keep=0.5, decay=1.5)
    problem = Recorded(wide())
    plan = planner.plan(problem.problem, generator=generator())
    rolled = [actions.shape[1] for actions in problem.actions]
    assert rolled == [60, 40, 26, 20, 20, 20]  # N gamma^-i, at least 2 K, and no more
    every = torch.cat(problem.actions, 1)
    for b in range(2):
        assert len(every[b].flatten(1).unique(dim=0)) == sum(rolled)
    assert torch.equal(plan.cost, torch.cat(problem.costs, 1).amin(1))


def test_icem_keeps_elites_in_the_running():
    """With all elites kept and nothing better drawn, the Gaussian stays with them."""
    target = torch.zeros(1, 2, 1)
    costs = []

    def cost(latents, actions):  # later draws are worthless
        costs.append(None)
        return (actions - target[:, None]).square().sum((-2, -1)) + 100.0 * (len(costs) > 1)

    base = quadratic(target)
    problem = Recorded(Problem(base.dynamics, cost, 2, base.actions))
    planner = ICEM(samples=40, elites=8, iterations=3, keep=1.0, momentum=0.0, decay=1.0)
    planner.plan(problem.problem, generator=generator())
    best = problem.costs[0][0].topk(8, largest=False).indices
    expected = problem.actions[0][0, best].mean(0)
    assert torch.allclose(problem.actions[2][0, 0], expected, atol=1e-6)  # the mean, at last


@pytest.mark.parametrize("order", ["zero", "linear", "cubic"])
@pytest.mark.parametrize("P, H", [(1, 5), (2, 2), (3, 9), (4, 7), (6, 6)])
def test_splines(order, P, H):
    knots = torch.randn(2, P, 3, generator=generator(), dtype=torch.float64)
    spline = interpolate(knots, H, order)
    assert spline.shape == (2, H, 3)
    assert torch.allclose(spline[:, 0], knots[:, 0])
    assert torch.allclose(spline[:, -1], knots[:, -1])
    if P == H:
        assert torch.allclose(spline, knots)
    if order == "zero":
        assert all((knots == spline[:, t, None]).all(-1).any(1).all() for t in range(H))
    elif P > 1:  # a line is a spline
        line = torch.arange(P, dtype=torch.float64)[:, None]
        steps = torch.linspace(0, P - 1, H, dtype=torch.float64)[:, None]
        assert torch.allclose(interpolate(line, H, order), steps)


def test_a_cubic_spline_is_scipys_hermite():
    from scipy.interpolate import CubicHermiteSpline

    values = torch.randn(5, 1, generator=generator(), dtype=torch.float64)
    v = values[:, 0].numpy()
    expected = CubicHermiteSpline(np.arange(5), v, np.gradient(v))(np.linspace(0, 4, 13))
    assert np.allclose(interpolate(values, 13, "cubic")[:, 0].numpy(), expected)


def test_predictive_sampling_perturbs_the_best_by_splines():
    problem = Recorded(wide(H=9))
    planner = PredictiveSampling(20, 3, knots=2, interpolation="linear", spread=0.01)
    planner.plan(problem.problem, generator=generator())
    nominal = torch.zeros(2, 9, 3, dtype=torch.float64)
    for i, actions in enumerate(problem.actions, 1):
        bend = (actions - nominal[:, None]).diff(dim=2).diff(dim=2)
        assert bend.abs().max() < 1e-10  # what was added is a straight line
        seen, costs = torch.cat(problem.actions[:i], 1), torch.cat(problem.costs[:i], 1)
        nominal = seen[torch.arange(2), costs.argmin(1)]


@pytest.mark.parametrize("name", PLANNERS)
def test_no_time_at_all_returns_the_warm_start(name):
    """In a box that is neither centred nor the same in all dimensions."""
    low, high = torch.tensor([2.0, -0.5]), torch.tensor([3.0, 9.0])
    optimum, range_ = torch.tensor([[[2.3, 5.0], [2.9, 0.0]]]), high - low
    base = quadratic(optimum / range_)
    problem = Problem(base.dynamics, lambda z, a: base.cost(z, a / range_), 2, Box(low, high))
    warm = torch.tensor([[[2.5, 4.0], [2.1, 8.5]]])
    plan = PLANNERS[name].plan(problem, generator=generator(), warm_start=warm, deadline=0.0)
    assert torch.equal(plan.actions, warm)
    cold = PLANNERS[name].plan(problem, generator=generator(), deadline=0.0)
    assert torch.equal(cold.actions, ((low + high) / 2).expand(1, 2, 2))
    found = PLANNERS[name].plan(problem, generator=generator()).actions
    assert ((found - optimum).abs() < 0.1 * range_).all()


def test_nevergrad_missing_names_the_command(monkeypatch):
    real = builtins.__import__

    def absent(name, *rest, **kwargs):
        if name == "nevergrad":
            raise ImportError(name)
        return real(name, *rest, **kwargs)

    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(WmpcError, match="pip install"):
        Nevergrad()


def test_nevergrad_is_told_violations_in_their_order():
    """Its own limit is 5e20; ranks of violated constraints are beyond."""
    ranks = torch.tensor([-3.0, 0.0, 2e5, 1e30, 1.5e30, 1e36, torch.inf])
    told = _losses(ranks)
    assert (told.diff() > 0).all() and told.max() < 5e20
    assert torch.equal(told[:3], ranks[:3].double())


@pytest.mark.parametrize("optimiser", ["DiagonalCMA", "DE", "OnePlusOne"])
def test_nevergrad_takes_any_optimiser(optimiser):
    planner = Nevergrad(optimiser, samples=10, iterations=20)
    plan = planner.plan(quadratic(torch.tensor([[[0.3], [-0.6]]])), generator=generator())
    assert plan.cost < 0.02
