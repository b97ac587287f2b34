"""How far two latents are from each other, token by token: (..., K, D) -> (..., K)."""

from collections.abc import Callable

import torch
from torch import Tensor

Metric = Callable[[Tensor, Tensor, Tensor | None], Tensor]
"""z (..., K, D), g broadcastable to it, weight broadcastable to (K, D) or None -> (..., K)."""


def squared(z: Tensor, g: Tensor, weight: Tensor | None = None) -> Tensor:
    """Compute the squared Euclidean distance of each token, sum_d w_d (z_d - g_d)^2.

    Args:
        z: latents (..., K, D).
        g: what they are compared with, broadcastable to them.
        weight: w, broadcastable to (K, D); None: ones.

    Returns:
        (..., K).
    """
    error = (z - g).square()
    return (error if weight is None else error * weight).sum(-1)


def absolute(z: Tensor, g: Tensor, weight: Tensor | None = None) -> Tensor:
    """Compute the L1 distance of each token, sum_d w_d |z_d - g_d|.

    Args:
        z: latents (..., K, D).
        g: what they are compared with, broadcastable to them.
        weight: w, broadcastable to (K, D); None: ones.

    Returns:
        (..., K).
    """
    error = (z - g).abs()
    return (error if weight is None else error * weight).sum(-1)


def cosine(z: Tensor, g: Tensor, weight: Tensor | None = None) -> Tensor:
    """Compute the cosine distance of each token, 1 - <z, g> / (|z| |g|).

    A weight alike for all dimensions of a token changes nothing: weigh `slots` in `distance`.

    Args:
        z: latents (..., K, D).
        g: what they are compared with, broadcastable to them.
        weight: w in <a, b> = sum_d w_d a_d b_d, broadcastable to (K, D); None: ones.

    Returns:
        (..., K), 0 to 2; 1 where either is zero.
    """
    a, b = (z, g) if weight is None else (z * weight, g * weight)
    norms = (a * z).sum(-1) * (b * g).sum(-1)
    tiny = torch.finfo(norms.dtype).tiny  # a latent of zeros is at distance 1 from everything
    return 1 - (a * g).sum(-1) * norms.clamp(min=tiny).rsqrt()
