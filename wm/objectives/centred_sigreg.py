"""What changes within a window shall be normally distributed, whatever differs between windows."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from wmpc.errors import WmpcError
from wmpc.wm.models.world_model import LearnedModel
from wmpc.wm.objectives.sigreg import random_directions, sigreg
from wmpc.wm.objectives.term import Seen, Term
from wmpc.wm.processes import gather

CELLS = 4
"""Rows and columns of the coarse pictures that the share is read off."""
LEAST = 0.1
"""The smallest share that is asked for: a small thing that moves hardly counts in coarse pictures
beside walls that differ from episode to episode."""


class CentredSIGReg(Term):
    """SIGReg of the tokens' departures from their window's mean (temporally centred, TC-LeWM, arXiv
    2607.26924).

    What stays as it is throughout an episode, such as a target that nobody moves, is in no
    departure: it cannot make the latent normally distributed, and is left out of it. The departures
    are asked to have `share` of the variance 1 that the model's BatchNorm gives every dimension.

    Args:
        directions: how many, drawn anew at every step.
        share: of the variance, above 0, at most 1; None: `moving_share` of the batch's pictures, at
            least `LEAST`.
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
            pictures = coarsen_all(columns, seen.model.spec.cameras)
            share = moving_share(gather(pictures.to(z))).clamp(min=LEAST)
        directions = random_directions(z.shape[-1], self.directions, seen.generator).to(z)
        return sigreg(gather(z * share**-0.5), directions)


@torch.no_grad()
def moving_share(x: Tensor) -> Tensor:
    """Compute the share of the variance that lies within windows, of what moves.

    Every number is counted by how much it varies within windows, so that what never changes there,
    however different from window to window, counts nothing.

    Args:
        x: (B, L, V), numbers of B windows of L frames.

    Returns:
        sum_v w_v (w_v / t_v) / sum_v w_v, with w the variances within windows and t those of all
        frames: a scalar, 0 to 1.
    """
    within = x.var(1, correction=0).mean(0)
    whole = x.flatten(0, 1).var(0, correction=0)
    weighed = within.square() / whole.clamp(min=1e-12)
    return (weighed.sum() / within.sum().clamp(min=1e-12)).clamp(max=1.0)


def coarsen_all(columns: Mapping[str, Any], cameras: Sequence[str]) -> Tensor:
    """Average the pictures of all cameras over a few large cells, see `coarsen`.

    Args:
        columns: of windows, by name.
        cameras: the names of those with pictures.

    Returns:
        (B, L, V), one camera behind the other.
    """
    return torch.cat([coarsen(torch.as_tensor(columns[name])) for name in cameras], -1)


def coarsen(pictures: Tensor, cells: int = CELLS) -> Tensor:
    """Average pictures over a few large cells, so that the numbers say where things are.

    Args:
        pictures: (B, L, H, W, C), or any numbers (B, L, ...).
        cells: rows and columns that are left.

    Returns:
        Floats (B, L, cells * cells * C); other numbers as they are, (B, L, V).
    """
    if pictures.ndim != 5:
        return pictures.flatten(2).float()
    x = pictures[:, :, ::2, ::2].flatten(0, 1).movedim(-1, 1).float()
    return F.adaptive_avg_pool2d(x, cells).unflatten(0, pictures.shape[:2]).flatten(2)
