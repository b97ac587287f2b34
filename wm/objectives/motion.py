"""Every dimension of the latent shall vary within a window."""

import torch.nn.functional as F
from torch import Tensor

from wmpc.wm.objectives.term import Seen, Term
from wmpc.wm.processes import gather


class Motion(Term):
    """See `motion`."""

    def forward(self, seen: Seen) -> Tensor:
        """See `Term`."""
        return motion(gather(seen.learned))


def motion(z: Tensor, gamma: float = 0.5) -> Tensor:
    """Hinge on each dimension's standard deviation within a window, pooled over the batch.

    What never changes within an episode (a layout, a target that nobody moves) is predicted without
    error, and a spread over the batch alone can be had from it: every dimension may end up there,
    none on what moves. With a total spread of 1, gamma is the share of it that must move.
    """
    std = ((z - z.mean(1, keepdim=True)).square().mean((0, 1)) + 1e-4).sqrt()  # (..., D)
    return F.relu(gamma - std).mean()
