"""Latents shall move straight on."""

import torch.nn.functional as F
from torch import Tensor

from wmpc.wm.objectives.term import Seen, Term


class Smoothness(Term):
    """See `smoothness`."""

    def forward(self, seen: Seen) -> Tensor:
        """See `Term`."""
        return smoothness(seen.learned)


def smoothness(z: Tensor) -> Tensor:
    """Temporal straightening: 1 - cosine of successive displacements (PLDM, arXiv 2502.14819
    uses the squared difference; the cosine does not reward shrinking)."""
    v = z[:, 1:] - z[:, :-1]
    return 1 - F.cosine_similarity(v[:, 1:], v[:, :-1], dim=-1).mean()
