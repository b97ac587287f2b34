"""Latents ahead, predicted as an encoder sees them that learns nothing from the error."""

from copy import deepcopy
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from wmpc.errors import WmpcError
from wmpc.wm.models.world_model import LearnedModel
from wmpc.wm.objectives.rollout import rollout_error
from wmpc.wm.objectives.term import Seen, Term


class TargetPrediction(Term):
    """Mean squared error of predicted latents against those of a target without gradient: the
    encoder itself, or one whose weights follow its own as a moving average (I-JEPA, arXiv
    2301.08243; stop-gradient alone: SimSiam, arXiv 2011.10566).

    It is `prediction` plus, with more than one step, `rollout`, of another target.

    Args:
        steps: blocks imagined; 1: every next latent from its true context, and no more.
        momentum: m of theta' <- m theta' + (1 - m) theta after every step; 0: the target is the
            encoder itself, and there is no second one.
    """

    columns = ("action",)

    def __init__(
        self, model: LearnedModel, weight: float = 1.0, steps: int = 1, momentum: float = 0.996
    ) -> None:
        super().__init__(model, weight)
        if steps < 1 or not 0 <= momentum < 1:
            raise WmpcError(
                f"target_prediction has steps={steps} and momentum={momentum}; at least 1 block is "
                "imagined, and a momentum is at least 0 and below 1"
            )
        self.steps, self.momentum = steps, momentum
        copy: Any = deepcopy(model) if momentum else None
        self.target = copy.requires_grad_(False) if momentum else None

    def forward(self, seen: Seen) -> Tensor:
        """Compute the mean squared error of predicted latents against the target's.

        Args:
            seen: the batch, encoded: latents (B, L, K, D) and standardised blocks (B, L - 1, A);
                with a second encoder, its columns too.

        Returns:
            The mean over windows, the L - 1 predicted frames, tokens and dimensions; plus, with
            steps > 1, that of the imagined rollouts: a scalar, not weighted.
        """
        z, model = seen.latents, seen.model
        target = z.detach() if self.target is None else self.target.encode(seen.columns)
        valid = torch.ones(z.shape[0], z.shape[1] - 1, dtype=torch.bool, device=z.device)
        error = F.mse_loss(model.predict(z[:, :-1], seen.actions, valid), target[:, 1:])
        if self.steps == 1:
            return error
        return error + rollout_error(model, z, seen.actions, target, self.steps)

    def after_step(self, model: Any) -> None:
        """Have the target follow, see `follow`.

        Args:
            model: what is trained, as it is after the step.
        """
        if self.target is not None:
            follow(self.target, model, self.momentum)


@torch.no_grad()
def follow(target: nn.Module, model: nn.Module, momentum: float) -> None:
    """Move the weights of a target towards a model's, and take over its buffers.

    Args:
        target: a copy of `model`, changed in place: theta' <- m theta' + (1 - m) theta.
        model: what is trained.
        momentum: m.
    """
    for mine, its in zip(target.parameters(), model.parameters(), strict=True):
        mine.lerp_(its, 1 - momentum)
    for mine, its in zip(target.buffers(), model.buffers(), strict=True):
        mine.copy_(its)
