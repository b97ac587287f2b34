"""Goals of agents that know pictures alone: policies and replays learned from recorded frames."""

from collections.abc import Mapping
from functools import partial

import numpy as np
import torch
from torch import Tensor

from wmpc.agents.history import History
from wmpc.agents.meaning import Complete, GoalLike, meant
from wmpc.agents.waypoints import Waypoints
from wmpc.errors import WmpcError
from wmpc.planners.costs import Target
from wmpc.wm.models.world_model import LearnedModel


class PictureAgent:
    """What such agents share: a history, and one goal of which only the pictures count.

    Args:
        model: the frozen encoder.
        complete: makes whole goals of one said in part; without it such a goal is an error.
        waypoints: of which one is pursued on the way to a far goal; None: the goal itself.
    """

    def __init__(
        self,
        model: LearnedModel,
        complete: Complete | None = None,
        waypoints: Waypoints | None = None,
    ) -> None:
        self.model, self.complete, self.waypoints = model, complete, waypoints
        self.history = History(model)
        self.goals: Tensor | None = None
        """(M, k * D), the tokens of goal pictures, any of which will do."""

    @torch.no_grad()
    def reset(self, goal: GoalLike) -> None:
        """Forget the past; from now on pursue another goal.

        Args:
            goal: what to reach, by its pictures.

        Raises:
            WmpcError: it does not say a picture and cannot be completed, or has subgoals.
        """
        if via := getattr(goal, "via", ()):
            raise WmpcError(
                f"a goal with {len(via)} subgoals came, and this agent pursues one goal: "
                "give it the last one alone, or use agent=mpc"
            )
        complete = partial(meant, self.model) if self.complete is None else self.complete
        latents, weight, read = Target(*complete(goal))
        if read is not None:
            raise WmpcError(
                "a goal without a picture came, completed to numbers, and this agent learned "
                "from pictures: complete it with Completion.of(..., pictures=True)"
            )
        place = self.model.layout.place("pixels")
        if self.complete is None and weight is not None and not weight[place].any():
            raise WmpcError(
                "a goal without a picture came, and this agent learned from whole ones: give "
                "it recordings to complete it from, "
                "complete=wmpc.agents.completion.Completion.of(model, episodes)"
            )
        self.goals = self.model.layout.of(latents, "pixels").flatten(1)
        self.history = History(self.model)

    def observe(
        self, observation: Mapping[str, np.ndarray], executed: np.ndarray | None = None
    ) -> None:
        """Take in a frame and the actions of the block that led to it.

        Args:
            observation: what is seen now.
            executed: (n, a), see `History.seeing`.
        """
        self.history = self.history.seeing(observation, executed)

    def goal(self) -> Tensor:
        """Choose the picture to pursue.

        Returns:
            Its tokens, (k * D,): the goal's, of several that will do those nearest to the present,
            or those of a waypoint.

        Raises:
            WmpcError: there is no goal yet, or nothing was seen.
        """
        if self.goals is None or not self.history.latents:
            raise WmpcError("call reset(goal) and observe(observation, None) before act()")
        if len(self.goals) == 1 and self.waypoints is None:
            return self.goals[0]
        now = self.model.layout.of(self.history.now, "pixels").flatten()
        goal = self.goals[(self.goals - now).square().sum(1).argmin()]
        point = None if self.waypoints is None else self.waypoints.find(now, goal)
        return goal if point is None else self.model.layout.of(point, "pixels").flatten()
