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
        """See `Term`."""
        z = seen.learned
        directions = random_directions(z.shape[-1], self.directions, seen.generator).to(z)
        return sigreg(gather(z), directions)


def sigreg(z: Tensor, directions: Tensor, knots: int = 17, t_max: float = 3.0) -> Tensor:
    """Sketched isotropic Gaussian regularisation (LeJEPA, arXiv 2511.08544, Epps-Pulley).

    z (B, ..., D), directions (D, M) of unit columns. For each time step, token and direction,
    N * integral over [-t_max, t_max] of |phi(t) - exp(-t^2/2)|^2 exp(-t^2/2) dt, phi the empirical
    characteristic function of the N = B projections, by the trapezoid rule with `knots` on the
    right half (the integrand is even); then the mean.
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
    """(D, M) fresh unit directions; drawn on the CPU so that every device sees the same."""
    directions = torch.randn(D, M, generator=generator)
    return F.normalize(directions, dim=0)
