"""A term with hindsight pairs and parameters: latents shall tell how far apart in time they are."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from wmpc.wm.data import Pairs
from wmpc.wm.models.jepa import JEPA
from wmpc.wm.objectives.term import Seen, Term


class Distance(Term):
    """The mean squared error of the logarithm of the blocks from a frame to a later one, which a
    small network reads off the latents z and z_g of both. It learns how long whoever recorded the
    episodes took, not how fast one could be.

    Args:
        model: what is trained, given by wmpc.
        weight: what the term counts in the objective.
        within: the most blocks from one to the other; None: as far as the episode goes.
        discount: of their geometric law; None: uniform.
        per_window: pairs for each window of a batch.
        width: of the network's hidden layer.
    """

    def __init__(
        self,
        model: JEPA,
        weight: float = 1.0,
        within: int | None = None,
        discount: float | None = None,
        per_window: float = 1,
        width: int = 64,
    ) -> None:
        super().__init__(model, weight)
        self.pairs = Pairs(within, discount, per_window)
        self.read = nn.Sequential(
            nn.Linear(2 * model.layout.size, width), nn.SiLU(), nn.Linear(width, 1)
        )

    def forward(self, seen: Seen) -> Tensor:
        """Compute the term.

        Args:
            seen: a batch, with P pairs.

        Returns:
            A scalar, at least 0.
        """
        assert seen.pairs is not None  # the term asked for them
        z, goal = seen.pairs.latents.flatten(2).unbind(1)
        guess = self.read(torch.cat([z, goal - z], 1))[:, 0]
        return F.mse_loss(guess, seen.pairs.blocks.to(guess).log())
