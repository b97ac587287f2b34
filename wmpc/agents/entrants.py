"""Who can be evaluated: each function turns a setting and its config into agents, one a case."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import torch

from wmpc.agents.agent import Agent
from wmpc.agents.agent_process import AgentProcess
from wmpc.agents.asynchronous import AsyncMPCAgent
from wmpc.agents.baselines import RandomAgent, ReplayAgent, ZeroAgent
from wmpc.agents.completion import when_needed
from wmpc.agents.encoded import Encoded, encode_training_episodes
from wmpc.agents.external import make_agent
from wmpc.agents.goal_policy import GoalPolicyAgent, train_goal_policy
from wmpc.agents.meaning import Complete
from wmpc.agents.mpc import MPCAgent
from wmpc.agents.nearest import NearestAgent
from wmpc.envs.simulator import Simulator
from wmpc.errors import WmpcError
from wmpc.planners import GoalCost, NumpyModel
from wmpc.planners.problem import Planner
from wmpc.system.asking import Failed, ask
from wmpc.system.memory import keep_freed_memory
from wmpc.system.passing_on import passes_on
from wmpc.system.threads import sensible_threads
from wmpc.wm.data import Episodes
from wmpc.wm.models.dynamics import compile_rollouts
from wmpc.wm.models.world_model import LearnedModel, WorldModel


class Case(Protocol):
    """What an agent may be made for: see `wmpc.evaluation.manifest.Case`."""

    @property
    def seed(self) -> int: ...

    @property
    def replay(self) -> np.ndarray | None: ...


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
    """The name of a function or class, or of an object's class."""
    return getattr(thing, "__name__", type(thing).__name__)


def given_agent(setting: Setting, function: Callable[..., Any]) -> Entrant:
    """Whatever a function of this program makes, in this process; see `wmpc.agents.external`."""
    name = name_of(function)
    space = setting.task.action_space
    return Entrant(
        lambda case: make_agent(
            function, name, action_space=space, action_block=setting.action_block, seed=case.seed
        ),
        name,
    )


@passes_on(MPCAgent, AsyncMPCAgent, supplied=("complete", "cost"))
def mpc(
    setting: Setting, *, compile: str | None = None, asynchronous: bool = False, **arguments: Any
) -> Entrant:
    """`wmpc.agents.mpc.MPCAgent` (`asynchronous`: `wmpc.agents.asynchronous.AsyncMPCAgent`) on the
    trained model, with that class's `arguments`; `compile` is a mode of
    `wmpc.wm.models.dynamics.compile_rollouts`."""
    if setting.model is None:
        raise WmpcError("agent=mpc plans with a trained model: give run=FOLDER")
    keep_freed_memory()
    if compile is not None:
        predictor: Any = getattr(setting.model, "predictor", None)
        if predictor is None:
            raise WmpcError(f"compile={compile} came; this model has no predictor: give null")
        compile_rollouts(predictor, compile)
    arguments["complete"] = _completing(setting)
    return _planning("mpc", setting.model, setting, asynchronous=asynchronous, **arguments)


@passes_on(MPCAgent, AsyncMPCAgent, supplied=("cost",))
def simulator(setting: Setting, *, asynchronous: bool = False, **arguments: Any) -> Entrant:
    """The same agent, planner and cost, but the model is the true simulator.

    The cost is of states in units of the tolerance, by default their squared distance.
    """
    true, space = Simulator(setting.task), setting.task.action_space
    model = NumpyModel(
        true.start,
        true.rollout,
        space.low,
        space.high,
        setting.action_block,
        counted=true.coordinates_size,
        columns=("state", *(["variation"] if setting.task.variation_names else [])),
    )
    made = _planning(
        "simulator", model, setting, privileged=True, asynchronous=asynchronous, **arguments
    )
    return replace(made, bound=True)


def random(setting: Setting, seed: int = 0) -> Entrant:
    """Chance."""
    space = setting.task.action_space
    return Entrant(
        lambda case: RandomAgent(space.low, space.high, setting.action_block, case.seed + seed),
        "random",
    )


