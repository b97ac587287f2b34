"""Who is evaluated, and where: what an agent may be made of, and what makes the agents of cases."""

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Protocol

import numpy as np
from gymnasium.spaces import Box

from wmpc.agents.agent import Agent
from wmpc.planners import GoalCost
from wmpc.planners.problem import Planner
from wmpc.wm.data import Episodes
from wmpc.wm.models.world_model import LearnedModel


class Case(Protocol):
    """What an agent may be made for: see `wmpc.evaluation.manifest.Case`."""

    @property
    def seed(self) -> int: ...

    @property
    def replay(self) -> np.ndarray | None: ...


@dataclass(frozen=True)
class Beginning:
    """What an agent is made for where there is no case: nothing was recorded that it could
    replay."""

    seed: int
    replay: None = None


@dataclass(frozen=True)
class Setting:
    """Where the agents will act, and what they may be made of."""

    task: Any
    action_block: int
    model: LearnedModel | None = None
    planner: Planner | None = None
    cost: GoalCost | None = None
    """Of agents that plan; None: the default."""
    episodes: Callable[[], Episodes] | None = None
    """Opens the dataset, for agents that learn from its training episodes."""
    timeout_s: float | None = None
    """Seconds that making an agent of somebody else's may take; None: any."""
    run: str | None = None
    """The folder of the model, for agents that use what was trained beside it."""


def set_on_recordings(
    model: LearnedModel, episodes: Callable[[], Episodes], timeout_s: float | None = None
) -> Setting:
    """Make the setting of agents that act nowhere.

    Args:
        model: its bounds of actions are all there is of a task.
        episodes: see `Setting`.
        timeout_s: see `Setting`.

    Returns:
        The setting.
    """
    low, high = (np.asarray(x, np.float32) for x in (model.spec.action_low, model.spec.action_high))
    task = SimpleNamespace(action_space=Box(low, high, dtype=np.float32))
    return Setting(task, model.action_block, model, episodes=episodes, timeout_s=timeout_s)


@dataclass(frozen=True)
class Entrant:
    """Makes the agent of a case."""

    make: Callable[[Case], Agent]
    name: str = "agent"
    """What it is called in results and pages."""
    planner: str | None = None
    """The name of what searches for its actions; None where nothing does."""
    privileged: bool = False
    """Whether it may see the simulator's state."""
    bound: bool = False
    """Whether it is made of the very task it acts in, and so good for no other."""
    source: str | None = None
    """Hash of the code of somebody else's, where its file is known."""
    tried: bool = False
    """Whether one was made already, to see that it can be."""


@dataclass(frozen=True)
class Given:
    """Objects of a program that stand for what a configuration would name."""

    model: LearnedModel | None = None
    agent: Callable[..., Any] | None = None
    """Makes an agent, as functions of `wmpc.agents.external` do, but in this process."""
    planner: Planner | None = None
    cost: GoalCost | None = None


def name_of(thing: Any) -> str:
    """Find what a thing is called.

    Args:
        thing: a function, a class, or an object.

    Returns:
        Its name, or that of its class.
    """
    return getattr(thing, "__name__", type(thing).__name__)
