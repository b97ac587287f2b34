"""Several latents ahead, imagined by feeding each prediction to the next."""

import torch
import torch.nn.functional as F
from torch import Tensor

from wmpc.errors import WmpcError
from wmpc.wm.models.predictors import windows
from wmpc.wm.models.world_model import LearnedModel
from wmpc.wm.objectives.term import Seen, Term


class Rollout(Term):
    """Mean squared error of every latent of an imagined rollout against that of the frame it stands
    for; from each of the first h frames, so that every context length is trained.

    Args:
        steps: blocks imagined.
    """

    columns = ("action",)

    def __init__(self, model: LearnedModel, weight: float = 1.0, steps: int = 5) -> None:
        super().__init__(model, weight)
        if steps < 1:
            raise WmpcError(f"the rollout term has steps={steps}; at least 1 block is imagined")
        self.steps = steps

    def forward(self, seen: Seen) -> Tensor:
        """Compute the mean squared error of imagined rollouts from each of the first h frames.

        Args:
            seen: the batch, encoded: latents (B, L, K, D) and standardised blocks (B, L - 1, A). In
                windows too short for `steps` blocks, L - 1 are imagined.

        Returns:
            The mean over windows, starts, blocks ahead, tokens and dimensions: a scalar, not
            weighted.
        """
        return rollout_error(seen.model, seen.latents, seen.actions, seen.latents, self.steps)


def rollout_error(
    model: LearnedModel, latents: Tensor, actions: Tensor, target: Tensor, steps: int
) -> Tensor:
    """Compute the mean squared error of what is imagined from each of the first h frames.

    Args:
        model: what imagines.
        latents: (B, L, K, D), what it starts from.
        actions: (B, L - 1, A), standardised.
        target: (B, L, K, D), what the imagined latents shall be.
        steps: blocks imagined; in shorter windows, L - 1.

    Returns:
        The mean over windows, starts, blocks ahead, tokens and dimensions, a scalar.
    """
    steps = min(steps, latents.shape[1] - 1)
    imagined = imagine(model, latents, actions, steps)
    truth = target[:, 1:].unfold(1, steps, 1).movedim(-1, 2)[:, : imagined.shape[1]]
    return F.mse_loss(imagined, truth)


def imagine(model: LearnedModel, latents: Tensor, actions: Tensor, steps: int) -> Tensor:
    """Roll out from each of the first h frames, the context growing from one frame to h.

    Args:
        latents: (B, L, K, D). actions: (B, L - 1, A), standardised.
        steps: blocks imagined.

    Returns:
        (B, S, steps, K, D) with S starts; entry [s, k] is the prediction of latents[s + 1 + k], fed
        by actions only after frame s.
    """
    h = model.context
    S = min(h, latents.shape[1] - steps)
    seen = torch.ones(latents.shape[:2], dtype=torch.bool, device=latents.device)
    # Every start is a problem of its own; its context is padded to h frames before the first.
    z, valid = (windows(x, h)[:, :S].flatten(0, 1) for x in (latents, seen))
    executed = windows(actions, h)[:, :S, :-1].flatten(0, 1)
    after = actions.unfold(1, steps, 1).movedim(-1, 2)[:, :S].flatten(0, 1)
    dynamics = model.dynamics(z, executed, valid)
    return dynamics.rollout(after.unsqueeze(1)).unflatten(0, (-1, S))[:, :, 0]
