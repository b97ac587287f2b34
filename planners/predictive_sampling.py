"""Predictive sampling (Howell et al. 2022, arXiv 2212.00541): the simplest planner that works."""

from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor

from wmpc.errors import WmpcError
from wmpc.planners.checks import check_settings
from wmpc.planners.planner import SearchPlanner
from wmpc.planners.search import Search

Interpolation = Literal["zero", "linear", "cubic"]


def interpolate(knots: Tensor, H: int, order: Interpolation) -> Tensor:
    """Evaluate the spline through evenly spaced knots.

    Args:
        knots: (..., P, A), its values.
        H: steps at which to evaluate.
        order: "zero" holds each value for its share of the horizon; "linear" and "cubic" have the
            first knot at the first step and the last at the last. Cubic is Hermite's with the
            slopes of finite differences.

    Returns:
        (..., H, A).
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


@dataclass
class PredictiveSampling(SearchPlanner):
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

    samples: int = 128
    iterations: int = 6
    knots: int = 4
    interpolation: Interpolation = "cubic"
    spread: float = 0.5
    decay: float = 0.8

    def __post_init__(self) -> None:
        check_settings(
            self, "samples >= 1", "iterations >= 1", "knots >= 1", "spread > 0", "0 < decay <= 1"
        )
        if self.interpolation not in get_args(Interpolation):
            raise WmpcError(
                f"interpolation is {self.interpolation!r}; PredictiveSampling takes zero, linear "
                "or cubic"
            )

    def run(self, search: Search) -> None:
        """Perturb `iterations` times.

        Args:
            search: what `SearchPlanner.plan` opened.
        """
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
