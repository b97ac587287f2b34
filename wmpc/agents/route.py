"""The goals on the way: which is pursued, when it is reached, and when it is given up."""

from functools import partial

import torch
from torch import Tensor

from wmpc.agents.meaning import Complete, GoalLike, meant
from wmpc.errors import WmpcError
from wmpc.planners.costs import Target
from wmpc.wm.models.world_model import WorldModel


class Route:
    """Goals that are pursued one after another.

    Args:
        model: what the goals are for.
        complete: what a goal said in part means; None: the model's `encode` and `known` say.
        near: a subgoal is reached, and the next one pursued, where the mean squared distance of
            the present latent to it, over the entries that count, is at most so much.
        patience: decisions after which a subgoal is given up for the next.
    """

    def __init__(
        self,
        model: WorldModel,
        complete: Complete | None = None,
        near: float = 0.02,
        patience: int = 20,
    ) -> None:
        if not near >= 0 or patience < 1:
            raise WmpcError(
                f"near is {near} and patience {patience}; near must be at least 0, patience 1"
            )
        self.complete = partial(meant, model) if complete is None else complete
        self.near, self.patience = near, patience
        self.targets: list[Target] = []
        """Of each goal on the way."""
        self.stage = 0
        """Which of them is pursued."""

    def reset(self, goal: GoalLike) -> None:
        """Begin anew.

        Args:
            goal: the last one to be reached, and those before it on its `route`.
        """
        self.targets = [Target(*self.complete(part)) for part in getattr(goal, "route", (goal,))]
        self.stage, self._decisions = 0, 0

    def look(self, latent: Tensor) -> None:
        """Go on to the next goal where the present one is reached or given up.

        Args:
            latent: the present one, (1, K, D).
        """
        while self.stage < len(self.targets) - 1 and self._is_over(latent):
            self.stage, self._decisions = self.stage + 1, 0

    def decide(self) -> None:
        """Count a decision towards the patience with the present goal."""
        self._decisions += 1

    def aim(self, latent: Tensor, stage: int) -> Target:
        """Choose the latent to pursue.

        Args:
            latent: where the agent is, (1, K, D).
            stage: which goal.

        Returns:
            The goal's target, of one latent: of several that will do, the nearest.
        """
        target = self.targets[stage]
        if len(target.latents) > 1:
            away = (target.latents - latent).square().mul(_counts(target))
            target = target._replace(latents=target.latents[away.flatten(1).sum(1).argmin(), None])
        return target

    def _is_over(self, latent: Tensor) -> bool:
        """Whether the present stage is."""
        goal, _, read = target = self.aim(latent, self.stage)
        here, counts = latent if read is None else read(latent).unsqueeze(-2), _counts(target)
        away = (goal - here).square().mul(counts).sum() / counts.expand_as(goal).sum()
        return bool(away <= self.near) or self._decisions >= self.patience


def _counts(target: Target) -> Tensor:
    """The weight of a target, ones where it has none."""
    return torch.ones_like(target.latents[0]) if target.weight is None else target.weight
