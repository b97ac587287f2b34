"""A term with a hook: the model shall agree with a slow copy of itself."""

from copy import deepcopy

import torch
import torch.nn.functional as F
from torch import Tensor

from wmpc.wm.models.jepa import JEPA
from wmpc.wm.objectives.term import Seen, Term


class Teacher(Term):
    """The mean squared error of every next latent, predicted by the model, encoded by a copy whose
    weights are the running mean of the model's (BYOL, arXiv 2006.07733).

    Args:
        model: what is trained, given by wmpc.
        weight: what the term counts in the objective.
        decay: share of the copy's weights that a step keeps.
    """

    def __init__(self, model: JEPA, weight: float = 1.0, decay: float = 0.99) -> None:
        super().__init__(model, weight)
        self.teacher = deepcopy(model).requires_grad_(False)
        self.decay = decay

    def forward(self, seen: Seen) -> Tensor:
        """Compute the term.

        Args:
            seen: a batch of windows, encoded.

        Returns:
            A scalar, at least 0.
        """
        z = seen.latents
        valid = torch.ones(z.shape[0], z.shape[1] - 1, dtype=torch.bool, device=z.device)
        predicted = seen.model.predict(z[:, :-1], seen.actions, valid)
        return F.mse_loss(predicted, self.teacher.encode(seen.columns)[:, 1:])

    @torch.no_grad()
    def after_step(self, model: JEPA) -> None:
        """Let the copy follow, after every step of the optimiser.

        Args:
            model: what is trained.
        """
        for slow, fast in zip(self.teacher.parameters(), model.parameters(), strict=True):
            slow.lerp_(fast, 1 - self.decay)
