"""Run an agent on the cases of a manifest: one row a case, whatever the agent does.

A warm start puts the simulator where the recorded lead-in begins and executes it while the agent
watches, so that the agent has a true history; a cold start begins at the start state itself, whose
velocity a picture does not show. Success is looked at after every simulator action.

The simulator waits for the agent, a robot does not. With a `latency`, the world goes on while the
agent decides: every simulator action that begins before the decision is there repeats the last one
(zero at a cold start). Waiting uses up the budget, and the agent is shown what was really executed:
the world when the waiting is over, then after every block.
"""

import math
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Literal, cast

import numpy as np

from envs.agent import Agent, Goal, Observation
from envs.errors import EnvError
from envs.manifest import Case, Manifest

Make = Callable[[Case], Agent]
Start = Literal["warm", "cold"]
Latency = float | Literal["measured"]
"""Seconds that each decision takes, in the world's time; or what each really took."""
HIDDEN = ("state", "variation")
"""What only privileged agents may see."""


@dataclass(eq=False)
class Row:
    """What happened in one case. Distances are in tolerances (`Task.distance`)."""

    case: int
    episode: int
    start: str
    seed: int
    success: bool = False
    """At any simulator action within the budget, and nothing failed."""
    success_strict: bool | None = False
    """The same within half the tolerances; None where stopped at the first success."""
    success_end: bool | None = None
    """At the last action; None where stopped at the first success."""
    steps_to_success: int | None = None
    """Simulator actions until the first success."""
    steps: int = 0
    """Simulator actions executed."""
    waited: int = 0
    """How many of them repeated the last one, because the agent was deciding."""
    distance_start: float = 0.0
    distance_best: float = 0.0
    distance_end: float = 0.0
    errors_end: dict[str, float] = field(default_factory=dict)
    failure: str | None = None
    """Why the case failed: the agent raised or returned nonsense, or the simulation broke."""
    lead_in_drift: float = 0.0
    """Largest difference between the start state reached by the lead-in and the recorded one."""
    latencies_ms: list[float] = field(default_factory=list)
    """Of each decision: taking in the last observation, and acting."""
    states: list[np.ndarray] = field(default_factory=list)
    """The state (S,) at the start and after every simulator action; not part of `as_dict`."""
    successes: list[bool] = field(default_factory=list)
    """Success in each of `states`; not part of `as_dict`."""
    actions: list[np.ndarray] = field(default_factory=list)
    """Every simulator action (A,) executed after the start, as it was executed: `actions[t]` leads
    to `states[t + 1]`; not part of `as_dict`."""

    def begin(self, state: np.ndarray, distance: float) -> None:
        """The agent may act from here."""
        self.states.append(state)
        self.successes.append(distance <= 1.0)
        self.distance_start = self.distance_best = self.distance_end = distance

    def take(self, state: np.ndarray, info: Mapping[str, Any]) -> None:
        """One simulator action later."""
        self.steps += 1
        self.actions.append(np.array(info["action"]))
        self.states.append(state)
        self.successes.append(bool(info["success"]))
        self.distance_end = float(info["distance"])
        self.distance_best = min(self.distance_best, self.distance_end)
        self.errors_end = {name: float(error) for name, error in info["errors"].items()}
        self.success_strict = bool(self.success_strict or info["strict"])
        if info["success"] and not self.success:
            self.success, self.steps_to_success = True, self.steps

    def fail(self, reason: str) -> None:
        """A case in which anything broke is no success, whatever came before."""
        self.failure = reason
        self.success = self.success_strict = self.success_end = False
        self.steps_to_success = None

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        names = [f.name for f in fields(self) if f.name not in ("states", "successes", "actions")]
        return {name: getattr(self, name) for name in names}


def evaluate(
    agent: Agent | Make,
    manifest: Manifest,
    task: Any = None,
    *,
    start: Start = "warm",
    cases: Sequence[int] | None = None,
    privileged: bool = False,
    stop_at_success: bool = False,
    latency: Latency = 0.0,
) -> Iterator[Row]:
    """Yield a row for each of `cases` (indices; default: all).

    Args:
        agent: one agent for all cases, or a function that makes one for each.
        task: where to run; default: the manifest's own.
        privileged: let the agent see `state` and `variation` beside the pictures and
            proprioception. A learned agent must not.
        stop_at_success: end a case there, for agents too slow to see its budget out.
        latency: how long the world goes on while the agent decides, see the module's docstring.
            What is "measured" includes waiting for an agent that plans beside the world.

    EnvError where the task is not the manifest's. What an agent does wrong fails its case alone.
    """
    if start not in ("warm", "cold"):
        raise EnvError(f"A start {start!r} came; starts are 'warm' or 'cold'.")
    if latency != "measured" and not (isinstance(latency, int | float) and 0 <= latency < 3600):
        raise EnvError(
            f"A latency of {latency!r} came; it is seconds, such as 0.05, or 'measured'."
        )
    own = manifest.make() if task is None else task
    try:
        manifest.check(own)
        one = isinstance(agent, Agent) and not isinstance(agent, type)  # a class makes agents
        for index in range(len(manifest.cases)) if cases is None else cases:
            case = manifest.cases[index]
            warm = start == "warm"
            own.reset(
                seed=case.seed,
                options={
                    "state": case.lead_in_state if warm else case.start_state,
                    "goal_state": case.goal_state,
                    "variation": case.variation,
                },
            )
            row = Row(index, case.episode, start, case.seed)
            try:
                play(
                    own,
                    cast(Agent, agent if one else _ask(cast(Make, agent), case)),
                    case.goal(privileged),
                    row,
                    actions=manifest.actions,
                    action_block=manifest.action_block,
                    lead_in=case.lead_in if warm else (),
                    expected_start=case.start_state,
                    privileged=privileged,
                    stop_at_success=stop_at_success,
                    latency=latency,
                )
            except Failed as failed:
                row.fail(str(failed))
            yield row
    finally:
        if task is None:
            own.close()


