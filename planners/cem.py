"""The cross-entropy method (Rubinstein 1999) over action sequences."""

import torch
from torch import Generator, Tensor

from wmpc.errors import WmpcError
from wmpc.planners.problem import Plan, Problem
from wmpc.planners.search import Search


class CEM:
    """Draw sequences from a Gaussian, refit it to the elites, repeat.

    Args:
        samples: N, candidates an iteration.
        elites: how many of the best refit the Gaussian.
        iterations: refits.
        spread: initial standard deviation, as a share of each action's half range.
        least_spread: the standard deviation never falls below this share.
        momentum: share of the old mean and deviation kept at each refit.
    """

    def __init__(
        self,
        samples: int = 128,
        elites: int = 16,
        iterations: int = 6,
        spread: float = 1.0,
        least_spread: float = 0.02,
        momentum: float = 0.0,
    ) -> None:
        if not 2 <= elites <= samples:
            raise WmpcError(f"elites is {elites}; CEM needs 2 to samples = {samples}")
        if iterations < 1 or spread <= 0 or least_spread < 0 or not 0 <= momentum < 1:
            raise WmpcError(
                "CEM needs iterations >= 1, spread > 0, least_spread >= 0 and 0 <= momentum < 1"
            )
        self.samples, self.elites, self.iterations = samples, elites, iterations
        self.spread, self.least_spread, self.momentum = spread, least_spread, momentum

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
        for _ in search.rounds(self.iterations):
            actions = mean[:, None] + std[:, None] * search.noise(self.samples)
            actions = search.box.clamp(actions)
            actions[:, 0] = mean  # the mean itself, at first the warm start, is a candidate
            rank = search.score(actions)
            elite = rank.topk(self.elites, largest=False).indices
            chosen = actions.take_along_dim(elite[:, :, None, None], 1)
            keep = self.momentum
            mean = keep * mean + (1 - keep) * chosen.mean(1)
            std = keep * std + (1 - keep) * chosen.std(1)
            std = torch.maximum(std, self.least_spread * search.half)
        return search.plan(spread=float((std / search.half).mean()))
