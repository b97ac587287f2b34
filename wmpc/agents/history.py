"""What an agent remembers: the last frames, and the blocks really executed between them."""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from wmpc.agents.meaning import Complete, GoalLike, meant
from wmpc.errors import WmpcError
from wmpc.wm.models.jepa import JEPA


class History:
    """The context of the present, as models are trained on it.

    Args:
        model: what encodes, and says h, the most frames remembered.
        complete: makes whole goals of one said in part; without it such a goal is an error.
    """

    def __init__(self, model: JEPA, complete: Complete | None = None) -> None:
        self.model, self.complete = model, complete
        self.goals: Tensor | None = None
        """(M, k * D), the tokens of goal pictures, any of which will do."""

    @torch.no_grad()
    def reset(self, goal: GoalLike) -> None:
        """Forget the past; from now on pursue `goal`, of which only the pictures count.

        WmpcError where it does not say a picture and cannot be completed, or has subgoals.
        """
        if via := getattr(goal, "via", ()):
            raise WmpcError(
                f"a goal with {len(via)} subgoals came, and this agent pursues one goal: "
                "give it the last one alone, or use agent=mpc"
            )
        place = self.model.layout.place("pixels")
        if self.complete is not None:
            latents, _, read = self.complete(goal)
            if read is not None:
                raise WmpcError(
                    "a goal without a picture came, completed to numbers, and this agent learned "
                    "from pictures: complete it with Completion.of(..., pictures=True)"
                )
        else:
            latents, known, _ = meant(self.model, goal)
            if not known[place].any():
                raise WmpcError(
                    "a goal without a picture came, and this agent learned from whole ones: give "
                    "it recordings to complete it from, "
                    "complete=wmpc.agents.completion.Completion.of(model, episodes)"
                )
        self.goals = latents[:, place].flatten(1)
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

    def goal(self) -> Tensor:
        """(k * D,), the goal picture's tokens; of several goals, those nearest to the present."""
        if self.goals is None or not self.latents:
            raise WmpcError("call reset(goal) and observe(observation, None) before act()")
        if len(self.goals) == 1:
            return self.goals[0]
        now = self.model.layout.of(self.latents[-1], "pixels").flatten()
        return self.goals[(self.goals - now).square().sum(1).argmin()]

    def context(self) -> tuple[Tensor, Tensor, Tensor]:
        """latents (1, h, K, D), blocks (1, h - 1, A) between them and valid (1, h) bool, the
        present last; short ones padded with zeros before it."""
        if self.goals is None or not self.latents:
            raise WmpcError("call reset(goal) and observe(observation, None) before act()")
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


class Rememberer:
    """An agent whose past is a `History`; what it does with that, `act` says."""

    history: History

    def reset(self, goal: GoalLike) -> None:
        """Forget the past; from now on pursue `goal`."""
        self.history.reset(goal)

    def observe(
        self, observation: Mapping[str, np.ndarray], executed: np.ndarray | None = None
    ) -> None:
        """Take in a frame and the actions (n, a) of the block that led to it."""
        self.history.observe(observation, executed)
