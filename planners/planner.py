"""What searching planners share: `plan`, which opens a `Search` and returns the best found."""

from abc import ABC, abstractmethod
from typing import ClassVar

import torch
from torch import Generator, Tensor

from wmpc.planners.problem import Box, Categorical, Plan, Problem
from wmpc.planners.search import Search


class SearchPlanner(ABC):
    """A planner that scores candidates in rounds: a subclass is its settings and `run`.

    Attributes:
        space: the kind of actions that the planner searches.
    """

    space: ClassVar[type[Box] | type[Categorical]] = Box

    @torch.no_grad()
    def plan(
        self,
        problem: Problem,
        *,
        generator: Generator,
        warm_start: Tensor | None = None,
        deadline: float | None = None,
    ) -> Plan:
        """Search action sequences of low cost, as `wmpc.planners.problem.Planner` says.

        Args:
            problem: dynamics, cost, horizon, bounds and constraints, of B independent problems.
            generator: source of all randomness, on any device.
            warm_start: (B, H, A), the sequence to begin from; None: the middle of the bounds.
            deadline: seconds from now in which to answer; None: as long as the settings take.

        Returns:
            The best sequence of each problem, never worse than the warm start.

        Raises:
            WmpcError: the problem or the warm start is malformed, the memory too small, a cost not
                (B, N), every candidate of some problem NaN or infinite, or, for planners that
                follow gradients, the cost has none.
        """
        search = Search(problem, generator, warm_start, deadline, self.space)
        self.run(search)
        return search.plan()

    @abstractmethod
    def run(self, search: Search) -> None:
        """Draw candidates and score them, round after round; the search keeps the best.

        Args:
            search: the problem, its bounds and clock, and `score`, which evaluates candidates.
        """
