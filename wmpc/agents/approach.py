"""How near to the goal an agent is, or imagines to come."""

from torch import Tensor

from wmpc.planners.problem import Problem

NEAR = 0.01
"""What share of the squared distance at first counts as being there: a tenth of the way."""


def approach(latents: Tensor, problem: Problem) -> Tensor | None:
    """Compute how far from the goal latents are.

    Args:
        latents: (H, K, D).
        problem: of which the goal and its weight count; there is one (B = 1).

    Returns:
        (H,), mean squared distances over the entries that count; None where the goal is no latent.
    """
    if problem.goal is None:
        return None
    away = (latents - problem.goal).square()
    if problem.weight is not None:
        away = away * problem.weight / problem.weight.expand(away.shape[-2:]).mean()
    return away.mean((-2, -1))


def arrival(away: Tensor, way: float) -> int:
    """Count the blocks to where a plan arrives: to the first of its latents that is near the goal,
    or, where none is, to the nearest.

    Args:
        away: (H,), of its latents, see `approach`.
        way: the distance there was at first; `NEAR` of it is near.

    Returns:
        1 to H.
    """
    return int((away <= max(float(away.min()), NEAR * way)).int().argmax()) + 1
