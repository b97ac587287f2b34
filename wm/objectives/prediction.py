"""The next latent, predicted from its true context."""

import torch
import torch.nn.functional as F
from torch import Tensor

from wmpc.wm.models.world_model import LearnedModel
from wmpc.wm.objectives.term import Seen, Term


class Prediction(Term):
    """Mean squared error of every next latent, teacher-forced. No stop-gradient: the regularisers,
    not asymmetry, keep the encoder from collapsing (LeWM, arXiv 2603.19312).

    Args:
        steps: blocks after a full context that a window holds at least.
    """

    columns = ("action",)

    def __init__(self, model: LearnedModel, weight: float = 1.0, steps: int = 1) -> None:
        super().__init__(model, weight)
        self.steps = steps

    def forward(self, seen: Seen) -> Tensor:
        """Compute the mean squared error of every next latent, predicted from the true context.

        Args:
            seen: the batch, encoded: latents (B, L, K, D) and standardised blocks (B, L - 1, A).

        Returns:
            The mean over windows, the L - 1 predicted frames, tokens and dimensions: a scalar, not
            weighted.
        """
        z = seen.latents
        valid = torch.ones(z.shape[0], z.shape[1] - 1, dtype=torch.bool, device=z.device)
        return F.mse_loss(seen.model.predict(z[:, :-1], seen.actions, valid), z[:, 1:])
