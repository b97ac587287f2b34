"""What changes within a window shall be normally distributed, whatever differs between windows."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from wmpc.errors import WmpcError
from wmpc.wm.models.world_model import LearnedModel
from wmpc.wm.objectives.moving_share import find_places, moving_share
from wmpc.wm.objectives.sigreg import random_directions, sigreg
from wmpc.wm.objectives.term import Seen, Term
from wmpc.wm.processes import gather

LEAST = 0.1
"""The smallest share that is asked for: below it latents hardly tell near goals apart."""


class CentredSIGReg(Term):
    """SIGReg of the tokens' departures from their window's mean (temporally centred, TC-LeWM, arXiv
    2607.26924).

    What stays as it is throughout an episode, such as a target that nobody moves, is in no
    departure: it cannot make the latent normally distributed, and is left out of it. The departures
    are asked to have `share` of the variance 1 that the model's BatchNorm gives every dimension.

    Args:
        directions: how many, drawn anew at every step.
        share: of the variance, above 0, at most 1; None: `moving_share` of the places in the
            batch's pictures, at least `LEAST`.
    """

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
                f"{self.__module__.rpartition('.')[2]} has directions={directions} and "
                f"share={share}; it looks along at least 1, and a share is above 0 and at most 1, "
                "or null"
            )
        self.directions, self.share = directions, share

    def forward(self, seen: Seen) -> Tensor:
        """Compute SIGReg of the picture tokens' departures along fresh random directions.

        Where several processes train together, the windows of all of them are gathered first.

        Args:
            seen: the batch, encoded; of it, the learned tokens (B, L, K', D), the pictures of the
                windows and the generator are used.

        Returns:
            The statistic, a scalar, not weighted.
        """
        z = seen.learned
        return self.scaled_sigreg(seen, z - z.mean(1, keepdim=True), seen.recorded)

    def scaled_sigreg(self, seen: Seen, z: Tensor, columns: Mapping[str, Any]) -> Tensor:
        """Compute SIGReg of departures whose variance shall be the share.

        Args:
            seen: the batch.
            z: (B, ..., D), the departures.
            columns: the pictures, (B, L, ...), that the share is read off where none is said: as
                they were recorded, since `train.augment` makes windows differ.

        Returns:
            The statistic, a scalar, not weighted.
        """
        share: float | Tensor | None = self.share
        if share is None:
            places = find_places(columns, seen.model.spec.cameras)
            share = moving_share(*gather(places.to(z)).unbind(-1)).clamp(min=LEAST)
        directions = random_directions(z.shape[-1], self.directions, seen.generator).to(z)
        return sigreg(gather(z * share**-0.5), directions)
