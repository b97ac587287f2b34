"""iCEM: the cross-entropy method with coloured noise, kept elites and a shrinking population
(Pinneri et al. 2020, arXiv 2008.06389)."""

from dataclasses import dataclass

import torch
from torch import Tensor

from wmpc.planners.checks import check_settings
from wmpc.planners.gaussian import Gaussian
from wmpc.planners.planner import SearchPlanner
from wmpc.planners.search import Search, choose_elites


@dataclass
class ICEM(SearchPlanner):
    """Refit a Gaussian to the elites, as CEM does, with fewer rollouts (algorithm 1).

    Iteration i draws N_i = max(2 K, N gamma^-i) sequences, never over N, with noise of power
    spectrum f^-beta along the horizon. The share xi of the elites competes again with the rank it
    has: those are not rolled out anew. The paper's elites shifted from one decision to the next are
    here the warm start.

    Args:
        samples: N, candidates of the first iteration.
        elites: K, how many of the best refit the Gaussian.
        iterations: refits.
        beta: exponent of the noise's colour along the horizon, see `coloured`.
        keep: xi, the share of the elites that competes again in the next iteration.
        decay: gamma >= 1, by which the number of candidates falls.
        spread: initial standard deviation, as a share of each action's half range.
        least_spread: the standard deviation never falls below this share.
        momentum: alpha, the share of the old mean and deviation kept at each refit.
    """

    samples: int = 128
    elites: int = 8
    iterations: int = 5
    beta: float = 0.5
    keep: float = 0.3
    decay: float = 1.25
    spread: float = 1.0
    least_spread: float = 0.02
    momentum: float = 0.0

    def __post_init__(self) -> None:
        check_settings(self, "2 <= elites <= samples", "iterations >= 1")
        check_settings(self, "spread > 0", "least_spread >= 0", "0 <= momentum < 1")
        check_settings(self, "beta >= 0", "0 <= keep <= 1", "decay >= 1")

    def run(self, search: Search) -> None:
        """Refit `iterations` times.

        Args:
            search: what `SearchPlanner.plan` opened.
        """
        normal = Gaussian(search, self.spread, self.least_spread, self.momentum)
        kept = round(self.keep * self.elites)
        elites, ranks = normal.mu[:, None][:, :0], normal.mu.new_empty(search.B, 0)
        for i in search.rounds(self.iterations):
            N = min(self.samples, max(2 * self.elites, int(self.samples * self.decay**-i)))
            actions = normal.transform(coloured(search.noise(N), self.beta))
            if i in (0, self.iterations - 1):
                actions[:, 0] = normal.mu  # at first the warm start, at last where it converged
            ranks = torch.cat([ranks[:, :kept], search.score(actions)], 1)
            actions = torch.cat([elites[:, :kept], actions], 1)
            elites, ranks = choose_elites(actions, ranks, self.elites)
            normal.refit(elites)
        search.stats["spread"] = normal.spread


def coloured(white: Tensor, beta: float) -> Tensor:
    """Colour white noise along the horizon, as Timmer and König (1995) do.

    The lowest frequency that the horizon resolves, 1 / H, also sets the power of the mean. The
    larger beta, the farther a sample carries: 0 leaves the noise white, 1 is pink, 2 is Brownian.

    Args:
        white: (..., H, A), standard normal.
        beta: exponent of the power spectrum f^-beta, at least 0.

    Returns:
        Noise of the same shape and of unit variance.
    """
    H = white.shape[-2]
    f = torch.fft.fftfreq(H, dtype=white.dtype, device=white.device).abs().clamp(min=1 / H)
    power = f**-beta
    scale = (power / power.mean()).sqrt()[:, None]
    return torch.fft.ifft(torch.fft.fft(white, dim=-2) * scale, dim=-2).real
