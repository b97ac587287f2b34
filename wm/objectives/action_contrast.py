"""The block that was executed shall explain the next latent better than others of its episode."""

import torch
import torch.nn.functional as F
from torch import Tensor

from wmpc.errors import WmpcError
from wmpc.wm.models.predictors import windows
from wmpc.wm.models.world_model import LearnedModel
from wmpc.wm.objectives.term import Seen, Term


class ActionContrast(Term):
    """InfoNCE of the true next latent among predictions under the executed block and under blocks
    that were executed at other times of the same window.

    A latent that actions do not change, such as one of what never moves, tells no block from
    another.

    Args:
        negatives: other blocks at each frame; of a window of L frames, at most L - 2.
        temperature: tau of exp(-distance / tau), with distances the mean squares of entries,
            which a linear head gives variance 1.
    """

    columns = ("action",)

    def __init__(
        self,
        model: LearnedModel,
        weight: float = 1.0,
        negatives: int = 2,
        temperature: float = 0.1,
    ) -> None:
        super().__init__(model, weight)
        if negatives < 1 or not temperature > 0:
            raise WmpcError(
                f"action_contrast has negatives={negatives} and temperature={temperature}; there "
                "is at least 1, and the temperature is above 0"
            )
        self.negatives, self.temperature = negatives, temperature
        self.steps = max(1, 3 - model.context)  # two blocks, to have another

    def forward(self, seen: Seen) -> Tensor:
        """Compute the InfoNCE of the executed blocks.

        Args:
            seen: the batch, encoded: latents (B, L, K, D) and standardised blocks (B, L - 1, A);
                which other times are taken is drawn with its generator, alike for all windows.

        Returns:
            The mean over windows and frames of -log(exp(-d(0) / tau) / sum_j exp(-d(j) / tau)), a
            scalar, not weighted, with d(j) the mean square over the picture tokens of the latent
            predicted under block j minus the true one, block 0 being that which was executed.
        """
        h, a, layout = seen.model.context, seen.actions, seen.model.layout
        B, T = a.shape[:2]
        there = torch.ones(B, T + 1, dtype=torch.bool, device=a.device)
        # Every frame is a problem of its own; its context keeps the blocks that were executed.
        z, valid = (windows(x, h)[:, :T].flatten(0, 1) for x in (seen.latents, there))
        executed = windows(a, h)[:, :, :-1].flatten(0, 1)
        shifts = torch.randperm(T - 1, generator=seen.generator)[: self.negatives] + 1
        blocks = torch.stack([a, *(a.roll(int(shift), 1) for shift in shifts)], 2)  # (B, T, N, A)
        dynamics = seen.model.dynamics(z, executed, valid)
        predicted = dynamics.rollout(blocks.flatten(0, 1).unsqueeze(2))[:, :, 0]  # (B T, N, K, D)
        true = seen.learned[:, 1:].flatten(0, 1).unsqueeze(1)
        d = (layout.of(predicted, "pixels") - true).square().mean((2, 3))
        executed_one = torch.zeros(B * T, dtype=torch.int64, device=d.device)
        return F.cross_entropy(-d / self.temperature, executed_one)
