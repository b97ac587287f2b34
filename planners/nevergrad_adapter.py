"""Any optimiser of Nevergrad (CMA-ES and its kin) as a planner; needs `pip install nevergrad`."""

import difflib
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from wmpc.errors import WmpcError
from wmpc.planners.checks import check_settings
from wmpc.planners.planner import SearchPlanner
from wmpc.planners.search import Search


@dataclass
class Nevergrad(SearchPlanner):
    """Ask one optimiser a problem for candidates, roll all of them out at once, tell the costs.

    Asking and telling take Nevergrad about a millisecond a candidate, in Python: this is for slow
    simulators and for comparison, not for a control loop.

    Args:
        optimiser: a name of `nevergrad.optimizers.registry`, such as CMA, DiagonalCMA, PSO, DE,
            OnePlusOne or NGOpt.
        samples: candidates that each optimiser gives an iteration (its `num_workers`).
        iterations: rounds of asking and telling.
        spread: first standard deviation, as a share of each action's half range.
    """

    optimiser: str = "CMA"
    samples: int = 64
    iterations: int = 12
    spread: float = 0.5

    def __post_init__(self) -> None:
        check_settings(self, "samples >= 1", "iterations >= 1", "spread > 0")
        registry = _nevergrad().optimizers.registry
        if self.optimiser not in registry:
            near = difflib.get_close_matches(self.optimiser, list(registry), 3, 0.0)
            raise WmpcError(
                f"Nevergrad has no optimiser {self.optimiser!r}; did you mean {', '.join(near)}?"
            )
        self._optimiser(np.zeros((2, 2)), 0).ask()  # imports what it needs, so that no plan waits

    def run(self, search: Search) -> None:
        """Ask, score and tell `iterations` times; the warm start is scored beside the first.

        Args:
            search: what `SearchPlanner.plan` opened.
        """
        N, low = self.samples, search.box.low
        source = search.generator
        seed = int(torch.randint(2**31, (1,), generator=source, device=source.device))
        optimisers: list[Any] = []
        for i in search.rounds(self.iterations):
            if i == 0:  # not before the clock is asked: making them takes its time
                unit = (search.initial - search.centre) / search.half
                optimisers = [self._optimiser(start, seed) for start in unit.double().cpu().numpy()]
            asked = [[optimiser.ask() for _ in range(N)] for optimiser in optimisers]
            units = torch.from_numpy(np.array([[x.value for x in row] for row in asked])).to(low)
            actions = search.box.clamp(search.centre + search.half * units)
            if i == 0:
                actions = torch.cat([search.initial[:, None], actions], 1)
            losses = _losses(search.score(actions)[:, -N:]).tolist()
            for optimiser, row, told in zip(optimisers, asked, losses, strict=True):
                for candidate, loss in zip(row, told, strict=True):
                    optimiser.tell(candidate, loss)

    def _optimiser(self, start: Any, seed: int) -> Any:
        """For one problem, from start (H, A) in shares of the half range; all with one seed, so
        that no plan depends on the problems beside it."""
        ng = _nevergrad()
        space = ng.p.Array(init=start, lower=-1.0, upper=1.0)
        space.set_mutation(sigma=self.spread)
        space.random_state.seed(seed)
        make = ng.optimizers.registry[self.optimiser]
        return make(space, budget=self.samples * self.iterations, num_workers=self.samples)


def _losses(rank: Tensor) -> Tensor:
    """Nevergrad cuts off losses above 5e20, where the ranks of violated constraints are: compress
    those in their order."""
    rank, large = rank.double().clamp(max=1e100), 1e18
    return torch.where(rank > large, large * (1 + (rank / large).log()), rank)


def _nevergrad() -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of its optional parts
            import nevergrad
    except ImportError as error:
        raise WmpcError(
            "this planner needs Nevergrad, which is not installed: pip install nevergrad"
        ) from error
    return nevergrad
