"""The rows of an evaluation, measured in this process or in several.

A row does not depend on where or in which order it is measured: each case has an agent and a seed
of its own, and every process starts from the same configuration and as many torch threads (one,
unless the key `threads` says otherwise). Only what takes wall time does, so latencies are honest
with one process alone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from wmpc import envs
from wmpc.agents.entrants import Entrant, Given, Setting, given_agent
from wmpc.errors import WmpcError
from wmpc.evaluation.drawing import recorded
from wmpc.evaluation.evaluate import TIMEOUT_S, Latency, Row, Start, evaluate
from wmpc.evaluation.manifest import Manifest
from wmpc.evaluation.rows import Rows
from wmpc.evaluation.workers import Answer, Died, answers
from wmpc.system.construct import construct, find
from wmpc.system.progress import Progress, Tell, quiet
from wmpc.wm.models.jepa import JEPA
from wmpc.wm.training.checkpoint import load_model


@dataclass(frozen=True)
class Trial:
    """What is evaluated, on what and how, in values that travel to another process."""

    config: dict[str, Any]
    """Of `wmpc eval`: its keys `run`, `device`, `agent` and `planner` make the agent."""
    drawn: Manifest
    latency: Latency = 0.0
    timeout_s: float | None = TIMEOUT_S
    threads: int | None = None
    """Of torch; None: as many as there are."""
    given: Given = Given()  # noqa: RUF009 (frozen)
    """Objects that stand for keys of `config`."""


def entrant_of(config: dict[str, Any], setting: Setting, given: Given | None = None) -> Entrant:
    """The agent that the groups `agent` and `planner` describe, or that is given."""
    given = given or Given()
    planner = construct(config["planner"]) if given.planner is None else given.planner
    setting = replace(setting, planner=planner)
    if given.agent is not None:
        return given_agent(setting, given.agent)
    arguments = dict(config["agent"])
    return find(arguments.pop("_target_"))(setting, **arguments)


def model_of(config: dict[str, Any], given: Given) -> JEPA | None:
    """The model that was given, or that of the run, on the device of the configuration."""
    if given.model is not None:
        return given.model
    return None if config["run"] is None else load_model(config["run"], config["device"])


@dataclass(frozen=True)
class Part:
    """Cases of a trial from one kind of start, by a name of their own."""

    name: str
    start: Start
    cases: Sequence[int]


def measured(
    trial: Trial,
    entrant: Entrant,
    task: Any,
    parts: Sequence[Part],
    workers: int = 1,
    kept: Rows | None = None,
    progress: Tell = quiet,
) -> list[list[Row]]:
    """The rows of each of `parts`, by `workers` processes; those in `kept` are not measured again,
    and each new one is added there at once."""
    kept = Rows() if kept is None else kept
    todo: list[tuple[str, Start, int]] = [
        (part.name, part.start, case) for part in parts for case in kept.missing(*_cases(part))
    ]
    if workers > 1:
        rows = _apart(trial, todo, workers)
    else:
        rows = ((name, _row(trial, entrant, task, start, case)) for name, start, case in todo)
    title = ", ".join(part.name for part in parts if part.cases)
    title += f" in {workers} processes" if workers > 1 else ""
    for done, (name, row) in enumerate(rows, 1):
        kept.add(name, row)
        progress(Progress(title, done, len(todo)))
    return [kept.of(*_cases(part)) for part in parts]


def measured_in(
    world: Manifest,
    trial: Trial,
    entrant: Entrant,
    start: Start,
    workers: int = 1,
    kept: Rows | None = None,
    progress: Tell = quiet,
) -> list[Row]:
    """The rows of all cases of another manifest, with the same agent in the task it makes."""
    trial = replace(trial, drawn=world)
    parts = [Part(f"{world.hash[:10]} {start}", start, range(len(world.cases)))]
    if workers > 1:
        return measured(trial, entrant, None, parts, workers, kept, progress)[0]
    task, anew = staged(trial) if entrant.bound else (world.make(), entrant)
    try:
        return measured(trial, anew, task, parts, 1, kept, progress)[0]
    finally:
        task.close()


def alone(trial: Trial, workers: int) -> None:
    """WmpcError where success depends on the agent's speed, but several processes are asked for."""
    late = trial.latency == "measured" or trial.config["agent"].get("deadline") is not None
    if workers > 1 and late:
        raise WmpcError(
            f"workers={workers} came, but success depends on the agent's speed here (a measured "
            "latency or a deadline): give workers=1"
        )


def _cases(part: Part) -> tuple[str, Sequence[int]]:
    return part.name, part.cases


def _apart(
    trial: Trial, todo: Sequence[tuple[str, Start, int]], workers: int
) -> Iterator[tuple[str, Row]]:
    """The rows of `todo` as they come; one whose process ended has failed."""
    alone(trial, workers)
    for (name, start, case), answer in answers(_prepare, trial, todo, workers):
        row = answer
        if isinstance(answer, Died):
            drawn = trial.drawn.cases[case]
            row = Row(case, drawn.episode, start, drawn.seed)
            row.fail(f"the process that ran the case {answer.how}")
        yield name, row


def _prepare(trial: Trial) -> Answer:
    """In a process of its own: what its cases need, and the function that runs one."""
    if trial.threads is not None:
        torch.set_num_threads(trial.threads)
    task, entrant = staged(trial)

    def answer(question: tuple[str, Start, int]) -> Row:
        _, start, case = question
        return _row(trial, entrant, task, start, case)

    return answer


def _row(trial: Trial, entrant: Entrant, task: Any, start: Start, case: int) -> Row:
    (row,) = evaluate(
        entrant.make,
        trial.drawn,
        task,
        start=start,
        cases=[case],
        privileged=entrant.privileged,
        latency=trial.latency,
        timeout_s=trial.timeout_s,
    )
    return row


def staged(trial: Trial) -> tuple[Any, Entrant]:
    """The task of a trial, and the agent made for it."""
    config = trial.config
    envs.allow(config.get("env_id"), config.get("env_kwargs"))
    task = trial.drawn.make()
    setting = Setting(
        task,
        trial.drawn.action_block,
        model_of(config, trial.given),
        episodes=recorded(config["run"], config["data"]),
        timeout_s=trial.timeout_s,
    )
    return task, entrant_of(config, setting, trial.given)
