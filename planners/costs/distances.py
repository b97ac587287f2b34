"""Distances of imagined latents to a goal, step by step: (B, N, T, K, D) -> (B, N, T)."""

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor

from wmpc.errors import WmpcError
from wmpc.planners.costs.metrics import Metric, squared
from wmpc.planners.costs.target import Probe

Distance = Callable[[Tensor], Tensor]
"""latents (B, N, T, K, D) -> (B, N, T), differentiable; of any T steps."""


def distance(
    goal: Tensor,
    metric: Metric = squared,
    *,
    weight: Tensor | None = None,
    slots: Tensor | Literal["sum", "mean"] = "sum",
) -> Distance:
    """Make the distance to a goal: `metric`, summed over the tokens.

    Args:
        goal: (B, K, D).
        metric: see `wmpc.planners.costs.metrics`.
        weight: of each dimension, broadcastable to (K, D); None counts every one once.
        slots: (K,), the weight of each token (patch, object); "sum" counts each once and "mean"
            1/K.

    Returns:
        latents (B, N, T, K, D) -> (B, N, T).

    Raises:
        WmpcError: goal, weight and slots do not fit each other, or, when it is called, the latents.
    """
    if goal.dim() != 3:
        raise WmpcError(f"the goal is {tuple(goal.shape)}; it must be (B, K, D)")
    if isinstance(slots, Tensor) and slots.shape != goal.shape[1:2]:
        raise WmpcError(
            f"slots is {tuple(slots.shape)}; a goal of (K, D) = {tuple(goal.shape[1:])} takes (K,)"
        )
    if not isinstance(slots, Tensor) and slots not in ("sum", "mean"):
        raise WmpcError(f"slots is {slots!r}; it may be sum, mean or a weight (K,)")
    if weight is not None and not _broadcasts(weight.shape, goal.shape[1:]):
        raise WmpcError(
            f"weight is {tuple(weight.shape)}; it must broadcast to (K, D) = "
            f"{tuple(goal.shape[1:])}"
        )

    def measured(latents: Tensor) -> Tensor:
        each = metric(latents, _beside(goal, latents), weight)
        if isinstance(slots, Tensor):
            return each @ slots.to(each)
        return each.sum(-1) if slots == "sum" else each.mean(-1)

    return measured


def learned(function: Callable[[Tensor, Tensor], Tensor], goal: Tensor) -> Distance:
    """Make a distance of a learned function, such as a temporal distance, or minus a value.

    Args:
        function: latents (B, N, T, K, D), goals (B, 1, 1, K, D) -> (B, N, T).
        goal: (B, K, D).

    Returns:
        latents (B, N, T, K, D) -> (B, N, T).

    Raises:
        WmpcError: when it is called, the function gives another shape.
    """

    def measured(latents: Tensor) -> Tensor:
        d = function(latents, _beside(goal, latents))
        if d.shape != latents.shape[:3]:
            raise WmpcError(
                f"the learned distance returned {tuple(d.shape)} for latents "
                f"{tuple(latents.shape)}; it must return (B, N, T) = {tuple(latents.shape[:3])}"
            )
        return d

    return measured


def through(probe: Probe, measure: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Measure the state that a probe decodes from latents.

    Prefer `last(through(probe, distance))` to `through(probe, last(distance))`, which decodes every
    step.

    Args:
        probe: latents (..., K, D) -> state (..., S).
        measure: a distance or a cost of such states, seen as latents of one token, (1, S): a goal
            state is (B, 1, S).

    Returns:
        The same distance or cost, of latents.

    Raises:
        WmpcError: when it is called, the probe gives another shape.
    """

    def decoded(latents: Tensor, *actions: Tensor) -> Tensor:
        state = probe(latents)
        if state.dim() != latents.dim() - 1 or state.shape[:-1] != latents.shape[:-2]:
            raise WmpcError(
                f"the probe returned {tuple(state.shape)} for latents {tuple(latents.shape)}; it "
                "must turn (..., K, D) into (..., S)"
            )
        return measure(state.unsqueeze(-2), *actions)

    return decoded


def _broadcasts(shape: torch.Size, to: torch.Size) -> bool:
    return len(shape) <= len(to) and all(
        n in (1, m) for n, m in zip(shape[::-1], to[::-1], strict=False)
    )


def _beside(goal: Tensor, latents: Tensor) -> Tensor:
    """The goal as (B, 1, 1, K, D); WmpcError unless it fits latents (B, N, T, K, D)."""
    B, (K, D) = latents.shape[0], latents.shape[-2:]
    if goal.dim() != 3 or goal.shape[0] not in (1, B) or goal.shape[1:] != (K, D):
        raise WmpcError(
            f"the goal is {tuple(goal.shape)}; for these latents it must be (B, K, D) = {(B, K, D)}"
        )
    return goal[:, None, None]
