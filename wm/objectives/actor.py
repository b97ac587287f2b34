"""The next blocks, as likely as they were executed: an actor that is learned inside the model."""

from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor

from wmpc.errors import WmpcError
from wmpc.wm.data import Pairs
from wmpc.wm.models.mixture import Mixture
from wmpc.wm.models.policy_network import policy_network
from wmpc.wm.models.predictors import windows
from wmpc.wm.models.world_model import LearnedModel
from wmpc.wm.objectives.term import Seen, Term


class Actor(Term):
    """Negative log-likelihood of executed blocks, given the change of the latent that they make or
    lead to (INTACT, arXiv 2607.26056).

    A network G reads the context, the change m and z_t * m, and gives a mixture of Gaussians of the
    next `chunk` blocks. Of two likelihoods one is local, m = z_{t+1} - z_t: an inverse dynamics,
    with gradient into both latents. The other is of goals, m = sg(z_g) - z_t, with z_g any later
    frame of the window or, of a pair, of the episode. Blocks executed after the one that led to
    z_{t+1} or z_g do not count.

    Args:
        chunk: C, blocks that the network gives.
        components: of the mixture; 1 is a Gaussian.
        local: what the local likelihood counts.
        goal: what that of goals counts.
        width: of the network's three hidden layers.
        per_window: pairs for each window of a batch, as `EpisodeSIGReg` has them: the same number
            costs no further frames.
    """

    columns = ("action",)
    pairs = Pairs()

    def __init__(
        self,
        model: LearnedModel,
        weight: float = 1.0,
        chunk: int = 5,
        components: int = 1,
        local: float = 0.1,
        goal: float = 0.05,
        width: int = 256,
        per_window: float = 0.5,
    ) -> None:
        super().__init__(model, weight)
        if chunk < 1 or components < 1 or width < 1 or min(local, goal) < 0:
            raise WmpcError(
                f"the actor has chunk={chunk}, components={components}, width={width}, "
                f"local={local} and goal={goal}; the first three are at least 1, the others 0"
            )
        self.steps = self.chunk = chunk
        self.local, self.goal, self.pairs = local, goal, Pairs(per_window=per_window)
        h, layout, place = model.context, model.layout, model.layout.place("pixels")
        change = (place.stop - place.start) * layout.width
        size = h * (layout.size + 1) + (h - 1) * model.action_size + 2 * change
        numbers = chunk * model.action_size
        self.network = policy_network(size, width, Mixture.size(components, numbers))
        self.components = components

    def forward(self, seen: Seen) -> Tensor:
        """Compute the weighed sum of the two negative log-likelihoods.

        Args:
            seen: the batch, encoded: latents (B, L, K, D) and standardised blocks (B, L - 1, A),
                and pairs.

        Returns:
            Nats for each number of a block that counts, a scalar, not weighted.
        """
        assert seen.pairs is not None
        (B, L), h, device = seen.latents.shape[:2], seen.model.context, seen.latents.device
        frames = windows(seen.latents.flatten(2), h)
        valid = windows(torch.ones(B, L, 1, device=device), h)[..., 0]
        executed, z = windows(seen.actions, h)[:, :, :-1], seen.learned.flatten(2)
        chunks = F.pad(seen.actions, (0, 0, 0, self.chunk - 1)).unfold(1, self.chunk, 1).mT
        now, later = torch.triu_indices(L, L, 1, device=device)

        def likelihood(t: Tensor, m: Tensor, counted: Tensor) -> Tensor:
            """Of all windows, at the times t, given (B, len(t), X) changes."""
            context = frames[:, t], executed[:, t], valid[:, t]
            return self.likelihood(*context, z[:, t], m, chunks[:, t], counted.expand(B, -1))

        one = torch.arange(L - 1, device=device)
        local = likelihood(one, z[:, 1:] - z[:, :-1], torch.ones_like(one))
        within = likelihood(now, z[:, later].detach() - z[:, now], later - now)
        return self.local * local + self.goal * (within + self._far(seen)) / 2

    def _far(self, seen: Seen) -> Tensor:
        """The negative log-likelihood of pairs' first blocks, from a context of one frame."""
        pairs, h = seen.pairs, seen.model.context
        assert pairs is not None
        z = seen.model.layout.of(pairs.latents, "pixels").flatten(2)
        frames = F.pad(pairs.latents[:, :1].flatten(2), (0, 0, h - 1, 0))
        valid = F.pad(torch.ones_like(frames[:, -1:, 0]), (h - 1, 0))
        executed = frames.new_zeros(len(z), h - 1, pairs.actions.shape[-1])
        chunk = F.pad(pairs.actions.unsqueeze(1), (0, 0, 0, self.chunk - 1))
        m, one = z[:, 1].detach() - z[:, 0], torch.ones_like(pairs.blocks)
        return self.likelihood(frames, executed, valid, z[:, 0], m, chunk, one)

    def likelihood(
        self,
        frames: Tensor,
        executed: Tensor,
        valid: Tensor,
        z: Tensor,
        m: Tensor,
        chunk: Tensor,
        counted: Tensor,
    ) -> Tensor:
        """Compute the mean negative log-likelihood of executed chunks.

        Args:
            frames, executed, valid, z, m: see `ask`.
            chunk: (..., C, A), the blocks that were executed next.
            counted: (...) int64, how many of these led to the goal; of more, C count.

        Returns:
            Nats for each number that counts, a scalar.
        """
        C, A = chunk.shape[-2:]
        there = torch.arange(C, device=z.device) < counted.unsqueeze(-1)
        mask = there.unsqueeze(-1).expand(*there.shape, A).flatten(-2).to(z.dtype)
        nats = self.ask(frames, executed, valid, z, m).negative_log(chunk.flatten(-2), mask)
        return nats.sum() / mask.sum()

    def ask(self, frames: Tensor, executed: Tensor, valid: Tensor, z: Tensor, m: Tensor) -> Mixture:
        """Give the distribution of the next blocks.

        Args:
            frames: (..., h, K * D), the latents of a context; padding before it is zero.
            executed: (..., h - 1, A), the standardised blocks between them.
            valid: (..., h), 1 where a frame is real, else 0.
            z: (..., X), the picture tokens of the last.
            m: (..., X), how they shall change.

        Returns:
            The mixture of C * A numbers, block after block.
        """
        given = [frames.flatten(-2), executed.flatten(-2), valid.to(z.dtype), m, z * m]
        return Mixture(cast(Tensor, self.network(torch.cat(given, -1))), self.components)
