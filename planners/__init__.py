"""Planners: search action sequences that minimise a cost under any dynamics; torch and numpy."""

from wmpc.errors import WmpcError
from wmpc.planners import costs, guardrails
from wmpc.planners.adam import Adam
from wmpc.planners.categorical_cem import CategoricalCEM
from wmpc.planners.cem import CEM
from wmpc.planners.constrained import AugmentedLagrangian
from wmpc.planners.costs import (
    GoalCost,
    LatentDistance,
    Target,
    add,
    effort,
    latent_distance,
    smoothness,
)
from wmpc.planners.grasp import GRASP
from wmpc.planners.hybrid import Hybrid
from wmpc.planners.icem import ICEM
from wmpc.planners.l1_ball import L1Ball
from wmpc.planners.mppi import MPPI
from wmpc.planners.nevergrad_adapter import Nevergrad
from wmpc.planners.numpy_model import NumpyDynamics, NumpyModel
from wmpc.planners.planner import SearchPlanner
from wmpc.planners.predictive_sampling import PredictiveSampling
from wmpc.planners.problem import Box, Categorical, Cost, Dynamics, Plan, Planner, Problem
from wmpc.planners.projected_gradient import ProjectedGradient
from wmpc.planners.random_shooting import RandomShooting
from wmpc.planners.sgd import SGD

__all__ = [
    "CEM",
    "GRASP",
    "ICEM",
    "MPPI",
    "SGD",
    "Adam",
    "AugmentedLagrangian",
    "Box",
    "Categorical",
    "CategoricalCEM",
    "Cost",
    "Dynamics",
    "GoalCost",
    "Hybrid",
    "L1Ball",
    "LatentDistance",
    "Nevergrad",
    "NumpyDynamics",
    "NumpyModel",
    "Plan",
    "Planner",
    "PredictiveSampling",
    "Problem",
    "ProjectedGradient",
    "RandomShooting",
    "SearchPlanner",
    "Target",
    "WmpcError",
    "add",
    "costs",
    "effort",
    "guardrails",
    "latent_distance",
    "smoothness",
]
