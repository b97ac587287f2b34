"""Every dimension of the latent shall vary within a window."""

import torch.nn.functional as F
from torch import Tensor

from wmpc.wm.objectives.term import Seen, Term
from wmpc.wm.processes import gather


class Motion(Term):
    """See `motion`."""

    def forward(self, seen: Seen) -> Tensor:
        """Compute `motion` of the picture tokens of the batch.

        Where several processes train together, the tokens of all of them are gathered first.

        Args:
            seen: the batch, encoded; of it, the learned tokens (B, L, K', D) are used.

        Returns:
            The penalty, a scalar, not weighted.
        """
        return motion(gather(seen.learned))


def motion(z: Tensor, gamma: float = 0.5) -> Tensor:
    """Compute a hinge on each dimension's spread within a window, pooled over the batch.

    What never changes within an episode (a layout, a target that nobody moves) is predicted without
    error, and a spread over the batch alone can be had from it: every dimension may end up there,
    none on what moves.

    Args:
        z: latents (B, L, ..., D), B windows of L frames.
        gamma: the standard deviation from which on nothing is penalised. With a total spread of 1,
            it is the share of it that must move.

    Returns:
        The mean over tokens and dimensions of max(0, gamma - std), a scalar, at least 0. The root
        is of the variance plus 1e-4.
    """
    std = ((z - z.mean(1, keepdim=True)).square().mean((0, 1)) + 1e-4).sqrt()  # (..., D)
    return F.relu(gamma - std).mean()
