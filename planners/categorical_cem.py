"""The cross-entropy method (Rubinstein 1999) over sequences of discrete actions."""

import torch
from torch import Generator, Tensor
from torch.nn.functional import one_hot

from wmpc.errors import WmpcError
from wmpc.planners.problem import Categorical, Plan, Problem
from wmpc.planners.search import Search


class CategoricalCEM:
    """Draw a class at each step, refit the classes' probabilities to the elites, repeat.

    Args:
        samples: N, candidates an iteration.
        elites: how many of the best refit the probabilities.
        iterations: refits.
        momentum: share of the old probabilities kept at each refit.
        least: every class keeps at least this share of the uniform probability.
        trust: probability that the warm start's classes have at first, beside the uniform rest.
    """

    def __init__(
        self,
        samples: int = 128,
        elites: int = 16,
        iterations: int = 6,
        momentum: float = 0.1,
        least: float = 0.05,
        trust: float = 0.5,
    ) -> None:
        if not 1 <= elites <= samples:
            raise WmpcError(f"elites is {elites}; CategoricalCEM needs 1 to samples = {samples}")
        if iterations < 1 or not (0 <= momentum < 1 and 0 <= least <= 1 and 0 <= trust <= 1):
            raise WmpcError(
                "CategoricalCEM needs iterations >= 1, momentum from 0 to below 1, and least and "
                f"trust from 0 to 1, got {iterations}, {momentum}, {least} and {trust}"
            )
        self.samples, self.elites, self.iterations = samples, elites, iterations
        self.momentum, self.least, self.trust = momentum, least, trust

    @torch.no_grad()
    def plan(
        self,
        problem: Problem,
        *,
        generator: Generator,
        warm_start: Tensor | None = None,
        deadline: float | None = None,
    ) -> Plan:
        """See `wmpc.planners.problem.Planner`; actions are one-hot, (B, H, n)."""
        search = Search(problem, generator, warm_start, deadline, space=Categorical)
        n = search.A
        trust = 0.0 if warm_start is None else self.trust
        p = trust * search.initial + (1 - trust) / n  # (B, H, n)
        likeliest = search.initial
        for _ in search.rounds(self.iterations):
            share = search.uniform(self.samples, 1)  # inverse of the cumulative distribution
            drawn = (share >= p.cumsum(-1)[:, None, :, :-1]).sum(-1)
            actions = one_hot(drawn, n).to(p)
            actions[:, 0] = likeliest  # at first the warm start
            rank = search.score(actions)
            elite = rank.topk(self.elites, largest=False).indices
            frequency = actions.take_along_dim(elite[:, :, None, None], 1).mean(1)
            p = self.momentum * p + (1 - self.momentum) * frequency
            p = (1 - self.least) * p + self.least / n
            likeliest = one_hot(p.argmax(-1), n).to(p)
        return search.plan(likeliest=float(p.amax(-1).mean()))
