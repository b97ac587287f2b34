"""Who can be evaluated: each function turns a setting and its config into agents, one a case."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch

from wmpc.agents.agent import Agent
from wmpc.agents.asynchronous import AsyncMPCAgent
from wmpc.agents.baselines import RandomAgent, ReplayAgent, ZeroAgent
from wmpc.agents.entrant import Case, Entrant, Setting, name_of
from wmpc.agents.external import make_agent
from wmpc.agents.external_process import AgentProcess
from wmpc.agents.goal_policy import GoalPolicyAgent, train_goal_policy
from wmpc.agents.mpc import MPCAgent
from wmpc.agents.nearest import NearestAgent
from wmpc.agents.on_foot import on_foot
from wmpc.agents.roadmap import Roadmap
from wmpc.agents.taught import encode_recordings, find_completion, fit_cost
from wmpc.agents.waypoints import Waypoints
from wmpc.envs.goal_env import Walkable
from wmpc.envs.simulator import Simulator
from wmpc.errors import WmpcError
from wmpc.planners import NumpyModel
from wmpc.system.asking import Failed, ask
from wmpc.system.memory import keep_freed_memory
from wmpc.system.passing_on import passes_on
from wmpc.system.threads import sensible_threads
from wmpc.wm.models.dynamics import compile_rollouts
from wmpc.wm.models.world_model import WorldModel


def given_agent(setting: Setting, function: Callable[..., Any]) -> Entrant:
    """Enter whatever a function of this program makes, in this process.

    Args:
        setting: where the agents will act.
        function: see `wmpc.agents.external`.

    Returns:
        What makes the agents of cases.
    """
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
    """Enter `wmpc.agents.mpc.MPCAgent` on the trained model.

    Args:
        setting: where the agents will act; its model, planner and cost.
        compile: a mode of `wmpc.wm.models.dynamics.compile_rollouts`; None: none.
        asynchronous: take `wmpc.agents.asynchronous.AsyncMPCAgent`, which plans ahead in a thread.
        **arguments: of that class.

    Returns:
        What makes the agents of cases.

    Raises:
        WmpcError: there is no model, or none that can be compiled.
    """
    if setting.model is None:
        raise WmpcError("agent=mpc plans with a trained model: give run=FOLDER")
    keep_freed_memory()
    if compile is not None:
        predictor: Any = getattr(setting.model, "predictor", None)
        if arguments.get("adapt"):
            raise WmpcError("compile and adapt came: what is compiled learns no more; choose one")
        if predictor is None:
            raise WmpcError(f"compile={compile} came; this model has no predictor: give null")
        compile_rollouts(predictor, compile)
    arguments["complete"] = find_completion(setting)
    fitted = replace(setting, cost=fit_cost(setting.cost, setting.model, setting.episodes))
    return _planning("mpc", setting.model, fitted, asynchronous=asynchronous, **arguments)


@passes_on(MPCAgent, AsyncMPCAgent, supplied=("complete", "cost"))
def simulator(setting: Setting, *, asynchronous: bool = False, **arguments: Any) -> Entrant:
    """Enter the same agent, planner and cost with the true simulator for a model.

    The cost is of states in units of the tolerance, by default their squared distance: by the way
    that there is where the task is `wmpc.envs.goal_env.Walkable`, else the straight one.

    Args:
        setting: where the agents will act.
        asynchronous: plan ahead in a thread.
        **arguments: of `wmpc.agents.mpc.MPCAgent`.

    Returns:
        What makes the agents of cases; they see the state.

    Raises:
        WmpcError: the cost is one that is fitted to latents.
    """
    if hasattr(setting.cost, "fitted"):
        raise WmpcError(
            "this cost is fitted to latents of recorded frames, and agent=simulator has none: give "
            "cost=latent_distance"
        )
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
    if isinstance(setting.task, Walkable):
        arguments["complete"] = lambda goal: on_foot(true, goal.observation)
    made = _planning(
        "simulator", model, setting, privileged=True, asynchronous=asynchronous, **arguments
    )
    return replace(made, bound=True)


def random(setting: Setting, seed: int = 0) -> Entrant:
    """Enter correlated noise: chance.

    Args:
        setting: where the agents will act.
        seed: added to that of each case.

    Returns:
        What makes the agents of cases.
    """
    space = setting.task.action_space
    return Entrant(
        lambda case: RandomAgent(space.low, space.high, setting.action_block, case.seed + seed),
        "random",
    )


def zero(setting: Setting) -> Entrant:
    """Enter no action.

    Args:
        setting: where the agents will act.

    Returns:
        What makes the agents of cases.
    """
    agent = ZeroAgent(setting.task.action_space.shape[0], setting.action_block)
    return Entrant(lambda case: agent, "zero")


def replay(setting: Setting) -> Entrant:
    """Enter the recorded actions of each case.

    Args:
        setting: where the agents will act.

    Returns:
        What makes the agents of cases; where nothing was recorded from the case's start to its
        goal, that raises a WmpcError.

    Raises:
        WmpcError: an agent is made for a case without a recording.
    """

    def make(case: Case) -> Agent:
        if case.replay is None:
            raise WmpcError(
                "this goal was not recorded after its start: there is nothing to replay"
            )
        return ReplayAgent(case.replay)

    return Entrant(make, "replay")


@passes_on(NearestAgent, supplied=("complete",))
def nearest(setting: Setting, **arguments: Any) -> Entrant:
    """Enter `wmpc.agents.nearest.NearestAgent`.

    Args:
        setting: where the agents will act; its model and episodes.
        **arguments: of that class.

    Returns:
        What makes the agents of cases.
    """
    model, encoded = encode_recordings(setting)
    agent = NearestAgent(model, encoded, complete=find_completion(setting, True), **arguments)
    return Entrant(lambda case: agent, "nearest")


@passes_on(train_goal_policy, supplied=("timed",))
def gcbc(setting: Setting, *, ahead: float | None = None, **arguments: Any) -> Entrant:
    """Enter goal-conditioned behaviour cloning, trained here.

    Args:
        setting: where the agents will act; its model and episodes.
        ahead: see `wmpc.agents.waypoints.Waypoints`; None: the goal itself is pursued.
        **arguments: of `wmpc.agents.goal_policy.train_goal_policy`.

    Returns:
        What makes the agents of cases.
    """
    model, encoded = encode_recordings(setting)
    with sensible_threads(model):
        policy = train_goal_policy(encoded, model.context, **arguments)
    waypoints = None if ahead is None else Waypoints(Roadmap(encoded), ahead)
    agent = GoalPolicyAgent(
        model, policy, complete=find_completion(setting, True), waypoints=waypoints
    )
    return Entrant(lambda case: agent, "gcbc")


@passes_on(train_goal_policy, supplied=("timed",))
def gcidm(
    setting: Setting, arrive: int, *, ahead: float | None = None, **arguments: Any
) -> Entrant:
    """Enter goal-conditioned inverse dynamics, trained here.

    Args:
        setting: where the agents will act; its model and episodes.
        arrive: blocks in which to be at the goal, at every decision.
        ahead: see `wmpc.agents.waypoints.Waypoints`; None: the goal itself is pursued.
        **arguments: of `wmpc.agents.goal_policy.train_goal_policy`.

    Returns:
        What makes the agents of cases.
    """
    model, encoded = encode_recordings(setting)
    with sensible_threads(model):
        policy = train_goal_policy(encoded, model.context, timed=True, **arguments)
    waypoints = None if ahead is None else Waypoints(Roadmap(encoded), ahead)
    agent = GoalPolicyAgent(model, policy, arrive, find_completion(setting, True), waypoints)
    return Entrant(lambda case: agent, "gcidm")


def external(setting: Setting, function: str, privileged: bool = False, seed: int = 0) -> Entrant:
    """Enter whatever somebody else's function makes, in a process of its own.

    One is made at once, so that what can be said of a wrong one is said before anything runs.

    Args:
        setting: where the agents will act.
        function: module:function, see `wmpc.agents.external`.
        privileged: whether it may see the simulator's state.
        seed: added to that of each case.

    Returns:
        What makes the agents of cases.

    Raises:
        WmpcError: there is no such function, or it makes no agent.
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
