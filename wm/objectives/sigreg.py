"""Sketched isotropic Gaussian regularisation: latents shall be normally distributed."""

import torch
import torch.nn.functional as F
from torch import Tensor

from wmpc.errors import WmpcError
from wmpc.wm.models.world_model import LearnedModel
from wmpc.wm.objectives.term import Seen, Term
from wmpc.wm.processes import gather


class SIGReg(Term):
    """How far the tokens of the batch are from an isotropic Gaussian, along random directions.

    Args:
        directions: how many, drawn anew at every step.
    """

    def __init__(self, model: LearnedModel, weight: float = 1.0, directions: int = 256) -> None:
        super().__init__(model, weight)
        if directions < 1:
            raise WmpcError(f"sigreg has directions={directions}; it looks along at least 1")
        self.directions = directions

    def forward(self, seen: Seen) -> Tensor:
        """Compute `sigreg` of the picture tokens of the batch along fresh random directions.

        Where several processes train together, the tokens of all of them are gathered first.

        Args:
            seen: the batch, encoded; of it, the learned tokens (B, L, K', D) and the generator,
                which the directions are drawn with, are used.

        Returns:
            The statistic, a scalar, not weighted.
        """
        z = seen.learned
        directions = random_directions(z.shape[-1], self.directions, seen.generator).to(z)
        return sigreg(gather(z), directions)


def sigreg(z: Tensor, directions: Tensor, knots: int = 17, t_max: float = 3.0) -> Tensor:
    """Compute sketched isotropic Gaussian regularisation (LeJEPA, arXiv 2511.08544, Epps-Pulley).

    For each time step, token and direction it is N * integral over [-t_max, t_max] of
    |phi(t) - exp(-t^2/2)|^2 exp(-t^2/2) dt, with phi the empirical characteristic function of the
    N = B projections, by the trapezoid rule; the integrand is even, so that the right half is
    enough.

    Args:
        z: latents (B, ..., D), with at least one dimension between (time, tokens).
        directions: (D, M) of unit columns, with the dtype and device of z.
        knots: points of the trapezoid rule on the right half, at least 2.
        t_max: where the integral ends.

    Returns:
        The mean over time steps, tokens and directions, a scalar, at least 0.
    """
    N = z.shape[0]
    t = torch.linspace(0, t_max, knots, dtype=z.dtype)
    dt = t_max / (knots - 1)
    gauss = torch.exp(-t.square() / 2).tolist()
    x = (
        z.flatten(1, -2) @ directions * dt
    )  # one knot's phase; the others follow by rotation, without sin or cos
    c1, s1 = x.cos(), x.sin()
    c, s = c1, s1
    statistic = z.new_zeros(())
    for k in range(1, knots):  # t = 0 contributes nothing: phi(0) = 1
        weight = gauss[k] * dt * (1.0 if k == knots - 1 else 2.0)
        error = (c.mean(0) - gauss[k]).square() + s.mean(0).square()  # (T, M)
        statistic = statistic + weight * error.mean()
        c, s = c * c1 - s * s1, s * c1 + c * s1
    return N * statistic


def random_directions(D: int, M: int, generator: torch.Generator) -> Tensor:
    """Draw fresh random unit directions, on the CPU so that every device sees the same.

    Args:
        D: dimensions of the space.
        M: directions.
        generator: on the CPU; it is advanced.

    Returns:
        (D, M) on the CPU, in torch's default dtype, of unit columns.
    """
    directions = torch.randn(D, M, generator=generator)
    return F.normalize(directions, dim=0)
