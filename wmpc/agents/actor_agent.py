"""An agent that asks the actor of its model for the next blocks: one look, no search."""

from typing import cast

import numpy as np
import torch
from torch import Tensor

from wmpc.agents.entrant import Entrant, Setting
from wmpc.agents.meaning import Complete
from wmpc.agents.picture_goal import PictureAgent
from wmpc.agents.taught import find_completion
from wmpc.errors import WmpcError
from wmpc.wm.models.world_model import LearnedModel
from wmpc.wm.objectives.actor import Actor
from wmpc.wm.training.trained_term import load_term


class ActorAgent(PictureAgent):
    """Executes the likeliest blocks that lead to the goal; an `wmpc.agents.agent.Agent`.

    Args:
        model: that the actor was trained in.
        actor: see `wmpc.wm.objectives.actor.Actor`.
        execute: blocks executed before the next look, at most its `chunk`.
        complete: see `PictureAgent`.

    Raises:
        WmpcError: the actor gives fewer blocks.
    """

    def __init__(
        self,
        model: LearnedModel,
        actor: Actor,
        execute: int = 1,
        complete: Complete | None = None,
    ) -> None:
        if not 1 <= execute <= actor.chunk:
            raise WmpcError(
                f"execute is {execute}; it must be 1 to {actor.chunk}, the actor's chunk"
            )
        super().__init__(model, complete)
        self.actor, self.execute = actor, execute

    @torch.no_grad()
    def act(self) -> np.ndarray:
        """Ask the actor.

        Returns:
            The next `execute` blocks, (execute * n, a) in the environment's units and bounds.
        """
        blocks = self.propose()[: self.execute]
        actions = self.model.denormalise(blocks)
        return actions.reshape(-1, actions.shape[-1])

    def propose(self) -> Tensor:
        """Give the likeliest of the next blocks.

        Returns:
            (C, A), standardised.
        """
        goal = self.goal()
        frames, executed, valid = self.history.padded()
        z = self.model.layout.of(self.history.now, "pixels").flatten(1)
        asked = self.actor.ask(frames.flatten(2), executed, valid, z, goal - z)
        return asked.mode().view(self.actor.chunk, -1)


def actor(setting: Setting, execute: int = 1) -> Entrant:
    """Enter the actor that was trained in the run's model.

    Args:
        setting: where the agents will act; its model and run.
        execute: see `ActorAgent`.

    Returns:
        What makes the agents of cases.

    Raises:
        WmpcError: there is no run, or none with an actor.
    """
    if setting.model is None or setting.run is None:
        raise WmpcError("agent=actor asks what was trained in a run: give run=FOLDER")
    trained = cast(Actor, load_term(setting.run, "actor", setting.model))
    agent = ActorAgent(setting.model, trained, execute, find_completion(setting, True))
    return Entrant(lambda case: agent, "actor")
