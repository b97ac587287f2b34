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
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal, cast

import numpy as np

from wmpc.agents.agent import Agent, Goal, Observation
from wmpc.agents.external_process import RemoteAgent
from wmpc.errors import WmpcError
from wmpc.evaluation.manifest import Case, Manifest
from wmpc.evaluation.row import Row
from wmpc.system.asking import LONGEST_S, WORLD, Failed, ask, checked

Make = Callable[[Case], Agent]
Start = Literal["warm", "cold"]
Latency = float | Literal["measured"]
"""Seconds that each decision takes, in the world's time; or what each really took."""
HIDDEN = ("state", "variation")
"""What only privileged agents may see."""
TIMEOUT_S = 60.0
"""Seconds after which an agent counts as hung."""


def run_cases(
    agent: Agent | Make,
    manifest: Manifest,
    task: Any = None,
    *,
    start: Start = "warm",
    cases: Sequence[int] | None = None,
    privileged: bool = False,
    stop_at_success: bool = False,
    latency: Latency = 0.0,
    timeout_s: float | None = TIMEOUT_S,
    goal: Callable[[Case], Goal] | None = None,
) -> Iterator[Row]:
    """Run an agent on cases, one after the other.

    What an agent does wrong fails its case alone: it raises, hangs, or returns actions that are out
    of bounds, not finite or wrongly shaped. So does a task that raises or hangs.

    Args:
        agent: one agent for all cases, or a function that makes one for each.
        manifest: the cases.
        task: where to run; None: the manifest's own.
        start: warm or cold, see the module's docstring.
        cases: indices of those that are run; None: all.
        privileged: let the agent see `state` and `variation` beside the pictures and
            proprioception. A learned agent must not.
        stop_at_success: end a case there, for agents too slow to see its budget out.
        latency: how long the world goes on while the agent decides, see the module's docstring.
            What is "measured" includes waiting for an agent that plans beside the world.
        timeout_s: seconds that each call of the agent, and of the task, may take before the case
            fails; None: any. Kept in the main thread only, see `wmpc.system.asking`.
        goal: what the agent is told of a case's goal, such as a part of it; None: its picture.
            Success stays the case's own.

    Yields:
        A row a case.

    Raises:
        WmpcError: the task is not the manifest's, or a setting makes no sense.
    """
    check_start(start)
    check_latency(latency)
    if timeout_s is not None and not 0 < timeout_s <= LONGEST_S:
        raise WmpcError(f"timeout_s={timeout_s!r} came; it is seconds, such as 60, or None.")
    own = manifest.make() if task is None else task
    try:
        manifest.check(own)
        one = isinstance(agent, Agent) and not isinstance(agent, type)  # a class makes agents
        for index in range(len(manifest.cases)) if cases is None else cases:
            case = manifest.cases[index]
            warm = start == "warm"
            row = Row(index, case.episode, start, case.seed)
            try:
                ask(
                    timeout_s, case.begin, own, warm, who=WORLD, passing=(WmpcError,)
                )  # it does not fit
                play_episode(
                    own,
                    cast(Agent, agent if one else ask(timeout_s, cast(Make, agent), case)),
                    case.goal(privileged) if goal is None else goal(case),
                    row,
                    actions=manifest.actions,
                    action_block=manifest.action_block,
                    lead_in=case.lead_in if warm else (),
                    expected_start=case.start_state,
                    privileged=privileged,
                    stop_at_success=stop_at_success,
                    latency=latency,
                    timeout_s=timeout_s,
                )
            except Failed as failed:
                row.fail(str(failed))
            yield row
    finally:
        if task is None:
            own.close()


def check_start(start: str) -> None:
    """Refuse what is no start.

    Args:
        start: warm or cold.

    Raises:
        WmpcError: it is neither.
    """
    if start not in ("warm", "cold"):
        raise WmpcError(f"A start {start!r} came; starts are 'warm' or 'cold'.")


def check_latency(latency: Any) -> None:
    """Refuse what is no latency.

    Args:
        latency: seconds, or "measured".

    Raises:
        WmpcError: it is neither, or an hour or more.
    """
    seconds = isinstance(latency, int | float) and not isinstance(latency, bool)
    if latency != "measured" and not (seconds and 0 <= latency < 3600):
        raise WmpcError(
            f"A latency of {latency!r} came; it is seconds, such as 0.05, or 'measured'."
        )


