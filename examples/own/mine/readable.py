"""A term with parameters and a column of the data: the latents shall tell the proprioception."""

import torch.nn.functional as F
from torch import Tensor, nn

from wmpc.wm.models.jepa import JEPA
from wmpc.wm.objectives.term import Seen, Term


class Readable(Term):
    """The mean squared error of the proprioception that a small network reads off the pictures'
    latents. Its weights are trained, saved and resumed with the model's.

    Args:
        model: what is trained, given by wmpc.
        weight: what the term counts in the objective.
        width: of the network's hidden layer.
    """

    columns = ("proprio",)

    def __init__(self, model: JEPA, weight: float = 1.0, width: int = 32) -> None:
        super().__init__(model, weight)
        self.read = nn.Sequential(
            nn.Linear(model.layout.width, width),
            nn.ReLU(),
            nn.Linear(width, model.spec.proprio_size),
        )

    def forward(self, seen: Seen) -> Tensor:
        """Compute the term.

        Args:
            seen: a batch of windows, encoded.

        Returns:
            A scalar, at least 0.
        """
        return F.mse_loss(self.read(seen.learned.mean(-2)), seen.columns["proprio"])
