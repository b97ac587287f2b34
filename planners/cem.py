"""The cross-entropy method (Rubinstein 1999) over action sequences."""

from dataclasses import dataclass

from wmpc.planners.checks import check_settings
from wmpc.planners.gaussian import Gaussian
from wmpc.planners.planner import SearchPlanner
from wmpc.planners.search import Search, choose_elites


@dataclass
class CEM(SearchPlanner):
    """Draw sequences from a Gaussian, refit it to the elites, repeat.

    a_n = mu + sigma eps_n with eps_n ~ N(0, 1) for n = 1..N; the K of least cost are the elites,
    to which `Gaussian.refit` moves mu and sigma.

    Args:
        samples: N, candidates an iteration.
        elites: K, how many of the best refit the Gaussian.
        iterations: refits.
        spread: initial standard deviation, as a share of each action's half range.
        least_spread: the standard deviation never falls below this share.
        momentum: alpha, share of the old mean and deviation kept at each refit.
    """

    samples: int = 128
    elites: int = 16
    iterations: int = 6
    spread: float = 1.0
    least_spread: float = 0.02
    momentum: float = 0.0

    def __post_init__(self) -> None:
        check_settings(self, "2 <= elites <= samples", "iterations >= 1")
        check_settings(self, "spread > 0", "least_spread >= 0", "0 <= momentum < 1")

    def run(self, search: Search) -> None:
        """Refit `iterations` times.

        Args:
            search: what `SearchPlanner.plan` opened.
        """
        normal = Gaussian(search, self.spread, self.least_spread, self.momentum)
        for _ in search.rounds(self.iterations):
            actions = normal.transform(search.noise(self.samples))
            actions[:, 0] = normal.mu  # the mean itself, at first the warm start, is a candidate
            elites, _ = choose_elites(actions, search.score(actions), self.elites)
            normal.refit(elites)
        search.stats["spread"] = normal.spread
