"""Model-predictive path integral control (Williams et al. 2017, arXiv 1707.02342)."""

from dataclasses import dataclass

import torch
from torch import Tensor

from wmpc.planners.checks import check_settings
from wmpc.planners.planner import SearchPlanner
from wmpc.planners.search import VIOLATED, Search


@dataclass
class MPPI(SearchPlanner):
    """Move the nominal sequence u to the weighted mean of its perturbations (algorithm 2).

    v_k = u + eps_k with eps_k ~ N(0, Sigma) for k = 1..K, of cost S_k, and

        u <- sum_k w_k v_k    with w_k = exp(-S_k / lambda) / sum_j exp(-S_j / lambda).

    Args:
        samples: K, perturbed sequences an iteration.
        iterations: updates of the nominal sequence; the paper's controller does one a decision.
        temperature: lambda, in units of the cost: the smaller, the more the best sample decides.
            None finds, for each problem at each iteration, the one at which the weights amount to
            `effective` samples, whatever the scale of the cost.
        effective: the effective sample size 1 / sum_k w_k^2 that None aims at.
        spread: standard deviation of the perturbations, as a share of each action's half range.
        decay: each iteration's spread is this share of the one before; 1 is the paper's.
        gamma: weight of the paper's control cost sum_t u_t^T Sigma^-1 eps_t, with u measured from
            the middle of the bounds; its lambda (1 - alpha). 0 leaves control to the problem's
            own cost.
    """

    samples: int = 128
    iterations: int = 6
    temperature: float | None = None
    effective: float = 8.0
    spread: float = 0.7
    decay: float = 0.7
    gamma: float = 0.0

    def __post_init__(self) -> None:
        check_settings(
            self, "samples >= 1", "iterations >= 1", "spread > 0", "0 < decay <= 1", "gamma >= 0"
        )
        if self.temperature is None:
            check_settings(self, "1 <= effective <= samples")
        else:
            check_settings(self, "temperature > 0")

    def run(self, search: Search) -> None:
        """Move u `iterations` times and score where it ended.

        Args:
            search: what `SearchPlanner.plan` opened.
        """
        u = search.initial
        for i in search.rounds(self.iterations + 1):
            if i == self.iterations:
                search.score(u[:, None])
                break
            sigma = self.spread * self.decay**i * search.half
            v = search.box.clamp(u[:, None] + sigma * search.noise(self.samples))
            v[:, 0] = u  # the nominal itself, at first the warm start, is a candidate
            S = search.score(v)
            if self.gamma:
                control = (u - search.centre)[:, None] * (v - u[:, None]) / sigma**2
                S = S + self.gamma * control.sum((-2, -1))
            w = weigh(S, self.temperature, self.effective)
            u = (w[..., None, None] * v).sum(1)


def weigh(S: Tensor, temperature: float | None, effective: float) -> Tensor:
    """Weigh samples by exp(-S / temperature).

    Args:
        S: (B, K), their costs; infinite for those that must not count.
        temperature: in units of the cost; None chooses, in each problem, the one at which the
            effective sample size 1 / sum_k w_k^2 is `effective`.
        effective: from 1 to K.

    Returns:
        w, (B, K), which sum to 1 in each problem.
    """
    S = S.clamp(max=torch.finfo(S.dtype).max / 4)  # a NaN's rank is infinite
    excess = S - S.amin(1, keepdim=True)
    if temperature is None:
        temperatures = _temperature(excess, effective)
    else:
        temperatures = torch.full_like(excess[:, :1], temperature)
    return (-excess / temperatures).softmax(1)


def _temperature(excess: Tensor, effective: float) -> Tensor:
    """By bisection of its logarithm; excess (B, K) over the best -> (B, 1).

    At 100 times the excess of the n-th best, at least 0.99 n samples count. Those that break a
    constraint which others keep (see `Search.take`) are not counted upon.
    """
    comparable = (excess < VIOLATED / 10).sum(1, keepdim=True)
    target = comparable.clamp(max=effective)
    level = excess.sort(1).values.gather(1, target.ceil().long() - 1)
    high = (100 * level).clamp(min=torch.finfo(excess.dtype).tiny * 1e6).log()
    low = high - 14.0  # six orders of magnitude
    for _ in range(12):
        middle = (low + high) / 2
        w = (-excess / middle.exp()).softmax(1)
        enough = 1 / w.square().sum(1, keepdim=True) > target
        low, high = torch.where(enough, low, middle), torch.where(enough, middle, high)
    return high.exp()
