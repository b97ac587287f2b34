"""Sampling finds the basin, gradients refine the elites (arXiv 2004.08763, arXiv 2112.07746)."""

import torch
from torch import Generator, Tensor

from wmpc.errors import WmpcError
from wmpc.planners.gradient import ProjectedGradient, descend
from wmpc.planners.problem import Plan, Problem
from wmpc.planners.search import Search


class Hybrid:
    """CEM whose elites take a few gradient steps before the Gaussian is refit to them.

    The steps are those of `ProjectedGradient`, so they need no rate to be tuned, and an elite is
    replaced only by something that costs less.

    Args:
        samples: N, candidates an iteration.
        elites: how many of the best are refined and refit the Gaussian.
        iterations: refits.
        steps: gradient steps on the elites, each iteration.
        finish: gradient steps on the last elites.
        spread: initial standard deviation, as a share of each action's half range.
        least_spread: the standard deviation never falls below this share.
    """

    def __init__(
        self,
        samples: int = 128,
        elites: int = 8,
        iterations: int = 4,
        steps: int = 3,
        finish: int = 10,
        spread: float = 1.0,
        least_spread: float = 0.02,
    ) -> None:
        if not 2 <= elites <= samples:
            raise WmpcError(f"elites is {elites}; Hybrid needs 2 to samples = {samples}")
        if iterations < 1 or steps < 0 or finish < 0 or spread <= 0 or least_spread < 0:
            raise WmpcError(
                "Hybrid needs iterations >= 1, steps >= 0, finish >= 0, spread > 0 and "
                f"least_spread >= 0, got {iterations}, {steps}, {finish}, {spread}, {least_spread}"
            )
        self.samples, self.elites, self.iterations = samples, elites, iterations
        self.steps, self.finish = steps, finish
        self.spread, self.least_spread = spread, least_spread
        self.rule = ProjectedGradient(rate=0.1).step

    @torch.no_grad()
    def plan(
        self,
        problem: Problem,
        *,
        generator: Generator,
        warm_start: Tensor | None = None,
        deadline: float | None = None,
    ) -> Plan:
        """See `wmpc.planners.problem.Planner`. WmpcError where the cost has no gradient."""
        search = Search(problem, generator, warm_start, deadline)
        mean, std = search.initial, (self.spread * search.half).expand_as(search.initial)
        chosen = mean[:, None]
        for _ in search.rounds(self.iterations):
            actions = mean[:, None] + std[:, None] * search.noise(self.samples)
            actions = search.box.clamp(actions)
            actions[:, 0] = mean  # the mean itself, at first the warm start, is a candidate
            rank = search.score(actions)
            elite = rank.topk(self.elites, largest=False).indices
            chosen = actions.take_along_dim(elite[:, :, None, None], 1)
            chosen = descend(search, chosen, self.rule, self.steps)[0]
            mean = chosen.mean(1)
            std = torch.maximum(chosen.std(1), self.least_spread * search.half)
        descend(search, chosen, self.rule, self.finish)
        return search.plan(spread=float((std / search.half).mean()))
