"""Costs put together."""

from torch import Tensor

from wmpc.errors import WmpcError
from wmpc.planners.problem import Cost


def scale(weight: float, cost: Cost) -> Cost:
    """Multiply a cost by a number.

    Args:
        weight: the number.
        cost: latents, actions -> (B, N).

    Returns:
        weight * cost.
    """
    return lambda latents, actions: weight * cost(latents, actions)


def add(*costs: Cost) -> Cost:
    """Add several costs up.

    Returns:
        latents (B, N, H, K, D), actions (B, N, H, A) -> (B, N).

    Raises:
        WmpcError: there is none.
    """
    if not costs:
        raise WmpcError("add() was given no cost; give it at least one")

    def cost(latents: Tensor, actions: Tensor) -> Tensor:
        return sum((c(latents, actions) for c in costs[1:]), costs[0](latents, actions))

    return cost
