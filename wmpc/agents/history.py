"""What an agent remembers: the last frames, and the blocks really executed between them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from wmpc.planners.problem import Dynamics
from wmpc.wm.models.world_model import WorldModel


@dataclass(frozen=True, eq=False)
class History:
    """The context of the present: a value, which never changes and any thread may read."""

    model: WorldModel
    """What encodes, and says h, the most frames remembered."""
    latents: tuple[Tensor, ...] = ()
    """c <= h of (1, K, D), the present one last."""
    executed: tuple[Tensor, ...] = ()
    """c - 1 of (1, A), the standardised blocks between them."""

    @property
    def now(self) -> Tensor:
        """The present latent, (1, K, D)."""
        return self.latents[-1]

    @torch.no_grad()
    def seeing(
        self, observation: Mapping[str, np.ndarray], executed: np.ndarray | None = None
    ) -> "History":
        """Take in a frame and the actions of the block that led to it.

        Args:
            observation: columns, each of one frame.
            executed: (n, a), in the environment's units. Of any other number of actions, or of
                None, frames were missed, and the history begins anew.

        Returns:
            The history from now on.
        """
        batch = {name: np.asarray(x)[None, None] for name, x in observation.items()}
        latent = self.model.encode(batch)[:, 0]
        if executed is None or len(executed) != self.model.action_block or not self.latents:
            return replace(self, latents=(latent,), executed=())
        return self.then([latent], [self.model.normalise(np.asarray(executed)[None])])

    def then(self, latents: Sequence[Tensor], executed: Sequence[Tensor]) -> "History":
        """Go on with frames, seen or imagined.

        Args:
            latents: of (1, K, D).
            executed: as many standardised blocks (1, A), each leading to the latent at its place.

        Returns:
            The last h frames, and the blocks between them.
        """
        kept = (*self.latents, *latents)[-self.model.context :]
        blocks = (*self.executed, *executed)
        return replace(self, latents=kept, executed=blocks[len(blocks) - len(kept) + 1 :])

    def dynamics(self) -> Dynamics:
        """Bind the model to this context.

        Returns:
            What planners roll out.
        """
        z = torch.stack(self.latents, 1)
        none = z.new_zeros(1, 0, self.model.action_size)
        return self.model.dynamics(z, torch.stack(self.executed, 1) if self.executed else none)

    def padded(self) -> tuple[Tensor, Tensor, Tensor]:
        """Pad the context to h frames with zeros before it.

        Returns:
            Latents (1, h, K, D), the blocks (1, h - 1, A) between them, and which of the frames are
            real, (1, h) bool.
        """
        h, c, now = self.model.context, len(self.latents), self.now
        latents = torch.stack([*[torch.zeros_like(now)] * (h - c), *self.latents], 1)
        none = now.new_zeros(1, self.model.action_size)
        blocks = [*[none] * (h - 1 - len(self.executed)), *self.executed]
        valid = torch.arange(h, device=now.device) >= h - c
        executed = torch.stack(blocks, 1) if blocks else none[:, None][:, :0]
        return latents, executed, valid[None]
