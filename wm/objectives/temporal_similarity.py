"""Latents of successive frames shall be alike."""

from torch import Tensor

from wmpc.wm.objectives.term import Seen, Term


class TemporalSimilarity(Term):
    """See `temporal_similarity`."""

    def forward(self, seen: Seen) -> Tensor:
        """Compute `temporal_similarity` of the picture tokens of this process's windows.

        Args:
            seen: the batch, encoded; of it, the learned tokens (B, L, K', D) are used.

        Returns:
            The penalty, a scalar, not weighted.
        """
        return temporal_similarity(seen.learned)


def temporal_similarity(z: Tensor) -> Tensor:
    """Compute the mean squared difference of the latents of successive frames.

    Alone it has all latents at one point; PLDM (arXiv 2502.14819) and EB-JEPA have terms against
    collapse beside it.

    Args:
        z: latents (B, L, ..., D), L at least 2.

    Returns:
        The mean over windows, successive frames, tokens and dimensions, a scalar, at least 0.
    """
    return (z[:, 1:] - z[:, :-1]).square().mean()
