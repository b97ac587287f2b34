"""The actions, recovered from the latents before and after them."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from wmpc.wm.models.world_model import LearnedModel
from wmpc.wm.objectives.term import Seen, Term


class InverseDynamics(Term):
    """Mean squared error of the block that a small network reads off z_t and z_{t+1}: keeps in the
    latent what the actions change, and only that (PLDM, arXiv 2502.14819).

    Args:
        width: of the network's hidden layer.
    """

    columns = ("action",)

    def __init__(self, model: LearnedModel, weight: float = 1.0, width: int = 256) -> None:
        super().__init__(model, weight)
        self.network = nn.Sequential(
            nn.Linear(2 * model.layout.size, width), nn.SiLU(), nn.Linear(width, model.action_size)
        )

    def forward(self, seen: Seen) -> Tensor:
        """Compute the mean squared error of the blocks that the network reads off pairs of latents.

        Args:
            seen: the batch, encoded: latents (B, L, K, D) and standardised blocks (B, L - 1, A).

        Returns:
            The mean over windows, blocks and their A numbers: a scalar, not weighted.
        """
        z = seen.latents
        pairs = torch.cat([z[:, :-1], z[:, 1:]], -1).flatten(2)
        return F.mse_loss(self.network(pairs), seen.actions)
