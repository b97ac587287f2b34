"""Model-predictive path integral control (Williams et al. 2017, arXiv 1707.02342)."""

import torch
from torch import Generator, Tensor

from wmpc.errors import WmpcError
from wmpc.planners.problem import Plan, Problem
from wmpc.planners.search import VIOLATED, Search


class MPPI:
    """Move the nominal sequence to the mean of its perturbations, weighted by exp(-S / lambda).

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

    def __init__(
        self,
        samples: int = 128,
        iterations: int = 6,
        temperature: float | None = None,
        effective: float = 8.0,
        spread: float = 0.7,
        decay: float = 0.7,
        gamma: float = 0.0,
    ) -> None:
        if samples < 1 or iterations < 1:
            raise WmpcError(
                f"MPPI needs samples and iterations of at least 1, got {samples} and {iterations}"
            )
        if temperature is not None and temperature <= 0:
            raise WmpcError(f"temperature is {temperature}; it must be positive, or None")
        if temperature is None and not 1 <= effective <= samples:
            raise WmpcError(f"effective is {effective}; it must be 1 to samples = {samples}")
        if spread <= 0 or not 0 < decay <= 1 or gamma < 0:
            raise WmpcError(
                "MPPI needs spread > 0, decay above 0 and at most 1, and gamma >= 0, got "
                f"{spread}, {decay} and {gamma}"
            )
        self.samples, self.iterations = samples, iterations
        self.temperature, self.effective = temperature, effective
        self.spread, self.decay, self.gamma = spread, decay, gamma

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
        u = search.initial
        for i in search.rounds(self.iterations + 1):  # the last only scores where it ended
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
        return search.plan()


def weigh(S: Tensor, temperature: float | None, effective: float) -> Tensor:
    """Costs (B, K) -> weights (B, K) that sum to 1, proportional to exp(-S / temperature), which
    None chooses such that 1 / sum_k w_k^2 is `effective`."""
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
