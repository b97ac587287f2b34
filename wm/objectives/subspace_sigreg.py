"""Latents shall be normally distributed within a few fixed subspaces, not in the whole space."""

import torch
from torch import Tensor

from wmpc.errors import WmpcError
from wmpc.wm.models.world_model import LearnedModel
from wmpc.wm.objectives.sigreg import random_directions, sigreg
from wmpc.wm.objectives.term import Seen, Term
from wmpc.wm.processes import gather


class SubspaceSIGReg(Term):
    """SIGReg along directions within random subspaces (Sub-JEPA, arXiv 2605.09241).

    The subspaces are drawn once, with torch's seed, and saved with the run; each has an orthonormal
    basis. Directions within them are drawn anew at every step. Across subspaces nothing is asked of
    the latents, which may thus lie near a surface of fewer dimensions.

    Args:
        subspaces: how many.
        dimensions: of each; None: the latent's, divided by `subspaces`, at least 1.
        directions: how many at every step, over all subspaces; at least one each.
    """

    bases: Tensor
    """(S, D, d), orthonormal columns."""

    def __init__(
        self,
        model: LearnedModel,
        weight: float = 1.0,
        subspaces: int = 4,
        dimensions: int | None = None,
        directions: int = 256,
    ) -> None:
        super().__init__(model, weight)
        D = model.layout.width
        d = max(D // max(subspaces, 1), 1) if dimensions is None else dimensions
        if subspaces < 1 or not 1 <= d <= D or directions < subspaces:
            raise WmpcError(
                f"subspace_sigreg has subspaces={subspaces}, dimensions={dimensions} and "
                f"directions={directions}; there is at least 1 subspace, of 1 to the latent's {D} "
                "dimensions, and at least one direction for each"
            )
        self.each = directions // subspaces
        bases = torch.linalg.qr(torch.randn(subspaces, D, d)).Q
        self.register_buffer("bases", bases)

    def forward(self, seen: Seen) -> Tensor:
        """Compute `sigreg` of the picture tokens of the batch along directions in the subspaces.

        Where several processes train together, the tokens of all of them are gathered first.

        Args:
            seen: the batch, encoded; of it, the learned tokens (B, L, K', D) and the generator,
                which the directions are drawn with, are used.

        Returns:
            The statistic, a scalar, not weighted.
        """
        S, _, d = self.bases.shape
        within = random_directions(d, S * self.each, seen.generator).to(self.bases)
        directions = self.bases @ within.unflatten(1, (S, self.each)).movedim(1, 0)  # (S, D, each)
        return sigreg(gather(seen.learned), directions.movedim(0, 1).flatten(1).to(seen.learned))
