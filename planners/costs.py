"""Costs on imagined latents: small functions that make a `planners.problem.Cost`."""

from typing import Literal

from torch import Tensor

from planners.errors import PlannerError
from planners.problem import Cost

Steps = Literal["last", "sum", "executed"]


def latent_distance(
    goal: Tensor, *, steps: Steps = "last", executed: int = 1, weight: Tensor | None = None
) -> Cost:
    """Squared distance of imagined latents to the goal's: sum_kd w_kd (z_kd - g_kd)^2.

    Args:
        goal: (B, K, D).
        steps: which imagined latents count: the last one, the sum over the horizon, or the sum
            over the first `executed`, the part that will be acted out before planning anew.
        weight: broadcastable to (K, D); None counts every dimension once.
    """
    if steps not in ("last", "sum", "executed"):
        raise PlannerError(f"steps is {steps!r}; a latent distance takes last, sum or executed")

    def cost(latents: Tensor, actions: Tensor) -> Tensor:
        counted = {
            "last": latents[:, :, -1:],
            "sum": latents,
            "executed": latents[:, :, :executed],
        }[steps]
        error = (counted - goal[:, None, None]).square()
        if weight is not None:
            error = error * weight
        return error.sum((-3, -2, -1))

    return cost


def effort(weight: float) -> Cost:
    """weight * mean squared action: prefers gentle plans among equals."""

    def cost(latents: Tensor, actions: Tensor) -> Tensor:
        return weight * actions.square().mean((-2, -1))

    return cost


def add(*costs: Cost) -> Cost:
    """The sum of several costs."""

    def cost(latents: Tensor, actions: Tensor) -> Tensor:
        return sum((c(latents, actions) for c in costs[1:]), costs[0](latents, actions))

    return cost
