"""Random shooting: the best of many sequences drawn uniformly within the bounds."""

import torch
from torch import Generator, Tensor

from planners.errors import PlannerError
from planners.problem import Plan, Problem
from planners.search import Best, bounds, checked_warm_start


class RandomShooting:
    """The floor of all planners.

    Args:
        samples: candidates an iteration.
        iterations: how often to draw, so that a deadline can end it in between.
    """

    def __init__(self, samples: int = 256, iterations: int = 6) -> None:
        if samples < 1 or iterations < 1:
            raise PlannerError(
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
        """See `planners.problem.Planner`."""
        box = bounds(problem)
        B, H, A = problem.dynamics.start.shape[0], problem.horizon, len(box.low)
        warm_start = checked_warm_start(problem, warm_start)
        best = Best(problem, deadline)
        for iteration in range(self.iterations):
            if iteration and best.expired():
                break
            share = torch.rand(B, self.samples, H, A, generator=generator, dtype=box.low.dtype)
            actions = box.low + (box.high - box.low) * share.to(box.low.device)
            if iteration == 0 and warm_start is not None:
                actions[:, 0] = warm_start
            best.score(actions)
        return best.plan()
