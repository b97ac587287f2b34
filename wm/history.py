"""What an agent remembers: the last frames, and the blocks really executed between them."""

from collections.abc import Mapping
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from wm.errors import WmError
from wm.model import JEPA


class GoalLike(Protocol):
    """See `envs.agent.Goal`."""

    @property
    def observation(self) -> Mapping[str, np.ndarray]: ...


class History:
    """The context of the present, as models are trained on it.

    Args:
        model: what encodes, and says h, the most frames remembered.
    """

    def __init__(self, model: JEPA) -> None:
        self.model = model
        self.goal: Tensor | None = None
        """(D,), the goal picture's latent."""

    @torch.no_grad()
    def reset(self, goal: GoalLike) -> None:
        """Forget the past; from now on pursue `goal`, of which only the pictures count."""
        self.goal = self._encode(goal.observation)[0]
        self.latents: list[Tensor] = []
        self.executed: list[Tensor] = []

    @torch.no_grad()
    def observe(
        self, observation: Mapping[str, np.ndarray], executed: np.ndarray | None = None
    ) -> None:
        """Take in a frame and the actions (n, a) of the block that led to it; of any other number
        of actions, frames were missed, and the context begins anew."""
        latent = self._encode(observation)
        if executed is None or len(executed) != self.model.spec.action_block:
            self.latents, self.executed = [latent], []
            return
        block = self.model.normalise(np.asarray(executed))
        self.latents = [*self.latents, latent][-self.model.context :]
        self.executed = [*self.executed, block][len(self.executed) + 2 - len(self.latents) :]

    def context(self) -> tuple[Tensor, Tensor, Tensor]:
        """latents (1, h, K, D), blocks (1, h - 1, A) between them and valid (1, h) bool, the
        present last; short ones padded with zeros before it."""
        if self.goal is None or not self.latents:
            raise WmError("call reset(goal) and observe(observation, None) before act()")
        h, c = self.model.context, len(self.latents)
        now = self.latents[-1]
        latents = torch.stack([*[torch.zeros_like(now)] * (h - c), *self.latents])
        none = now.new_zeros(self.model.spec.action_size)
        blocks = [*[none] * (h - 1 - len(self.executed)), *self.executed]
        valid = torch.arange(h, device=now.device) >= h - c
        executed = torch.stack(blocks) if blocks else now.new_zeros(0, len(none))
        return latents[None], executed[None], valid[None]

    def _encode(self, observation: Mapping[str, np.ndarray]) -> Tensor:
        """(K, D)"""
        batch = {name: np.asarray(x)[None, None] for name, x in observation.items()}
        return self.model.encode(batch)[0, 0]
