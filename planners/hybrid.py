"""Sampling finds the basin, gradients refine the elites (arXiv 2004.08763, arXiv 2112.07746)."""

from dataclasses import dataclass

from wmpc.planners.checks import check_settings
from wmpc.planners.descent import descend
from wmpc.planners.gaussian import Gaussian
from wmpc.planners.planner import SearchPlanner
from wmpc.planners.projected_gradient import ProjectedGradient
from wmpc.planners.search import Search, choose_elites


@dataclass
class Hybrid(SearchPlanner):
    """CEM whose elites take a few gradient steps before the Gaussian is refit to them.

    The steps are those of `ProjectedGradient`, so they need no rate to be tuned, and an elite is
    replaced only by something that costs less.

    Args:
        samples: N, candidates an iteration.
        elites: K, how many of the best are refined and refit the Gaussian.
        iterations: refits.
        steps: gradient steps on the elites, each iteration.
        finish: gradient steps on the last elites.
        spread: initial standard deviation, as a share of each action's half range.
        least_spread: the standard deviation never falls below this share.
    """

    samples: int = 128
    elites: int = 8
    iterations: int = 4
    steps: int = 3
    finish: int = 10
    spread: float = 1.0
    least_spread: float = 0.02

    def __post_init__(self) -> None:
        check_settings(
            self, "2 <= elites <= samples", "iterations >= 1", "steps >= 0", "finish >= 0"
        )
        check_settings(self, "spread > 0", "least_spread >= 0")

    def run(self, search: Search) -> None:
        """Refit `iterations` times, then refine the last elites once more.

        Args:
            search: what `SearchPlanner.plan` opened.
        """
        rule = ProjectedGradient(rate=0.1).step
        normal = Gaussian(search, self.spread, self.least_spread)
        elites = normal.mu[:, None]
        for _ in search.rounds(self.iterations):
            actions = normal.transform(search.noise(self.samples))
            actions[:, 0] = normal.mu  # the mean itself, at first the warm start, is a candidate
            elites, _ = choose_elites(actions, search.score(actions), self.elites)
            elites, _ = descend(search, elites, rule, self.steps)
            normal.refit(elites)
        descend(search, elites, rule, self.finish)
        search.stats["spread"] = normal.spread
