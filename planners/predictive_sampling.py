"""Predictive sampling (Howell et al. 2022, arXiv 2212.00541): the simplest planner that works."""

from typing import Literal

import torch
from torch import Generator, Tensor

from wmpc.errors import WmpcError
from wmpc.planners.problem import Plan, Problem
from wmpc.planners.search import Search

Interpolation = Literal["zero", "linear", "cubic"]


def interpolate(knots: Tensor, H: int, order: Interpolation) -> Tensor:
    """Values (..., P, A) at P evenly spaced knots -> the spline at H steps, (..., H, A).

    "zero" holds each value for its share of the horizon; "linear" and "cubic" have the first knot
    at the first step and the last at the last. Cubic is Hermite's with the slopes of finite
    differences.
    """
    P = knots.shape[-2]
    if order == "zero" or P == 1:
        return knots[..., torch.arange(H, device=knots.device) * P // H, :]
    x = torch.linspace(0, P - 1, H, dtype=knots.dtype, device=knots.device)
    left = x.long().clamp(max=P - 2)
    u = (x - left)[:, None]
    p, q = knots[..., left, :], knots[..., left + 1, :]
    if order == "linear":
        return p + u * (q - p)
    step = knots.diff(dim=-2)  # between neighbouring knots
    slope = torch.cat([step[..., :1, :], (step[..., 1:, :] + step[..., :-1, :]) / 2], -2)
    slope = torch.cat([slope, step[..., -1:, :]], -2)
    m, n = slope[..., left, :], slope[..., left + 1, :]
    rise = u * u * (3 - 2 * u)
    return p + rise * (q - p) + u * (1 - u) * ((1 - u) * m - u * n)


class PredictiveSampling:
    """Perturb the nominal sequence by random splines; the best becomes the nominal.

    A spline is linear in its knots, so that noise on the knots is a spline added to the nominal:
    the warm start need not be one.

    Args:
        samples: N, candidates an iteration.
        iterations: rounds; the paper does one a decision.
        knots: P, of the spline along the horizon; at most one a step is used.
        interpolation: zero (order hold), linear or cubic.
        spread: standard deviation at the knots, as a share of each action's half range.
        decay: each iteration's spread is this share of the one before; 1 is the paper's.
    """

    def __init__(
        self,
        samples: int = 128,
        iterations: int = 6,
        knots: int = 4,
        interpolation: Interpolation = "cubic",
        spread: float = 0.5,
        decay: float = 0.8,
    ) -> None:
        if samples < 1 or iterations < 1 or knots < 1:
            raise WmpcError(
                "predictive sampling needs samples, iterations and knots of at least 1, got "
                f"{samples}, {iterations} and {knots}"
            )
        if interpolation not in ("zero", "linear", "cubic"):
            raise WmpcError(
                f"interpolation is {interpolation!r}; predictive sampling takes zero, linear or "
                "cubic"
            )
        if spread <= 0 or not 0 < decay <= 1:
            raise WmpcError(
                "predictive sampling needs spread > 0 and decay above 0 and at most 1, got "
                f"{spread} and {decay}"
            )
        self.samples, self.iterations, self.knots = samples, iterations, knots
        self.interpolation: Interpolation = interpolation
        self.spread, self.decay = spread, decay

    @torch.no_grad()
    def plan(
        self,
        problem: Problem,
        *,
        generator: Generator,
        warm_start: Tensor | None = None,
        deadline: float | None = None,
    ) -> Plan:
        """See `wmpc.planners.problem.Planner`."""
        search = Search(problem, generator, warm_start, deadline)
        nominal = search.initial
        for i in search.rounds(self.iterations):
            knots = search.noise(self.samples, min(self.knots, search.H))
            noise = interpolate(knots, search.H, self.interpolation)
            sigma = self.spread * self.decay**i * search.half
            actions = search.box.clamp(nominal[:, None] + sigma * noise)
            if i == 0:
                actions[:, 0] = nominal  # from then on it is the best, whose cost is known
            search.score(actions)
            nominal = search.best
        return search.plan()
