"""A cost: how bad an imagined plan is, given the goal."""

from wmpc.planners import Cost, costs
from wmpc.planners.costs import Target


def gentle(target: Target, executed: int, *, price: float = 0.01) -> Cost:
    """Make the cost of a decision: the squared distance to the goal, and a price of large actions.

    Args:
        target: the goal in latents, given by wmpc.
        executed: blocks that will be acted out before planning anew, given by wmpc.
        price: of a mean squared action, beside the distance.

    Returns:
        latents (B, N, H, K, D), actions (B, N, H, A) -> (B, N).
    """
    near = costs.latent_distance(
        target.latents, steps="sum", weight=target.weight, read=target.read
    )
    return costs.add(near, costs.effort(price))
