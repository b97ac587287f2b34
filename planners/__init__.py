"""Planners: search action sequences that minimise a cost under any dynamics; torch and numpy."""

from planners import costs, guardrails
from planners.asynchronous import AsyncMPCAgent
from planners.categorical_cem import CategoricalCEM
from planners.cem import CEM
from planners.constrained import AugmentedLagrangian
from planners.costs import add, effort, latent_distance, smoothness
from planners.errors import PlannerError
from planners.gradient import SGD, Adam, ProjectedGradient
from planners.grasp import GRASP
from planners.hybrid import Hybrid
from planners.icem import ICEM
from planners.mpc import MPCAgent, WorldModel
from planners.mppi import MPPI
from planners.nevergrad_adapter import Nevergrad
from planners.numpy_model import NumpyDynamics, NumpyModel
from planners.predictive_sampling import PredictiveSampling
from planners.problem import Box, Categorical, Cost, Dynamics, Plan, Planner, Problem
from planners.random_shooting import RandomShooting

__all__ = [
    "CEM",
    "GRASP",
    "ICEM",
    "MPPI",
    "SGD",
    "Adam",
    "AsyncMPCAgent",
    "AugmentedLagrangian",
    "Box",
    "Categorical",
    "CategoricalCEM",
    "Cost",
    "Dynamics",
    "Hybrid",
    "MPCAgent",
    "Nevergrad",
    "NumpyDynamics",
    "NumpyModel",
    "Plan",
    "Planner",
    "PlannerError",
    "PredictiveSampling",
    "Problem",
    "ProjectedGradient",
    "RandomShooting",
    "WorldModel",
    "add",
    "costs",
    "effort",
    "guardrails",
    "latent_distance",
    "smoothness",
]
