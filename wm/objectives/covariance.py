"""Dimensions of the latent shall not say the same."""

from torch import Tensor

from wmpc.wm.objectives.term import Seen, Term
from wmpc.wm.processes import gather


class Covariance(Term):
    """See `covariance`."""

    def forward(self, seen: Seen) -> Tensor:
        """Compute `covariance` of the picture tokens of the batch.

        Where several processes train together, the tokens of all of them are gathered first.

        Args:
            seen: the batch, encoded; of it, the learned tokens (B, L, K', D) are used.

        Returns:
            The penalty, a scalar, not weighted.
        """
        return covariance(gather(seen.learned))


def covariance(z: Tensor) -> Tensor:
    """Compute VICReg's off-diagonal covariance (arXiv 2105.04906, eq. 3-4), a time step and token
    at a time.

    Args:
        z: latents (B, ..., D), B at least 2, with at least one dimension between (time, tokens).

    Returns:
        The sum of the squared off-diagonal entries of the (D, D) covariance over the batch, divided
        by D and averaged over time steps and tokens: a scalar, at least 0.
    """
    B, D = z.shape[0], z.shape[-1]
    centred = (z - z.mean(0)).flatten(1, -2).transpose(0, 1)  # (T, B, D)
    cov = centred.transpose(1, 2) @ centred / (B - 1)  # (T, D, D)
    off_diagonal = cov.square().sum((1, 2)) - cov.diagonal(dim1=1, dim2=2).square().sum(1)
    return off_diagonal.mean() / D
