"""Frames next to each other shall be near, frames further apart in time not so near."""

import torch
import torch.nn.functional as F
from torch import Tensor

from wmpc.errors import WmpcError
from wmpc.wm.models.world_model import LearnedModel
from wmpc.wm.objectives.term import Seen, Term


class Margin(Term):
    """DrLIM's contrastive loss of pairs of frames of one window (Hadsell, Chopra and LeCun, 2006):
    neighbours are pulled together, all others pushed beyond a margin.

    Args:
        margin: m, the distance from which on nothing is pushed: a root mean square over entries,
            which a linear head gives variance 1.
        apart: blocks from which on two frames are pushed; below it, but for neighbours, they are
            left alone.
    """

    def __init__(
        self, model: LearnedModel, weight: float = 1.0, margin: float = 1.0, apart: int = 3
    ) -> None:
        super().__init__(model, weight)
        if not margin > 0 or apart < 2:
            raise WmpcError(
                f"the margin term has margin={margin} and apart={apart}; a margin is above 0, and "
                "frames are pushed from 2 blocks on"
            )
        self.margin, self.apart = margin, apart
        self.steps = apart

    def forward(self, seen: Seen) -> Tensor:
        """Compute `contrast_pairs` of the picture tokens of this process's part of the batch.

        Args:
            seen: the batch, encoded; of it, the learned tokens (B, L, K', D) are used.

        Returns:
            The loss, a scalar, not weighted.
        """
        return contrast_pairs(seen.learned, self.margin, self.apart)


def contrast_pairs(z: Tensor, margin: float, apart: int) -> Tensor:
    """Compute DrLIM's loss (eq. 4) of the pairs of frames within windows.

    Args:
        z: (B, L, K, D).
        margin: m.
        apart: from how many blocks on a pair is pushed; in shorter windows, L - 1.

    Returns:
        The mean of d^2 / 2 over pairs of neighbours, plus the mean of max(0, m - d)^2 / 2 over
        pairs at least `apart` blocks apart, with d the root of the mean square over entries (plus
        1e-8): a scalar, at least 0.
    """
    L, x = z.shape[1], z.flatten(2)
    i, j = torch.triu_indices(L, L, 1, device=z.device)
    d2 = (x[:, i] - x[:, j]).square().mean(-1)
    near, far = d2[:, j - i == 1], d2[:, j - i >= min(apart, L - 1)]
    return near.mean() / 2 + F.relu(margin - (far + 1e-8).sqrt()).square().mean() / 2
