"""Planners: search action sequences that minimise a cost under any dynamics; torch and numpy."""

from planners.cem import CEM
from planners.costs import add, effort, latent_distance
from planners.errors import PlannerError
from planners.gradient import SGD, Adam, ProjectedGradient
from planners.mpc import MPCAgent, WorldModel
from planners.numpy_model import NumpyDynamics, NumpyModel
from planners.problem import Box, Categorical, Cost, Dynamics, Plan, Planner, Problem
from planners.random_shooting import RandomShooting

__all__ = [
    "CEM",
    "SGD",
    "Adam",
    "Box",
    "Categorical",
    "Cost",
    "Dynamics",
    "MPCAgent",
    "NumpyDynamics",
    "NumpyModel",
    "Plan",
    "Planner",
    "PlannerError",
    "Problem",
    "ProjectedGradient",
    "RandomShooting",
    "WorldModel",
    "add",
    "effort",
    "latent_distance",
]
