"""Random shooting: the best of many sequences drawn uniformly within the bounds."""

from dataclasses import dataclass

import torch

from wmpc.planners.checks import check_settings
from wmpc.planners.planner import SearchPlanner
from wmpc.planners.search import Search


@dataclass
class RandomShooting(SearchPlanner):
    """Draw a ~ U(low, high) and keep the best: the floor of all planners.

    Args:
        samples: candidates an iteration.
        iterations: how often to draw, so that a deadline can end it in between.
    """

    samples: int = 256
    iterations: int = 6

    def __post_init__(self) -> None:
        check_settings(self, "samples >= 1", "iterations >= 1")

    def run(self, search: Search) -> None:
        """Draw `iterations` times; the first candidate of all is the warm start.

        Args:
            search: what `SearchPlanner.plan` opened.
        """
        low, high = search.box.low, search.box.high
        for i in search.rounds(self.iterations):
            share = search.uniform(self.samples)
            actions = search.box.clamp(low + (high - low) * share).expand(search.B, -1, -1, -1)
            if i == 0:
                actions = torch.cat([search.initial[:, None], actions[:, 1:]], 1)
            search.score(actions)