def zero(setting: Setting) -> Entrant:
    """No action."""
    agent = ZeroAgent(setting.task.action_space.shape[0], setting.action_block)
    return Entrant(lambda case: agent, "zero")


def replay(setting: Setting) -> Entrant:
    """The recorded actions."""

    def make(case: Case) -> Agent:
        if case.replay is None:
            raise WmpcError(
                "this goal was not recorded after its start: there is nothing to replay"
            )
        return ReplayAgent(case.replay)

    return Entrant(make, "replay")


@passes_on(NearestAgent, supplied=("complete",))
def nearest(setting: Setting, **arguments: Any) -> Entrant:
    """`wmpc.agents.nearest.NearestAgent` with its `arguments`."""
    model, encoded = _frozen(setting)
    agent = NearestAgent(model, encoded, complete=_completing(setting, True), **arguments)
    return Entrant(lambda case: agent, "nearest")


@passes_on(train_goal_policy, supplied=("timed",))
def gcbc(setting: Setting, **arguments: Any) -> Entrant:
    """Goal-conditioned behaviour cloning; `arguments` of
    `wmpc.agents.goal_policy.train_goal_policy`."""
    model, encoded = _frozen(setting)
    with sensible_threads(model):
        policy = train_goal_policy(encoded, model.context, **arguments)
    agent = GoalPolicyAgent(model, policy, complete=_completing(setting, True))
    return Entrant(lambda case: agent, "gcbc")


@passes_on(train_goal_policy, supplied=("timed",))
def gcidm(setting: Setting, arrive: int, **arguments: Any) -> Entrant:
    """Goal-conditioned inverse dynamics, asked to be there in `arrive` blocks; other `arguments`
    of `wmpc.agents.goal_policy.train_goal_policy`."""
    model, encoded = _frozen(setting)
    with sensible_threads(model):
        policy = train_goal_policy(encoded, model.context, timed=True, **arguments)
    agent = GoalPolicyAgent(model, policy, arrive, _completing(setting, True))
    return Entrant(lambda case: agent, "gcidm")


def external(setting: Setting, function: str, privileged: bool = False, seed: int = 0) -> Entrant:
    """Whatever `function`, module:function, makes, in a process of its own; see
    `wmpc.agents.external`.

    One is made at once, so that what can be said of a wrong one is said before anything runs.
    """
    offered = {"action_space": setting.task.action_space, "action_block": setting.action_block}
    process = AgentProcess(function, torch.get_num_threads())

    def make(case: Case) -> Agent:
        return process.make(**offered, seed=case.seed + seed)

    def first() -> str | None:
        process.make(**offered, seed=seed)
        return process.source()

    try:
        source = ask(setting.timeout_s, first, passing=(WmpcError,))
    except Failed as failed:
        raise WmpcError(f"{function}: {failed}") from failed
    return Entrant(make, function, privileged=privileged, source=source, tried=True)


def _frozen(setting: Setting) -> tuple[LearnedModel, Encoded]:
    """The trained encoder, and the training episodes through it."""
    if setting.model is None or setting.episodes is None:
        raise WmpcError("this agent learns from recorded episodes: it needs a run and its dataset")
    return setting.model, encode_training_episodes(setting.model, setting.episodes())


def _completing(setting: Setting, pictures: bool = False) -> Complete | None:
    """What completes goals said in part, where there are recordings to do it from."""
    if setting.model is None or setting.episodes is None:
        return None
    return when_needed(setting.model, setting.episodes, pictures)


def _planning(
    name: str,
    model: WorldModel,
    setting: Setting,
    *,
    seed: int = 0,
    privileged: bool = False,
    asynchronous: bool = False,
    **arguments: Any,
) -> Entrant:
    """Each case has its own seed: one lucky draw of the planner must not decide them all."""
    kind, planner = AsyncMPCAgent if asynchronous else MPCAgent, setting.planner
    assert planner is not None
    arguments["cost"] = setting.cost
    return Entrant(
        lambda case: kind(model, planner, seed=case.seed + seed, **arguments),
        name,
        name_of(planner),
        privileged,
    )
