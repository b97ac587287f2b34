"""Latents shall move straight on."""

import torch.nn.functional as F
from torch import Tensor

from wmpc.wm.objectives.term import Seen, Term


class TemporalStraightening(Term):
    """See `temporal_straightening`."""

    frames = 3

    def forward(self, seen: Seen) -> Tensor:
        """Compute `temporal_straightening` of the picture tokens of this process's windows.

        Args:
            seen: the batch, encoded; of it, the learned tokens (B, L, K', D) are used.

        Returns:
            The penalty, a scalar, not weighted.
        """
        return temporal_straightening(seen.learned)


def temporal_straightening(z: Tensor) -> Tensor:
    """Compute the temporal straightening: 1 - cosine of successive displacements.

    As in temporal straightening for latent planning (arXiv 2603.12231). PLDM (arXiv 2502.14819)
    uses the squared difference; the cosine does not reward shrinking.

    Args:
        z: latents (B, L, ..., D), L at least 3.

    Returns:
        The mean over windows, pairs of displacements and tokens, a scalar from 0 (straight on) to 2
        (back and forth).
    """
    v = z[:, 1:] - z[:, :-1]
    return 1 - F.cosine_similarity(v[:, 1:], v[:, :-1], dim=-1).mean()
