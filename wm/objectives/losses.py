"""The terms a world model is trained with: pure functions that compose by weighted sum.

Shapes: z latents (B, T, D) (slots flattened into D), a actions (B, T, A). Every function returns a
scalar. B is the batch, T the time steps of a window.
"""

import torch
import torch.nn.functional as F
from torch import Tensor


def prediction(predicted: Tensor, target: Tensor) -> Tensor:
    """Mean squared error of predicted latents, any equal shapes. No stop-gradient: the
    regularisers, not asymmetry, keep the encoder from collapsing (LeWM)."""
    return F.mse_loss(predicted, target)


def sigreg(z: Tensor, directions: Tensor, knots: int = 17, t_max: float = 3.0) -> Tensor:
    """Sketched isotropic Gaussian regularisation (LeJEPA, arXiv 2511.08544, Epps-Pulley).

    z (B, T, D), directions (D, M) of unit columns. For each time step and direction,
    N * integral over [-t_max, t_max] of |phi(t) - exp(-t^2/2)|^2 exp(-t^2/2) dt, phi the empirical
    characteristic function of the N = B projections, by the trapezoid rule with `knots` on the
    right half (the integrand is even); then the mean.
    """
    N = z.shape[0]
    t = torch.linspace(0, t_max, knots, dtype=z.dtype)
    dt = t_max / (knots - 1)
    gauss = torch.exp(-t.square() / 2).tolist()
    x = z @ directions * dt  # one knot's phase; the others follow by rotation, without sin or cos
    c1, s1 = x.cos(), x.sin()
    c, s = c1, s1
    statistic = z.new_zeros(())
    for k in range(1, knots):  # t = 0 contributes nothing: phi(0) = 1
        weight = gauss[k] * dt * (1.0 if k == knots - 1 else 2.0)
        error = (c.mean(0) - gauss[k]).square() + s.mean(0).square()  # (T, M)
        statistic = statistic + weight * error.mean()
        c, s = c * c1 - s * s1, s * c1 + c * s1
    return N * statistic


def random_directions(D: int, M: int, generator: torch.Generator, device=None) -> Tensor:
    """(D, M) fresh unit directions; drawn on the CPU so that every device sees the same."""
    directions = torch.randn(D, M, generator=generator)
    return F.normalize(directions, dim=0).to(device)


def variance(z: Tensor, gamma: float = 1.0) -> Tensor:
    """VICReg's hinge on each dimension's standard deviation over the batch (arXiv 2105.04906,
    eq. 1), a time step at a time."""
    std = (z.var(0) + 1e-4).sqrt()  # (T, D)
    return F.relu(gamma - std).mean()


def covariance(z: Tensor) -> Tensor:
    """VICReg's off-diagonal covariance (arXiv 2105.04906, eq. 3-4), a time step at a time."""
    B, _, D = z.shape
    centred = (z - z.mean(0)).transpose(0, 1)  # (T, B, D)
    cov = centred.transpose(1, 2) @ centred / (B - 1)  # (T, D, D)
    off_diagonal = cov.square().sum((1, 2)) - cov.diagonal(dim1=1, dim2=2).square().sum(1)
    return off_diagonal.mean() / D


def motion(z: Tensor, gamma: float = 0.5) -> Tensor:
    """Hinge on each dimension's standard deviation within a window, pooled over the batch.

    What never changes within an episode (a layout, a target that nobody moves) is predicted without
    error, and a spread over the batch alone can be had from it: every dimension may end up there,
    none on what moves. With a total spread of 1, gamma is the share of it that must move.
    """
    std = ((z - z.mean(1, keepdim=True)).square().mean((0, 1)) + 1e-4).sqrt()  # (D,)
    return F.relu(gamma - std).mean()


def smoothness(z: Tensor) -> Tensor:
    """Temporal straightening: 1 - cosine of successive displacements (PLDM, arXiv 2502.14819
    uses the squared difference; the cosine does not reward shrinking)."""
    v = z[:, 1:] - z[:, :-1]
    return 1 - F.cosine_similarity(v[:, 1:], v[:, :-1], dim=-1).mean()


def inverse_dynamics(predicted: Tensor, actions: Tensor) -> Tensor:
    """Mean squared error of the actions recovered from z_t, z_{t+1}: keeps in the latent what the
    actions change, and only that (PLDM)."""
    return F.mse_loss(predicted, actions)
