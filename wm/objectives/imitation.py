"""The next block, cloned given a goal: an encoder that is learned by imitation alone."""

import torch
import torch.nn.functional as F
from torch import Tensor

from wmpc.errors import WmpcError
from wmpc.wm.models.policy_network import policy_network
from wmpc.wm.models.predictors import windows
from wmpc.wm.models.world_model import LearnedModel
from wmpc.wm.objectives.term import Seen, Term


class Imitation(Term):
    """Mean squared error of the block that a small network reads off a context and a goal, which is
    a later frame of the same window (Learning to Reach Goals via Iterated Supervised Learning,
    arXiv 1912.06088).

    Args:
        within: the most blocks to a goal, as far as the window goes.
        width: of the network's three hidden layers.
    """

    columns = ("action",)

    def __init__(
        self, model: LearnedModel, weight: float = 1.0, within: int = 5, width: int = 256
    ) -> None:
        super().__init__(model, weight)
        if within < 1:
            raise WmpcError(f"the imitation term has within={within}; it is 1 block or more")
        self.steps = within
        h, layout, place = model.context, model.layout, model.layout.place("pixels")
        goal = (place.stop - place.start) * layout.width
        size = h * (layout.size + 1) + (h - 1) * model.action_size + goal
        self.network = policy_network(size, width, model.action_size)

    def forward(self, seen: Seen) -> Tensor:
        """Compute the mean squared error of every block of the windows, for every goal in them.

        Args:
            seen: the batch, encoded: latents (B, L, K, D) and standardised blocks (B, L - 1, A).

        Returns:
            The mean over windows, pairs of frame and goal, and the A numbers of a block: a scalar,
            not weighted.
        """
        B, L = seen.latents.shape[:2]
        h = seen.model.context
        there = torch.ones(B, L, 1, device=seen.latents.device)  # zero before an episode's first
        frames = windows(torch.cat([seen.latents.flatten(2), there], 2), h).flatten(2)
        executed = windows(seen.actions, h)[:, :, :-1].flatten(2)
        now, goal = torch.tensor(
            [(t, t + k) for t in range(L - 1) for k in range(1, self.steps + 1) if t + k < L],
            device=there.device,
        ).T
        given = frames[:, now], executed[:, now], seen.learned.flatten(2)[:, goal]
        return F.mse_loss(self.network(torch.cat(given, -1)), seen.actions[:, now])
