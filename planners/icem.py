"""iCEM: the cross-entropy method with coloured noise, kept elites and a shrinking population
(Pinneri et al. 2020, arXiv 2008.06389)."""

import torch
from torch import Generator, Tensor

from wmpc.errors import WmpcError
from wmpc.planners.problem import Plan, Problem
from wmpc.planners.search import Search


def coloured(white: Tensor, beta: float) -> Tensor:
    """Standard normal (..., H, A) -> noise of unit variance and power spectrum f^-beta along H.

    The lowest frequency that the horizon resolves, 1 / H, also sets the power of the mean. 0 leaves
    the noise white, 1 is pink, 2 is Brownian: the larger, the farther a sample carries.
    """
    H = white.shape[-2]
    f = torch.fft.fftfreq(H, dtype=white.dtype, device=white.device).abs().clamp(min=1 / H)
    power = f**-beta
    scale = (power / power.mean()).sqrt()[:, None]
    return torch.fft.ifft(torch.fft.fft(white, dim=-2) * scale, dim=-2).real


class ICEM:
    """Refit a Gaussian to the elites, as CEM does, with fewer rollouts.

    Kept elites compete again with the rank they have: they are not rolled out anew. The paper's
    elites shifted from one decision to the next are here the warm start.

    Args:
        samples: N, candidates of the first iteration.
        elites: K, how many of the best refit the Gaussian.
        iterations: refits.
        beta: exponent of the noise's colour along the horizon, see `coloured`.
        keep: xi, the share of the elites that competes again in the next iteration.
        decay: gamma >= 1, iteration i draws max(2 K, N gamma^-i) candidates, never over N.
        spread: initial standard deviation, as a share of each action's half range.
        least_spread: the standard deviation never falls below this share.
        momentum: alpha, the share of the old mean and deviation kept at each refit.
    """

    def __init__(
        self,
        samples: int = 128,
        elites: int = 8,
        iterations: int = 5,
        beta: float = 0.5,
        keep: float = 0.3,
        decay: float = 1.25,
        spread: float = 1.0,
        least_spread: float = 0.02,
        momentum: float = 0.0,
    ) -> None:
        if not 2 <= elites <= samples:
            raise WmpcError(f"elites is {elites}; iCEM needs 2 to samples = {samples}")
        if iterations < 1 or spread <= 0 or least_spread < 0 or not 0 <= momentum < 1:
            raise WmpcError(
                "iCEM needs iterations >= 1, spread > 0, least_spread >= 0 and 0 <= momentum < 1, "
                f"got {iterations}, {spread}, {least_spread} and {momentum}"
            )
        if beta < 0 or not 0 <= keep <= 1 or decay < 1:
            raise WmpcError(
                "iCEM needs beta >= 0, keep from 0 to 1 and decay >= 1, got "
                f"{beta}, {keep} and {decay}"
            )
        self.samples, self.elites, self.iterations = samples, elites, iterations
        self.beta, self.decay, self.momentum = beta, decay, momentum
        self.spread, self.least_spread = spread, least_spread
        self.kept = round(keep * elites)

    def population(self, iteration: int) -> int:
        """Candidates rolled out in an iteration."""
        return min(self.samples, max(2 * self.elites, int(self.samples * self.decay**-iteration)))

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
        mean, std = search.initial, (self.spread * search.half).expand_as(search.initial)
        chosen, ranks = mean.new_empty(search.B, 0, search.H, search.A), mean.new_empty(search.B, 0)
        for i in search.rounds(self.iterations):
            noise = coloured(search.noise(self.population(i)), self.beta)
            actions = search.box.clamp(mean[:, None] + std[:, None] * noise)
            if i in (0, self.iterations - 1):
                actions[:, 0] = mean  # at first the warm start, at last where it has converged
            rank = search.score(actions)
            actions = torch.cat([chosen[:, : self.kept], actions], 1)
            rank = torch.cat([ranks[:, : self.kept], rank], 1)
            ranks, elite = rank.topk(self.elites, largest=False)  # the best first
            chosen = actions.take_along_dim(elite[:, :, None, None], 1)
            alpha = self.momentum
            mean = alpha * mean + (1 - alpha) * chosen.mean(1)
            std = alpha * std + (1 - alpha) * chosen.std(1)
            std = torch.maximum(std, self.least_spread * search.half)
        return search.plan(spread=float((std / search.half).mean()))
