"""The ladder of substitutions: replace one part of the agent after another by the truth.

    agent           its own plan
    search          the best of the pool by the model and the cost        its planner replaced
    dynamics        by the cost of the true outcomes, encoded             its dynamics replaced
    cost            by the state that a probe reads off the encoding      its cost replaced
    representation  by the true state                                     its encoder replaced

A rung's number is the true distance that its choices reach, in tolerances, all choosing from one
pool of sequences a case. What falls most from a rung to the next is the bottleneck. A rung may be
worse than one below it: a stronger search finds where a wrong model errs. So each is compared with
the best below it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from wmpc.evaluation.diagnosis.pool import Pool

RUNGS = ("agent", "search", "dynamics", "cost", "representation")
CULPRITS = {
    "search": "planner", "dynamics": "dynamics", "cost": "cost", "representation": "representation"
}  # fmt: skip
"""By the rung on which the agent improves."""
CLOSE, SHARE = 0.75, 0.1
"""Nothing is to blame for less than this many tolerances, or than this share of the way that the
truth goes."""


@dataclass(frozen=True)
class Ladder:
    """The distances of every case, and what follows from them."""

    reached: np.ndarray
    """(cases, rungs), in tolerances."""
    start: np.ndarray
    """(cases,), the distance before any action."""
    best: np.ndarray
    """(cases,), the nearest that any sequence of the pool comes."""

    @property
    def rungs(self) -> dict[str, float]:
        """The mean distance of each rung."""
        return dict(zip(RUNGS, self.reached.mean(0).tolist(), strict=True))

    @property
    def gains(self) -> dict[str, float]:
        """By rung, how much nearer it comes than the best rung below it."""
        means = self.reached.mean(0)
        below = np.minimum.accumulate(means)[:-1]
        return dict(zip(RUNGS[1:], np.maximum(below - means[1:], 0).tolist(), strict=True))

    @property
    def culprit(self) -> str:
        """The part whose replacement helps most; "none" where no part is worth the blame."""
        rung, gain = max(self.gains.items(), key=lambda item: item[1])
        means = self.reached.mean(0)
        way = max(float(self.start.mean() - means.min()), 1e-9)
        short = float(means[0] - means.min())
        return "none" if short < max(CLOSE, SHARE * way) or not gain else CULPRITS[rung]


def climb(pools: Sequence[Pool], starts: Sequence[float]) -> Ladder:
    """Let every rung choose from the pool of each case.

    Args:
        pools: of several cases.
        starts: the distance of each case before any action, in tolerances.

    Returns:
        The distances that the choices reach.
    """
    reached = [
        [
            float(pool.reached[0]),
            *(
                chosen(pool.reached, cost)
                for cost in (pool.predicted, pool.realised, pool.decoded, pool.true)
            ),
        ]
        for pool in pools
    ]
    best = np.array([pool.reached.min() for pool in pools])
    return Ladder(np.array(reached), np.asarray(starts, np.float64), best)


def chosen(reached: np.ndarray, cost: Tensor | np.ndarray) -> float:
    """Say what the cheapest sequence reaches.

    Args:
        reached: (N,), the distance that each sequence reaches, in tolerances.
        cost: (N,), theirs; NaN counts as infinite.

    Returns:
        The mean distance of all that are as cheap as the cheapest, but for rounding: of a cost that
        tells nothing apart, what chance would reach.
    """
    cost = np.nan_to_num(np.asarray(cost, np.float64), nan=np.inf)
    least = cost.min()
    return float(reached[cost <= least + 1e-5 * abs(least) + 1e-12].mean())
