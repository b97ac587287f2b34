"""What a goal means to the planner in the simulator where walls are in the straight way."""

import torch
from torch import Tensor

from wmpc.envs.observation import Observation
from wmpc.envs.simulator import Simulator
from wmpc.planners.costs import Target


def on_foot(true: Simulator, goal: Observation) -> Target:
    """Say that a goal is reached where it is no way any more.

    Args:
        true: the simulator of a task that is `wmpc.envs.goal_env.Walkable`.
        goal: its state and, where the task has one, its variation.

    Returns:
        The number 0, and a probe that reads how far it is off latents (..., 1, D), in tolerances:
        (..., 1).
    """
    there = true.start(goal)

    def read(latents: Tensor) -> Tensor:
        return torch.as_tensor(true.walk(latents[..., 0, :].numpy(), there)).unsqueeze(-1)

    return Target(torch.zeros(1, 1, 1, dtype=torch.float64), read=read)
