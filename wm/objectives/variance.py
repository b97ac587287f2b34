"""Every dimension of the latent shall vary over the batch."""

import torch.nn.functional as F
from torch import Tensor

from wmpc.wm.objectives.term import Seen, Term
from wmpc.wm.processes import gather


class Variance(Term):
    """See `variance`."""

    def forward(self, seen: Seen) -> Tensor:
        """See `Term`."""
        return variance(gather(seen.learned))


def variance(z: Tensor, gamma: float = 1.0) -> Tensor:
    """VICReg's hinge on each dimension's standard deviation over the batch (arXiv 2105.04906,
    eq. 1), a time step and token at a time."""
    std = (z.var(0) + 1e-4).sqrt()  # (..., D)
    return F.relu(gamma - std).mean()
