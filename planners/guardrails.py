"""Guardrails: constraints as costs, at most 0 where satisfied, the worst step of the horizon.

They are for `wmpc.planners.problem.Problem.constraints`. Units are those of the state that `probe`
decodes from latents (..., K, D) -> (..., S); without a probe the latent itself is the state.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from wmpc.errors import WmpcError
from wmpc.planners.costs import Probe
from wmpc.planners.problem import Cost


def outside_disc(
    centre: Sequence[float], radius: float, probe: Probe | None = None, *, swept: bool = True
) -> Cost:
    """Constrain the state to stay outside a disc (a ball, where there are more dimensions).

    The constraint is radius - distance to the centre. A model sees only the ends of its blocks.
    `swept` takes the distance of the straight segments between them, so that no plan jumps over the
    disc; the way from the present to the first end is not among them, and is left to a margin on
    the radius. Ends outside a disc of radius sqrt(r^2 + (l/2)^2) keep every straight block
    of length l outside the disc of radius r.

    Args:
        centre: of the disc, in the first len(centre) entries of the state.
        radius: above 0, in the same units.
        probe: decodes the state from latents; None: the latent is the state.
        swept: whether the ways between the ends of blocks count, not the ends alone.

    Returns:
        The constraint, (B, N), at most 0 where the whole horizon stays outside.

    Raises:
        WmpcError: the centre is empty or the radius not above 0; later, the state too short.
    """
    if not radius > 0 or not len(centre):
        raise WmpcError(
            f"outside_disc needs a centre and a radius above 0, got {list(centre)} and {radius}"
        )

    def cost(latents: Tensor, actions: Tensor) -> Tensor:
        offset = _decode(probe, latents, len(centre))
        offset = offset - offset.new_tensor(centre)
        if swept and offset.shape[2] > 1:
            a, step = offset[:, :, :-1], offset.diff(dim=2)
            tiny = torch.finfo(step.dtype).tiny
            share = -(a * step).sum(-1, keepdim=True) / step.square().sum(-1, True).clamp(min=tiny)
            nearest = a + share.clamp(0, 1) * step  # to the centre, on each segment
            offset = torch.cat([offset[:, :, :1], nearest], 2)
        return radius - torch.linalg.vector_norm(offset, dim=-1).amin(-1)

    return cost


def half_space(normal: Sequence[float], offset: float, probe: Probe | None = None) -> Cost:
    """Constrain the state to stay behind a wall: normal . state <= offset.

    Straight segments between two ends in a half space stay in it, so the ends are enough.

    Args:
        normal: of the wall, in the first len(normal) entries of the state; not zero.
        offset: where the wall stands along the normal.
        probe: decodes the state from latents; None: the latent is the state.

    Returns:
        The constraint, (B, N): the largest normal . state - offset of the horizon.

    Raises:
        WmpcError: the normal is zero; later, the state too short.
    """
    if not any(normal):
        raise WmpcError(f"half_space needs a normal that is not zero, got {list(normal)}")

    def cost(latents: Tensor, actions: Tensor) -> Tensor:
        state = _decode(probe, latents, len(normal))
        return (state @ state.new_tensor(normal)).amax(-1) - offset

    return cost


def action_limit(limit: float | Tensor) -> Cost:
    """Constrain the size of actions: max |a| - limit.

    Limits that hold alike for every action are `Box` bounds, which cost nothing; this is for those
    that should be reported when broken, or weighed against others.

    Args:
        limit: not negative, in the units of the problem's actions; a number or (A,).

    Returns:
        The constraint, (B, N).

    Raises:
        WmpcError: a limit is negative.
    """
    if torch.as_tensor(limit).lt(0).any():
        raise WmpcError(f"action_limit is {limit}; a limit is not negative")
    return lambda latents, actions: (actions.abs() - limit).amax((-2, -1))


def _decode(probe: Probe | None, latents: Tensor, size: int) -> Tensor:
    """(B, N, H, K, D) -> the first `size` entries of the state, (B, N, H, size)."""
    state = latents.flatten(-2) if probe is None else probe(latents)
    if state.shape[:-1] != latents.shape[:3] or state.shape[-1] < size:
        raise WmpcError(
            f"the decoded state is {tuple(state.shape)} for latents {tuple(latents.shape)}; this "
            f"guardrail needs (B, N, H, S) with S of at least {size}"
        )
    return state[..., :size]
