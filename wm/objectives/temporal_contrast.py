"""A predicted latent shall be told from all other times of its episode."""

import torch
import torch.nn.functional as F
from torch import Tensor

from wmpc.errors import WmpcError
from wmpc.wm.models.world_model import LearnedModel
from wmpc.wm.objectives.term import Seen, Term


class TemporalContrast(Term):
    """InfoNCE of the predicted next latent, whose negatives are the other frames of its own window
    (contrastive predictive coding, arXiv 1807.03748).

    What never changes within an episode is the same in all of them and tells none apart: a latent
    spent on it gains nothing.

    Args:
        temperature: tau of exp(-distance / tau), with distances the mean squares of entries,
            which a linear head gives variance 1.
    """

    columns = ("action",)

    def __init__(self, model: LearnedModel, weight: float = 1.0, temperature: float = 0.1) -> None:
        super().__init__(model, weight)
        if not temperature > 0:
            raise WmpcError(f"temporal_contrast has temperature={temperature}; it is above 0")
        self.temperature = temperature

    def forward(self, seen: Seen) -> Tensor:
        """Compute `temporal_contrast` of the latents predicted from the true context.

        Args:
            seen: the batch, encoded: latents (B, L, K, D) and standardised blocks (B, L - 1, A).

        Returns:
            The mean over windows and predicted frames, a scalar, not weighted.
        """
        z, layout = seen.latents, seen.model.layout
        valid = torch.ones(z.shape[0], z.shape[1] - 1, dtype=torch.bool, device=z.device)
        predicted = seen.model.predict(z[:, :-1], seen.actions, valid)
        return temporal_contrast(layout.of(predicted, "pixels"), seen.learned, self.temperature)


def temporal_contrast(predicted: Tensor, z: Tensor, temperature: float) -> Tensor:
    """Compute the InfoNCE of predictions among the frames of their window.

    Args:
        predicted: (B, L - 1, K, D); entry t stands for frame t + 1.
        z: (B, L, K, D), the frames.
        temperature: tau.

    Returns:
        The mean over b, t of -log(exp(-d(t, t + 1) / tau) / sum_k exp(-d(t, k) / tau)), a scalar,
        with d(t, k) the mean square of predicted[b, t] - z[b, k].
    """
    x, y = predicted.flatten(2), z.flatten(2)
    d = (x.unsqueeze(2) - y.unsqueeze(1)).square().mean(-1)  # (B, L - 1, L)
    right = torch.arange(1, d.shape[2], device=d.device).expand(d.shape[:2])
    return F.cross_entropy((-d / temperature).flatten(0, 1), right.flatten())
