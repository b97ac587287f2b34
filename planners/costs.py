"""Costs on imagined latents: small functions that make a `wmpc.planners.problem.Cost`.

They compose in three steps, each a plain function:

    metric      z, g (..., K, D), weight       -> (..., K)   squared, absolute, cosine
    distance    latents (B, N, T, K, D)        -> (B, N, T)  distance, learned
    cost        latents, actions (B, N, H, .)  -> (B, N)     last, total, discounted, prefix

    last(distance(goal))                                     # what `latent_distance(goal)` says
    add(discounted(distance(goal, cosine), 0.9), smoothness(0.01))
    last(through(probe, distance(goal_state)))               # of the state that a probe decodes
"""

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor

from wmpc.errors import WmpcError
from wmpc.planners.problem import Cost

Metric = Callable[[Tensor, Tensor, Tensor | None], Tensor]
"""z (..., K, D), g broadcastable to it, weight broadcastable to (K, D) or None -> (..., K)."""
Distance = Callable[[Tensor], Tensor]
"""latents (B, N, T, K, D) -> (B, N, T), differentiable; of any T steps."""
Probe = Callable[[Tensor], Tensor]
"""latents (..., K, D) -> state (..., S)."""
Steps = Literal["last", "sum", "executed", "discounted"]


def latent_distance(
    goal: Tensor,
    *,
    steps: Steps = "last",
    executed: int = 1,
    gamma: float = 0.9,
    weight: Tensor | None = None,
    read: Probe | None = None,
) -> Cost:
    """Squared distance of imagined latents to the goal's: sum_kd w_kd (z_kd - g_kd)^2.

    Args:
        goal: (B, K, D).
        steps: which imagined latents count: the last one, the sum over the horizon, the sum over
            the first `executed`, the part that will be acted out before planning anew, or the sum
            discounted by `gamma`.
        weight: broadcastable to (K, D); None counts every dimension once.
        read: a probe whose numbers are compared instead of the latents, see `through`.
    """
    d = distance(goal, weight=weight)
    if read is not None:
        d = through(read, d)
    if steps == "last":
        return last(d)
    if steps == "sum":
        return total(d)
    if steps == "executed":
        return prefix(d, executed)
    if steps == "discounted":
        return discounted(d, gamma)
    raise WmpcError(
        f"steps is {steps!r}; a latent distance takes last, sum, executed or discounted"
    )


# How far two latents are, slot by slot ------------------------------------------------------


def squared(z: Tensor, g: Tensor, weight: Tensor | None = None) -> Tensor:
    """sum_d w_d (z_d - g_d)^2 of each slot."""
    error = (z - g).square()
    return (error if weight is None else error * weight).sum(-1)


def absolute(z: Tensor, g: Tensor, weight: Tensor | None = None) -> Tensor:
    """L1: sum_d w_d |z_d - g_d| of each slot."""
    error = (z - g).abs()
    return (error if weight is None else error * weight).sum(-1)


def cosine(z: Tensor, g: Tensor, weight: Tensor | None = None) -> Tensor:
    """1 - <z, g> / (|z| |g|) of each slot, 0 to 2; with a weight, <a, b> = sum_d w_d a_d b_d.

    A weight alike for all dimensions of a slot says nothing here: weigh `slots` in `distance`.
    """
    a, b = (z, g) if weight is None else (z * weight, g * weight)
    norms = (a * z).sum(-1) * (b * g).sum(-1)
    tiny = torch.finfo(norms.dtype).tiny  # a latent of zeros is at distance 1 from everything
    return 1 - (a * g).sum(-1) * norms.clamp(min=tiny).rsqrt()


# Distance to a goal, step by step -----------------------------------------------------------


def distance(
    goal: Tensor,
    metric: Metric = squared,
    *,
    weight: Tensor | None = None,
    slots: Tensor | Literal["sum", "mean"] = "sum",
) -> Distance:
    """`metric` from the goal, summed over the slots.

    Args:
        goal: (B, K, D).
        weight: broadcastable to (K, D), of each dimension; None counts every one once.
        slots: (K,), the weight of each slot (token, patch, object); "sum" counts each once and
            "mean" 1/K.
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
    """A learned distance to the goal, such as a temporal distance, or minus a value.

    `function` takes latents (B, N, T, K, D) and goals (B, 1, 1, K, D), and gives (B, N, T).
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
    """`measure`, a distance or a cost, of the state that `probe` decodes from latents.

    A state is seen as a latent of one slot, (1, S): a goal state is (B, 1, S). Prefer
    `last(through(probe, distance))` to `through(probe, last(distance))`, which decodes every step.
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


# Which steps count --------------------------------------------------------------------------


def last(distance: Distance) -> Cost:
    """Of the last imagined latent; the others are never looked at."""
    return lambda latents, actions: distance(latents[:, :, -1:]).squeeze(2)


def total(distance: Distance) -> Cost:
    """Summed over the horizon."""
    return lambda latents, actions: distance(latents).sum(2)


def prefix(distance: Distance, executed: int) -> Cost:
    """Summed over the first `executed` steps, those acted out before planning anew."""
    if executed < 1:
        raise WmpcError(f"executed is {executed}; at least 1 step must count")
    return lambda latents, actions: distance(latents[:, :, :executed]).sum(2)


def discounted(distance: Distance, gamma: float) -> Cost:
    """sum_t gamma^t d_t, t = 0 after the first action."""
    if not 0 < gamma <= 1:
        raise WmpcError(f"gamma is {gamma}; a discount is above 0 and at most 1")

    def cost(latents: Tensor, actions: Tensor) -> Tensor:
        d = distance(latents)
        t = torch.arange(d.shape[2], dtype=d.dtype, device=d.device)
        return d @ gamma**t

    return cost


# Of the actions, and sums -------------------------------------------------------------------


def effort(weight: float = 1.0) -> Cost:
    """weight * mean squared action: prefers gentle plans among equals."""
    return lambda latents, actions: weight * actions.square().mean((-2, -1))


def smoothness(weight: float = 1.0, previous: Tensor | None = None) -> Cost:
    """weight * mean squared difference of successive actions.

    Args:
        previous: (B, A), the action executed last; the first difference is from there. Without
            it the first action is free, and a horizon of 1 costs nothing.
    """

    def cost(latents: Tensor, actions: Tensor) -> Tensor:
        if previous is not None:
            before = previous[:, None, None].expand(-1, actions.shape[1], -1, -1)
            actions = torch.cat([before, actions], 2)
        if actions.shape[2] < 2:
            return actions.new_zeros(actions.shape[:2])
        return weight * actions.diff(dim=2).square().mean((-2, -1))

    return cost


def scale(weight: float, cost: Cost) -> Cost:
    """weight * cost."""
    return lambda latents, actions: weight * cost(latents, actions)


def add(*costs: Cost) -> Cost:
    """The sum of several costs."""
    if not costs:
        raise WmpcError("add() was given no cost; give it at least one")

    def cost(latents: Tensor, actions: Tensor) -> Tensor:
        return sum((c(latents, actions) for c in costs[1:]), costs[0](latents, actions))

    return cost


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
