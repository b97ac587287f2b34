"""Spectral projected gradient (Birgin, Martínez and Raydan, SIAM J. Optim. 10, 2000)."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from wmpc.planners.descent import Descent

WINDOW = 5
"""M, last costs that the next is compared with."""
ARMIJO = 1e-4
"""Share of the decrease that the gradient promises that must come about."""


@dataclass
class ProjectedGradient(Descent):
    """x <- P(x - lambda g), each candidate with a step length lambda of its own.

    A candidate that fell enough below the highest of its last `WINDOW` costs,

        f(x) <= max(last f) + ARMIJO g0 . s    with s = x - x0,

    steps on with the length of Barzilai and Borwein, lambda = s . s / s . y with y = g - g0; one
    that did not goes back to x0 and tries a quarter of its step, so that a rejected step costs an
    iteration and not an inner loop. Any scale of the cost will do.

    Args:
        restarts: sequences descended side by side; the warm start is the first.
        iterations: descent steps.
        rate: the first step: share of the half range by which the steepest action moves.
        spread: standard deviation of the random starts, as a share of the half range.
    """

    rate: float = 0.2

    def step(self, x: Tensor, cost: Tensor, g: Tensor, left: float, memory: Any) -> Any:
        """Accept or go back, choose lambda, and step.

        Args:
            x: (B, N, H, A), the candidates, in half ranges.
            cost: (B, N), theirs.
            g: (B, N, H, A), the gradient of the cost in x.
            left: not used.
            memory: x0 and g0, those accepted last, their last costs, (B, N, up to WINDOW), and
                lambda (B, N); None at first.

        Returns:
            The next x, which may lie out of bounds, and the memory.
        """
        cost = cost.nan_to_num(torch.inf, torch.inf).unsqueeze(-1)
        steepest = g.abs().amax((-2, -1)).clamp_min(1e-30)
        if memory is None:
            length, costs = self.rate / steepest, cost
        else:
            x0, g0, costs, length = memory
            s, y = x - x0, g - g0
            fell = cost[..., 0] <= costs.amax(-1) + ARMIJO * (g0 * s).sum((-2, -1))
            curvature, longest = (s * y).sum((-2, -1)), 2 / steepest  # across the whole range
            spectral = s.square().sum((-2, -1)) / curvature.clamp_min(1e-30)
            spectral = torch.where(curvature > 0, torch.minimum(spectral, longest), longest)
            length = torch.where(fell, spectral, length / 4)
            x, g = (torch.where(fell[..., None, None], *both) for both in ((x, x0), (g, g0)))
            accepted = torch.where(fell[..., None], cost, costs[..., -1:])
            costs = torch.cat([costs, accepted], -1)[..., -WINDOW:]
        return x - length[..., None, None] * g, (x, g, costs, length)
