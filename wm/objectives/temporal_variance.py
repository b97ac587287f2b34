"""Every dimension of the latent shall vary within each window."""

import torch.nn.functional as F
from torch import Tensor

from wmpc.wm.objectives.term import Seen, Term


class TemporalVariance(Term):
    """See `temporal_variance`."""

    frames = 3

    def forward(self, seen: Seen) -> Tensor:
        """Compute `temporal_variance` of the picture tokens of this process's windows.

        Args:
            seen: the batch, encoded; of it, the learned tokens (B, L, K', D) are used.

        Returns:
            The penalty, a scalar, not weighted.
        """
        return temporal_variance(seen.learned)


def temporal_variance(z: Tensor, gamma: float = 1.0) -> Tensor:
    """Compute VICReg's hinge on each dimension's standard deviation over the frames of a window,
    from the second on, a window and token at a time, as PLDM does (arXiv 2502.14819).

    `motion` pools the windows of a batch before it takes the root: there, a dimension may rest in
    some windows if it moves in others.

    Args:
        z: latents (B, L, ..., D), L at least 3.
        gamma: the standard deviation from which on nothing is penalised.

    Returns:
        The mean over windows, tokens and dimensions of max(0, gamma - std), a scalar, at least 0.
        The root is of the variance, divided by L - 2, plus 1e-4.
    """
    std = (z[:, 1:].var(1) + 1e-4).sqrt()  # (B, ..., D)
    return F.relu(gamma - std).mean()
