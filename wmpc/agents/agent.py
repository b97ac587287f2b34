"""The agent, seen from the environment: whatever turns observations into chunks of actions.

An evaluator, a gymnasium loop or a robot drives any object with these three methods, whether it
plans with a world model, replays a recording or acts at random.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

import numpy as np

from wmpc.envs.observation import Observation


@dataclass(frozen=True)
class Goal:
    """What to reach: an observation, or the part of one that is known.

    A column that is not there does not count. `wmpc.agents.goals` makes goals of files and numbers.
    """

    observation: Observation
    weight: Mapping[str, np.ndarray] | None = None
    """How much each part counts, 0 to 1, by column: a mask (H, W) over a picture, (P,) over the
    numbers of `proprio`. A column without one counts as a whole."""
    via: "tuple[Goal, ...]" = ()
    """Goals to be reached before this one, in this order."""

    @property
    def route(self) -> "tuple[Goal, ...]":
        """All goals in the order in which they are to be reached, this one last."""
        return (*(stop for goal in self.via for stop in goal.route), replace(self, via=()))


@runtime_checkable
class Agent(Protocol):
    """Acts in chunks, as policies in robotics do."""

    def reset(self, goal: Goal) -> None:
        """Forget the past.

        Args:
            goal: pursued from now on.
        """
        ...

    def observe(self, observation: Observation, executed: np.ndarray | None) -> None:
        """Take in what is seen, and what was done before.

        Args:
            observation: the present one.
            executed: (m, A), the actions that the simulator really applied before it; None for the
                first observation after `reset`.
        """
        ...

    def act(self) -> np.ndarray:
        """Decide what to do until the next call.

        Returns:
            (m, A), m >= 1 actions in the environment's units.
        """
        ...
