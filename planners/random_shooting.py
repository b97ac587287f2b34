"""Random shooting: the best of many sequences drawn uniformly within the bounds."""

import torch
from torch import Generator, Tensor

from wmpc.errors import WmpcError
from wmpc.planners.problem import Plan, Problem
from wmpc.planners.search import Search


class RandomShooting:
    """The floor of all planners.

    Args:
        samples: candidates an iteration.
        iterations: how often to draw, so that a deadline can end it in between.
    """

    def __init__(self, samples: int = 256, iterations: int = 6) -> None:
        if samples < 1 or iterations < 1:
            raise WmpcError(
                f"random shooting needs samples and iterations of at least 1, got {samples} and "
                f"{iterations}"
            )
        self.samples, self.iterations = samples, iterations

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
        low, high = search.box.low, search.box.high
        for iteration in search.rounds(self.iterations):
            share = search.uniform(self.samples)
            actions = (low + (high - low) * share).expand(search.B, -1, -1, -1)
            if iteration == 0:
                actions = torch.cat([search.initial[:, None], actions[:, 1:]], 1)
            search.score(actions)
        return search.plan()
