"""Costs on imagined latents: small functions that make a `wmpc.planners.problem.Cost`.

They compose in three steps, each a plain function:

    metric      z, g (..., K, D), weight       -> (..., K)   squared, absolute, cosine
    distance    latents (B, N, T, K, D)        -> (B, N, T)  distance, learned
    cost        latents, actions (B, N, H, .)  -> (B, N)     last, total, discounted, prefix

    last(distance(goal))                                     # what `latent_distance(goal)` says
    add(discounted(distance(goal, cosine), 0.9), smoothness(0.01))
    last(through(probe, distance(goal_state)))               # of the state that a probe decodes

A cost that can be chosen (`cost=latent_distance`) is one file here: a `GoalCost`, which makes such
a cost for a goal, and one preset of `configs/cost`.
"""

from wmpc.planners.costs.actions import effort, smoothness
from wmpc.planners.costs.distances import Distance, distance, learned, through
from wmpc.planners.costs.latent_distance import LatentDistance, Steps, latent_distance
from wmpc.planners.costs.metrics import Metric, absolute, cosine, squared
from wmpc.planners.costs.steps import discounted, last, prefix, total
from wmpc.planners.costs.sums import add, scale
from wmpc.planners.costs.target import GoalCost, Probe, Target
from wmpc.planners.costs.whitened_distance import RootedDistance, WhitenedDistance

__all__ = [
    "Distance",
    "GoalCost",
    "LatentDistance",
    "Metric",
    "Probe",
    "RootedDistance",
    "Steps",
    "Target",
    "WhitenedDistance",
    "absolute",
    "add",
    "cosine",
    "discounted",
    "distance",
    "effort",
    "last",
    "latent_distance",
    "learned",
    "prefix",
    "scale",
    "smoothness",
    "squared",
    "through",
    "total",
]