class Failed(Exception):
    """The case failed, and why."""


def play(
    task: Any,
    agent: Agent,
    goal: Goal,
    row: Row,
    *,
    actions: int,
    action_block: int,
    lead_in: Sequence[np.ndarray] | np.ndarray = (),
    expected_start: np.ndarray | None = None,
    privileged: bool = False,
    stop_at_success: bool = False,
    latency: Latency = 0.0,
) -> None:
    """One episode of `agent` in `task`, which was reset; `row` is filled as it goes.

    The agent sees the world after every `action_block` simulator actions, also within a longer
    chunk of its own, so its history has no holes. Raises `Failed`.
    """
    watch = _Watch(task, agent, privileged)
    _ask(agent.reset, goal)
    watch(None)
    last = np.zeros(task.action_space.shape)
    for block in lead_in:
        executed = [_advance(task, action)["action"] for action in block]
        watch(np.stack(executed))
        last = executed[-1]
    state, goal_state = task.get_state(), task.goal["state"]
    if expected_start is not None:
        row.lead_in_drift = float(np.abs(state - expected_start).max())
    row.begin(state, task.distance(state, goal_state))
    while row.steps < actions:
        began = time.perf_counter()
        chunk = _checked(_ask(agent.act), task.action_space.shape[0])
        seconds = watch.seconds + time.perf_counter() - began
        row.latencies_ms.append(1000 * seconds)
        late = waiting_actions(seconds if latency == "measured" else latency, task)
        late = min(late, actions - row.steps)
        row.waited += late
        waiting = np.repeat(last[None], late, 0)
        for block in [*_blocks(waiting, action_block), *_blocks(chunk, action_block)]:
            executed = []
            for action in block[: actions - row.steps]:
                info = _advance(task, action)
                executed.append(info["action"])
                row.take(task.get_state(), info)
                if row.success and stop_at_success:
                    row.success_strict = None  # who knows
                    return
            if row.steps == actions:
                break
            last = executed[-1]
            watch(np.stack(executed))
    row.success_end = row.successes[-1]


def waiting_actions(seconds: float, task: Any) -> int:
    """How many simulator actions of `task` begin within so many seconds of a decision."""
    return math.ceil(seconds / task.dt - 1e-9) if seconds else 0


def _blocks(actions: np.ndarray, size: int) -> list[np.ndarray]:
    """Actions (m, A) in blocks of `size`, the last perhaps shorter."""
    return [actions[first : first + size] for first in range(0, len(actions), size)]


class _Watch:
    """Shows the agent the present, and times it."""

    def __init__(self, task: Any, agent: Agent, privileged: bool) -> None:
        self.task, self.agent, self.privileged = task, agent, privileged
        self.seconds = 0.0

    def __call__(self, executed: np.ndarray | None) -> None:
        observation: Observation = self.task.observe_state(self.task.get_state())
        if not self.privileged:
            observation = {k: v for k, v in observation.items() if k not in HIDDEN}
        began = time.perf_counter()
        _ask(self.agent.observe, observation, executed)
        self.seconds = time.perf_counter() - began


def _ask(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call the agent; `Failed` with the place where it raised."""
    try:
        return function(*arguments)
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        file = place.filename.rpartition("/")[-1]
        raise Failed(
            f"the agent raised {type(error).__name__}: {error} ({file}:{place.lineno})"
        ) from error


def _checked(chunk: Any, size: int) -> np.ndarray:
    """The agent's actions (m, A); `Failed` where they are none."""
    chunk = np.asarray(chunk)
    if chunk.ndim != 2 or chunk.shape[1] != size or not len(chunk):
        raise Failed(f"the agent returned actions of shape {chunk.shape}, not (m, {size}), m >= 1")
    if chunk.dtype.kind not in "fiu" or not np.isfinite(chunk).all():
        raise Failed("the agent returned actions that are not finite numbers")
    return chunk


def _advance(task: Any, action: np.ndarray) -> dict[str, Any]:
    info = task.advance(action)
    if info["failure"] is not None:
        raise Failed(f"the simulation failed: {info['failure']}")
    return info
