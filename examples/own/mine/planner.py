"""A planner: the best of sequences around the best so far."""

from dataclasses import dataclass

from wmpc.planners.checks import check_settings
from wmpc.planners.planner import SearchPlanner
from wmpc.planners.search import Search


@dataclass
class Wiggle(SearchPlanner):
    """Shake the best sequence so far, keep what is better, shake less.

    Args:
        samples: sequences an iteration.
        iterations: how often they are drawn.
        spread: first standard deviation, as a share of the half range of the actions.
        decay: what is left of it after an iteration.
    """

    samples: int = 64
    iterations: int = 8
    spread: float = 0.7
    decay: float = 0.7

    def __post_init__(self) -> None:
        check_settings(self, "samples >= 1", "iterations >= 1", "spread > 0", "0 < decay <= 1")

    def run(self, search: Search) -> None:
        """Search until the iterations, or the time, are over.

        Args:
            search: what is planned: bounds, the warm start, the best so far, and the clock.
        """
        for i in search.rounds(self.iterations):
            shake = self.spread * self.decay**i * search.half
            actions = search.best[:, None] + shake * search.noise(self.samples)
            actions[:, 0] = search.best  # at first the warm start
            search.score(search.box.clamp(actions))