def play_episode(
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
    timeout_s: float | None = TIMEOUT_S,
) -> None:
    """Run one episode of an agent; `row` is filled as it goes.

    The agent sees the world after every `action_block` simulator actions, also within a longer
    chunk of its own, so its history has no holes. Raises `Failed` where agent or task fail.

    Args:
        task: where it acts, which was reset.
        agent: who acts; it is reset here.
        goal: what it is told to reach.
        row: of the episode, new.
        actions: the budget in simulator actions.
        action_block: simulator actions of a block.
        lead_in: blocks (n, A) executed first, while the agent watches.
        expected_start: state (S,) that they should lead to.
        privileged: let the agent see what is in `HIDDEN`.
        stop_at_success: end there.
        latency: how long the world goes on while the agent decides.
        timeout_s: seconds that each call may take; None: any.
    """
    watch, overhead = _Watch(task, agent, privileged, timeout_s), 0.0
    ask(timeout_s, agent.reset, goal)
    watch(None)
    last = np.zeros(task.action_space.shape)
    for block in lead_in:
        executed = [_advance(task, action, timeout_s)[0]["action"] for action in block]
        watch(np.stack(executed))
        last = executed[-1]
    state, distance = ask(timeout_s, _present, task, who=WORLD)
    if expected_start is not None:
        row.lead_in_drift = float(np.abs(state - expected_start).max())
    row.begin(state, distance)
    while row.steps < actions:
        answer, own, outside = _timed(timeout_s, agent, "act")
        chunk = checked(answer, task.action_space)
        seconds = watch.seconds + own
        row.latencies_ms.append(1000 * seconds)
        if choice := ask(timeout_s, _last_choice, agent):
            row.choices.append([row.steps, choice])
        overhead += watch.outside + outside
        row.overhead_ms = 1000 * overhead / len(row.latencies_ms)
        late = waiting_actions(seconds if latency == "measured" else latency, task)
        late = min(late, actions - row.steps)
        row.waited += late
        waiting = np.repeat(last[None], late, 0)
        for block in [*_blocks(waiting, action_block), *_blocks(chunk, action_block)]:
            executed = []
            for action in block[: actions - row.steps]:
                info, state = _advance(task, action, timeout_s)
                executed.append(info["action"])
                row.take(state, info)
                if row.success and stop_at_success:
                    row.success_strict = None  # who knows
                    _conclude(row, task, timeout_s)
                    return
            if row.steps == actions:
                break
            last = executed[-1]
            watch(np.stack(executed))
    row.success_end = row.successes[-1]
    _conclude(row, task, timeout_s)


def _last_choice(agent: Agent) -> str | None:
    """What an agent that tells of its choices chose last."""
    choices = getattr(agent, "choices", None)
    return str(choices[-1])[:20] if isinstance(choices, list) and choices else None


def waiting_actions(seconds: float, task: Any) -> int:
    """Count the simulator actions that begin while an agent decides.

    Args:
        seconds: that the decision takes.
        task: whose `dt` is the time of one.

    Returns:
        How many.
    """
    return math.ceil(seconds / task.dt - 1e-9) if seconds else 0


def _blocks(actions: np.ndarray, size: int) -> list[np.ndarray]:
    """Actions (m, A) in blocks of `size`, the last perhaps shorter."""
    return [actions[first : first + size] for first in range(0, len(actions), size)]


class _Watch:
    """Shows the agent the present, and times it."""

    def __init__(self, task: Any, agent: Agent, privileged: bool, timeout_s: float | None) -> None:
        self.task, self.agent, self.privileged, self.timeout_s = task, agent, privileged, timeout_s
        self.seconds = self.outside = 0.0

    def __call__(self, executed: np.ndarray | None) -> None:
        observation: Observation = ask(self.timeout_s, _seen, self.task, who=WORLD)
        if not self.privileged:
            observation = {k: v for k, v in observation.items() if k not in HIDDEN}
        _, self.seconds, self.outside = _timed(
            self.timeout_s, self.agent, "observe", observation, executed
        )


def _timed(
    timeout_s: float | None, agent: Agent, method: str, *arguments: Any
) -> tuple[Any, float, float]:
    """The answer, the seconds that the agent took, and those that passing it on took."""
    function, began = ask(timeout_s, getattr, agent, method), time.perf_counter()
    answer = ask(timeout_s, function, *arguments)
    elapsed = time.perf_counter() - began
    own = min(agent.seconds, elapsed) if isinstance(agent, RemoteAgent) else elapsed
    return answer, own, elapsed - own


def _seen(task: Any) -> Observation:
    return task.observe_state(task.get_state())


def _present(task: Any) -> tuple[np.ndarray, float]:
    """The state (S,), and its distance to the goal."""
    state = task.get_state()
    return state, task.distance(state, task.goal["state"])


def _step(task: Any, action: np.ndarray) -> tuple[dict[str, Any], np.ndarray]:
    info = task.advance(action)
    return info, task.get_state()


def _advance(
    task: Any, action: np.ndarray, timeout_s: float | None
) -> tuple[dict[str, Any], np.ndarray]:
    """One action later: the info, and the state (S,). Raises `Failed`."""
    info, state = ask(timeout_s, _step, task, action, who=WORLD)
    if info["failure"] is not None:
        raise Failed(f"the simulation failed: {info['failure']}")
    return info, state


def _conclude(row: Row, task: Any, timeout_s: float | None) -> None:
    ask(timeout_s, row.conclude, task.coordinates, who=WORLD)
