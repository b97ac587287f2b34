"""Every dimension of the latent shall vary over the batch."""

import torch.nn.functional as F
from torch import Tensor

from wmpc.wm.objectives.term import Seen, Term
from wmpc.wm.processes import gather


class Variance(Term):
    """See `variance`."""

    def forward(self, seen: Seen) -> Tensor:
        """Compute `variance` of the picture tokens of the batch.

        Where several processes train together, the tokens of all of them are gathered first.

        Args:
            seen: the batch, encoded; of it, the learned tokens (B, L, K', D) are used.

        Returns:
            The penalty, a scalar, not weighted.
        """
        return variance(gather(seen.learned))


def variance(z: Tensor, gamma: float = 1.0) -> Tensor:
    """Compute VICReg's hinge on each dimension's standard deviation over the batch (arXiv
    2105.04906, eq. 1), a time step and token at a time.

    Args:
        z: latents (B, ..., D), B at least 2.
        gamma: the standard deviation from which on nothing is penalised.

    Returns:
        The mean over time steps, tokens and dimensions of max(0, gamma - std), a scalar, at least
        0. The root is of the variance plus 1e-4.
    """
    std = (z.var(0) + 1e-4).sqrt()  # (..., D)
    return F.relu(gamma - std).mean()
