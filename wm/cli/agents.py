"""Who can be evaluated: each function turns a setting and its config into agents, one a case."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from envs.agent import Agent
from envs.baselines import RandomAgent, ReplayAgent, ZeroAgent
from envs.errors import EnvError
from envs.manifest import Case
from envs.simulator import Simulator
from planners import AsyncMPCAgent, MPCAgent, NumpyModel
from planners.mpc import WorldModel
from planners.problem import Planner
from wm.dynamics import compile_rollouts
from wm.errors import WmError
from wm.memory import keep_freed_memory
from wm.model import JEPA


@dataclass(frozen=True)
class Setting:
    """Where the agents will act, and what they may be made of."""

    task: Any
    action_block: int
    model: JEPA | None = None
    planner: Planner | None = None


@dataclass(frozen=True)
class Entrant:
    """Makes the agent of a case."""

    make: Callable[[Case], Agent]
    privileged: bool = False
    """Whether it may see the simulator's state."""


def mpc(setting: Setting, *, compile: str | None = None, **arguments: Any) -> Entrant:
    """`planners.MPCAgent` (`asynchronous`: `planners.AsyncMPCAgent`) on the trained model, with
    that class's `arguments`; `compile` is a mode of `wm.dynamics.compile_rollouts`."""
    if setting.model is None:
        raise WmError("agent=mpc plans with a trained model: give run=FOLDER")
    assert setting.planner is not None
    keep_freed_memory()
    if compile is not None:
        compile_rollouts(setting.model.predictor, compile)
    return _planning(setting.model, setting.planner, **arguments)


def simulator(setting: Setting, **arguments: Any) -> Entrant:
    """The same agent and planner, but the model is the true simulator.

    The cost is the squared distance between states in units of the tolerance.
    """
    assert setting.planner is not None
    true, space = Simulator(setting.task), setting.task.action_space
    model = NumpyModel(
        true.start,
        true.rollout,
        space.low,
        space.high,
        setting.action_block,
        counted=true.coordinates_size,
    )
    return _planning(model, setting.planner, privileged=True, **arguments)


def random(setting: Setting, seed: int = 0) -> Entrant:
    """Chance."""
    space = setting.task.action_space
    return Entrant(
        lambda case: RandomAgent(space.low, space.high, setting.action_block, case.seed + seed)
    )


def zero(setting: Setting) -> Entrant:
    """No action."""
    agent = ZeroAgent(setting.task.action_space.shape[0], setting.action_block)
    return Entrant(lambda case: agent)


def replay(setting: Setting) -> Entrant:
    """The recorded actions."""

    def make(case: Case) -> Agent:
        if case.replay is None:
            raise EnvError("this goal was not recorded after its start: there is nothing to replay")
        return ReplayAgent(case.replay)

    return Entrant(make)


def _planning(
    model: WorldModel,
    planner: Planner,
    *,
    seed: int = 0,
    privileged: bool = False,
    asynchronous: bool = False,
    **arguments: Any,
) -> Entrant:
    """Each case has its own seed: one lucky draw of the planner must not decide them all."""
    kind = AsyncMPCAgent if asynchronous else MPCAgent
    return Entrant(
        lambda case: kind(model, planner, seed=case.seed + seed, **arguments), privileged
    )
