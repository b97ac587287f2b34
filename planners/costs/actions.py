"""Costs of the actions alone, whatever they lead to."""

import torch
from torch import Tensor

from wmpc.planners.problem import Cost


def effort(weight: float = 1.0) -> Cost:
    """Make the cost weight * (mean squared action), which prefers gentle plans among equals.

    Args:
        weight: of the cost.

    Returns:
        latents (B, N, H, K, D), actions (B, N, H, A) -> (B, N).
    """
    return lambda latents, actions: weight * actions.square().mean((-2, -1))


def smoothness(weight: float = 1.0, previous: Tensor | None = None) -> Cost:
    """Make the cost weight * (mean squared difference of successive actions).

    Args:
        weight: of the cost.
        previous: (B, A), the action executed last; the first difference is from there. Without
            it the first action is free, and a horizon of 1 costs nothing.

    Returns:
        latents (B, N, H, K, D), actions (B, N, H, A) -> (B, N).
    """

    def cost(latents: Tensor, actions: Tensor) -> Tensor:
        if previous is not None:
            before = previous[:, None, None].expand(-1, actions.shape[1], -1, -1)
            actions = torch.cat([before, actions], 2)
        if actions.shape[2] < 2:
            return actions.new_zeros(actions.shape[:2])
        return weight * actions.diff(dim=2).square().mean((-2, -1))

    return cost
