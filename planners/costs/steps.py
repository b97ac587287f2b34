"""Which imagined steps count: from a distance at every step to a cost of the whole plan."""

import torch
from torch import Tensor

from wmpc.errors import WmpcError
from wmpc.planners.costs.distances import Distance
from wmpc.planners.problem import Cost


def last(distance: Distance) -> Cost:
    """Count the last imagined latent alone; the others are never looked at.

    Args:
        distance: of latents (B, N, T, K, D), to (B, N, T).

    Returns:
        latents (B, N, H, K, D), actions (B, N, H, A) -> (B, N).
    """
    return lambda latents, actions: distance(latents[:, :, -1:]).squeeze(2)


def total(distance: Distance) -> Cost:
    """Sum a distance over the horizon.

    Args:
        distance: of latents (B, N, T, K, D), to (B, N, T).

    Returns:
        latents (B, N, H, K, D), actions (B, N, H, A) -> (B, N).
    """
    return lambda latents, actions: distance(latents).sum(2)


def prefix(distance: Distance, executed: int) -> Cost:
    """Sum a distance over the first steps, those acted out before planning anew.

    Args:
        distance: of latents (B, N, T, K, D), to (B, N, T).
        executed: how many steps count.

    Returns:
        latents (B, N, H, K, D), actions (B, N, H, A) -> (B, N).

    Raises:
        WmpcError: no step would count.
    """
    if executed < 1:
        raise WmpcError(f"executed is {executed}; at least 1 step must count")
    return lambda latents, actions: distance(latents[:, :, :executed]).sum(2)


def discounted(distance: Distance, gamma: float) -> Cost:
    """Sum gamma^t d_t over the horizon, t = 0 after the first action.

    Args:
        distance: of latents (B, N, T, K, D), to (B, N, T).
        gamma: above 0 and at most 1.

    Returns:
        latents (B, N, H, K, D), actions (B, N, H, A) -> (B, N).

    Raises:
        WmpcError: gamma is out of range.
    """
    if not 0 < gamma <= 1:
        raise WmpcError(f"gamma is {gamma}; a discount is above 0 and at most 1")

    def cost(latents: Tensor, actions: Tensor) -> Tensor:
        d = distance(latents)
        t = torch.arange(d.shape[2], dtype=d.dtype, device=d.device)
        return d @ gamma**t

    return cost
