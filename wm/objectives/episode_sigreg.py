"""What changes within an episode shall be normally distributed, not what differs between them."""

import torch
from torch import Tensor

from wmpc.errors import WmpcError
from wmpc.wm.data import Pairs
from wmpc.wm.models.world_model import LearnedModel
from wmpc.wm.objectives.centred_sigreg import coarsen_all, moving_share
from wmpc.wm.objectives.sigreg import random_directions, sigreg
from wmpc.wm.objectives.term import Seen, Term
from wmpc.wm.processes import gather


class EpisodeSIGReg(Term):
    """SIGReg of the differences of two frames of an episode, any time apart.

    As `CentredSIGReg` it leaves out what stays as it is throughout an episode. What moves seldom,
    such as a block that is pushed now and then, has moved between most such frames, though within
    few windows. The halves of the differences, which are departures from the pair's mean, are asked
    to have `share` of the variance 1 that the model's BatchNorm gives every dimension.

    Args:
        directions: how many, drawn anew at every step.
        share: of the variance, above 0, at most 1; None: `moving_share` of the pairs' pictures.
    """

    pairs = Pairs()

    def __init__(
        self,
        model: LearnedModel,
        weight: float = 1.0,
        directions: int = 256,
        share: float | None = None,
    ) -> None:
        super().__init__(model, weight)
        if directions < 1 or not (share is None or 0 < share <= 1):
            raise WmpcError(
                f"episode_sigreg has directions={directions} and share={share}; it looks along at "
                "least 1, and a share is above 0 and at most 1, or null"
            )
        self.directions, self.share = directions, share
        if share is None:
            self.as_recorded, self.columns = "share", tuple(model.spec.cameras)

    def forward(self, seen: Seen) -> Tensor:
        """Compute SIGReg of half the pairs' differences along fresh random directions.

        Where several processes train together, the pairs of all of them are gathered first.

        Args:
            seen: the batch, encoded; of it, the pairs' learned tokens (P, 2, K', D), their pictures
                and the generator are used.

        Returns:
            The statistic, a scalar, not weighted.
        """
        assert seen.pairs is not None
        z = seen.model.layout.of(seen.pairs.latents, "pixels")
        share: float | Tensor | None = self.share
        if share is None:
            pictures = coarsen_all(seen.pairs.columns, seen.model.spec.cameras)
            share = moving_share(gather(pictures.to(z)))
        # Of N(0, share) departures from the mean of two, half the difference has variance `share`.
        half = (z[:, 1] - z[:, 0]) / 2 * torch.as_tensor(share).to(z) ** -0.5
        directions = random_directions(z.shape[-1], self.directions, seen.generator).to(z)
        return sigreg(gather(half.unsqueeze(1)), directions)
