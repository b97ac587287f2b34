"""What changes within an episode shall be normally distributed, not what differs between them."""

from torch import Tensor

from wmpc.wm.data import Pairs
from wmpc.wm.models.world_model import LearnedModel
from wmpc.wm.objectives.centred_sigreg import CentredSIGReg
from wmpc.wm.objectives.term import Seen


class EpisodeSIGReg(CentredSIGReg):
    """SIGReg of the differences of two frames of an episode, any time apart.

    As `CentredSIGReg` it leaves out what stays as it is throughout an episode. What moves seldom,
    such as a block that is pushed now and then, has moved between most such frames, though within
    few windows. The halves of the differences, which are departures from the pair's mean, are asked
    to have `share` of the variance 1 that the model's BatchNorm gives every dimension.

    Args:
        directions: how many, drawn anew at every step.
        share: of the variance, above 0, at most 1; None: `moving_share` of the places in the pairs'
            pictures, at least `LEAST` of `wmpc.wm.objectives.centred_sigreg`.
        per_window: pairs for each window of a batch. Each is two more frames to encode.
    """

    pairs = Pairs()

    def __init__(
        self,
        model: LearnedModel,
        weight: float = 1.0,
        directions: int = 256,
        share: float | None = None,
        per_window: float = 1,
    ) -> None:
        super().__init__(model, weight, directions, share)
        self.pairs = Pairs(per_window=per_window)
        if share is None:
            self.columns = tuple(model.spec.cameras)

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
        half = (z[:, 1] - z[:, 0]) / 2  # of two frames, the departure of the second
        return self.scaled_sigreg(seen, half.unsqueeze(1), seen.pairs.recorded)
