"""The cross-entropy method (Rubinstein 1999) over sequences of discrete actions."""

from dataclasses import dataclass
from typing import ClassVar

from torch.nn.functional import one_hot

from wmpc.planners.checks import check_settings
from wmpc.planners.planner import SearchPlanner
from wmpc.planners.problem import Categorical
from wmpc.planners.search import Search, choose_elites


@dataclass
class CategoricalCEM(SearchPlanner):
    """Draw a class at each step, refit the classes' probabilities to the elites, repeat.

    With f the frequency of each class among the elites at each step, and n classes,

        p <- momentum p + (1 - momentum) f, then p <- (1 - least) p + least / n.

    Plans are one-hot, (B, H, n).

    Args:
        samples: N, candidates an iteration.
        elites: K, how many of the best refit the probabilities.
        iterations: refits.
        momentum: share of the old probabilities kept at each refit.
        least: every class keeps at least this share of the uniform probability.
        trust: probability that the warm start's classes have at first, beside the uniform rest.
    """

    space: ClassVar = Categorical

    samples: int = 128
    elites: int = 16
    iterations: int = 6
    momentum: float = 0.1
    least: float = 0.05
    trust: float = 0.5

    def __post_init__(self) -> None:
        check_settings(self, "1 <= elites <= samples", "iterations >= 1")
        check_settings(self, "0 <= momentum < 1", "0 <= least <= 1", "0 <= trust <= 1")

    def run(self, search: Search) -> None:
        """Refit `iterations` times.

        Args:
            search: what `SearchPlanner.plan` opened.
        """
        n = search.A
        trust = self.trust if search.warm else 0.0
        p = trust * search.initial + (1 - trust) / n  # (B, H, n)
        likeliest = search.initial
        for _ in search.rounds(self.iterations):
            share = search.uniform(self.samples, 1)  # inverse of the cumulative distribution
            drawn = (share >= p.cumsum(-1)[:, None, :, :-1]).sum(-1)
            actions = one_hot(drawn, n).to(p)
            actions[:, 0] = likeliest  # at first the warm start
            elites, _ = choose_elites(actions, search.score(actions), self.elites)
            p = self.momentum * p + (1 - self.momentum) * elites.mean(1)
            p = (1 - self.least) * p + self.least / n
            likeliest = one_hot(p.argmax(-1), n).to(p)
        search.stats["likeliest"] = float(p.amax(-1).mean())
