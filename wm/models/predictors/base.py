"""What a predictor is: from a context of latents and actions to the next latent.

z (B, T, X) with slots flattened into X = K * D, a (B, T, A), a[:, t] leads from z[:, t] to
z[:, t + 1]; valid (B, T) bool tells real frames from padding, which always stands before them.
"""

from typing import Protocol

import torch
from torch import Tensor


class Predictor(Protocol):
    """See the module's docstring."""

    context: int
    """h, the most frames that a prediction may see."""

    def __call__(self, z: Tensor, a: Tensor, valid: Tensor) -> Tensor:
        """The next latent after every position, (B, T, X), each from at most h frames up to it."""
        ...

    def last(self, z: Tensor, a: Tensor, valid: Tensor) -> Tensor:
        """The next latent after the last position only, (B, X)."""
        ...

    def rollout(self, z: Tensor, a: Tensor, valid: Tensor, actions: Tensor) -> Tensor:
        """Imagine N sequences from one context: z (B, c, X), a (B, c - 1, A), valid (B, c),
        actions (B, N, H, A) -> (B, N, H, X). The same numbers as `roll_last`, sooner."""
        ...


def windows(x: Tensor, h: int) -> Tensor:
    """(B, T, ...) -> (B, T, h, ...): the h entries up to each position, zeros before the first."""
    x = torch.cat([x.new_zeros(x.shape[0], h - 1, *x.shape[2:]), x], 1)
    return x.unfold(1, h, 1).movedim(-1, 2)


def candidates(x: Tensor, N: int) -> Tensor:
    """(B, ...) -> (B * N, ...): what N candidates of a problem share."""
    return x.unsqueeze(1).expand(-1, N, *x.shape[1:]).flatten(0, 1)


def roll_last(predictor: Predictor, z: Tensor, a: Tensor, valid: Tensor, actions: Tensor) -> Tensor:
    """`Predictor.rollout` by its definition: each prediction joins the context of the next."""
    B, N, H, _ = actions.shape
    h, c = predictor.context, z.shape[1]
    z, valid = candidates(z, N), candidates(valid, N)
    a = torch.cat([candidates(a, N), actions.flatten(0, 1)], 1)
    valid = torch.cat([valid, valid.new_ones(B * N, H)], 1)
    for t in range(c, c + H):
        lo = max(0, t - h)
        following = predictor.last(z[:, lo:t], a[:, lo:t], valid[:, lo:t])
        z = torch.cat([z, following.unsqueeze(1)], 1)
    return z[:, c:].unflatten(0, (B, N))
