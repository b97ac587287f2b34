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
from wmpc.agents.cost import make_cost
from wmpc.agents.entrant import Entrant, Given, Setting
from wmpc.agents.entrants import given_agent
from wmpc.errors import WmpcError
from wmpc.evaluation.find_manifest import open_later
from wmpc.evaluation.manifest import Manifest
from wmpc.evaluation.row import Row
from wmpc.evaluation.rows_file import Rows
from wmpc.evaluation.run_cases import Latency, Start, run_cases
from wmpc.evaluation.workers import Answer, Died, answer_apart
from wmpc.system.construct import allow, construct, find
from wmpc.system.progress import Progress, Tell, quiet
from wmpc.wm.models.world_model import LearnedModel
from wmpc.wm.training.checkpoint import load_model


@dataclass(frozen=True)
class Trial:
    """What is evaluated, on what and how, in values that travel to another process."""

    config: dict[str, Any]
    """The keys of `wmpc eval` in plain values; what was given as an object is described in them."""
    drawn: Manifest
    given: Given = Given()  # noqa: RUF009 (frozen)
    """Objects that stand for keys of `config`."""

    @property
    def latency(self) -> Latency:
        """How long the world goes on while the agent decides."""
        return 0.0 if self.config["latency"] is None else self.config["latency"]

    def setting(self, task: Any, model: LearnedModel | None) -> Setting:
        """Say where the agents act, and what they may be made of.

        Args:
            task: where they act.
            model: that they may use.

        Returns:
            The setting, without a planner.
        """
        run, data, seconds = (self.config[key] for key in ("run", "data", "timeout_s"))
        opened = open_later(run, data)
        return Setting(
            task, self.drawn.action_block, model, episodes=opened, timeout_s=seconds, run=run
        )


def make_entrant(config: dict[str, Any], setting: Setting, given: Given | None = None) -> Entrant:
    """Make the agent that the groups `agent`, `planner` and `cost` describe, or that is given.

    Args:
        config: the keys of a verb.
        setting: where it acts, and what it may be made of.
        given: objects that stand for keys of `config`.

    Returns:
        What makes the agent of each case.
    """
    given = given or Given()
    planner = construct(config["planner"]) if given.planner is None else given.planner
    cost = make_cost(config["cost"]) if given.cost is None else given.cost
    setting = replace(setting, planner=planner, cost=cost)
    if given.agent is not None:
        return given_agent(setting, given.agent)
    arguments = dict(config["agent"])
    return find(arguments.pop("_target_"))(setting, **arguments)


def find_model(config: dict[str, Any], given: Given) -> LearnedModel | None:
    """Load the model of the run, unless one was given.

    Args:
        config: the keys of a verb.
        given: objects that stand for some of them.

    Returns:
        The model on the device of the configuration; None where there is no run.

    Raises:
        WmpcError: it cannot be loaded, or it knows no actions.
    """
    model, run = given.model, config["run"]
    if model is None and run is not None:
        model = load_model(run, config["device"])
    if model is not None and not model.action_size:
        raise WmpcError(
            f"{'the model' if run is None else run} was trained on episodes without actions: "
            "nothing can be planned with it, and so nothing evaluated; train on episodes with "
            "their actions"
        )
    return model


@dataclass(frozen=True)
class Part:
    """Cases of a trial from one kind of start, by a name of their own."""

    name: str
    start: Start
    cases: Sequence[int]


def measure_rows(
    trial: Trial,
    entrant: Entrant,
    task: Any,
    parts: Sequence[Part],
    workers: int = 1,
    kept: Rows | None = None,
    progress: Tell = quiet,
) -> list[list[Row]]:
    """Run the agent on the cases that have no row yet.

    Args:
        trial: what is evaluated.
        entrant: the agent, where it runs in this process.
        task: where it runs then.
        parts: which cases.
        workers: processes.
        kept: those in it are not measured again, and each new one is added there at once.
        progress: told how far it is.

    Returns:
        The rows of each part.
    """
    kept = Rows() if kept is None else kept
    todo: list[tuple[str, Start, int]] = [
        (part.name, part.start, case)
        for part in parts
        for case in kept.missing(part.name, part.cases)
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
    return [kept.of(part.name, part.cases) for part in parts]


def measure_shifted(
    world: Manifest,
    trial: Trial,
    entrant: Entrant,
    start: Start,
    workers: int = 1,
    kept: Rows | None = None,
    progress: Tell = quiet,
) -> list[Row]:
    """Run the same agent on all cases of another manifest, in the task that it makes.

    Args:
        world: the other manifest.
        trial: what is evaluated.
        entrant: the agent of the trial.
        start: warm or cold.
        workers: processes.
        kept: see `measure_rows`.
        progress: told how far it is.

    Returns:
        A row a case.
    """
    trial = replace(trial, drawn=world)
    parts = [Part(f"{world.hash[:10]} {start}", start, range(len(world.cases)))]
    if workers > 1:
        return measure_rows(trial, entrant, None, parts, workers, kept, progress)[0]
    task, anew = _stage(trial) if entrant.bound else (world.make(), entrant)
    try:
        return measure_rows(trial, anew, task, parts, 1, kept, progress)[0]
    finally:
        task.close()


def check_workers(trial: Trial, workers: int) -> None:
    """Refuse several processes where success depends on the agent's speed.

    Args:
        trial: what is evaluated.
        workers: processes.

    Raises:
        WmpcError: there are several, and it does.
    """
    late = trial.latency == "measured" or trial.config["agent"].get("deadline") is not None
    if workers > 1 and late:
        raise WmpcError(
            f"workers={workers} came, but success depends on the agent's speed here (a measured "
            "latency or a deadline): give workers=1"
        )


def _apart(
    trial: Trial, todo: Sequence[tuple[str, Start, int]], workers: int
) -> Iterator[tuple[str, Row]]:
    """The rows of `todo` as they come; one whose process ended has failed."""
    check_workers(trial, workers)
    for (name, start, case), answer in answer_apart(_prepare, trial, todo, workers):
        row = answer
        if isinstance(answer, Died):
            drawn = trial.drawn.cases[case]
            row = Row(case, drawn.episode, start, drawn.seed)
            row.fail(f"the process that ran the case {answer.how}")
        yield name, row


def _prepare(trial: Trial) -> Answer:
    """In a process of its own: what its cases need, and the function that runs one."""
    if trial.config["threads"] is not None:
        torch.set_num_threads(trial.config["threads"])
    task, entrant = _stage(trial)
    return lambda question: _row(trial, entrant, task, *question[1:])


def _stage(trial: Trial) -> tuple[Any, Entrant]:
    """The task of a trial, and the agent made for it."""
    config, given = trial.config, trial.given
    allow(config.get("allow", ()))
    envs.allow(config.get("env_id"), config.get("env_kwargs"))
    task = trial.drawn.make()
    return task, make_entrant(config, trial.setting(task, find_model(config, given)), given)


def _row(trial: Trial, entrant: Entrant, task: Any, start: Start, case: int) -> Row:
    (row,) = run_cases(
        entrant.make, trial.drawn, task, start=start, cases=[case], privileged=entrant.privileged,
        latency=trial.latency, timeout_s=trial.config["timeout_s"],
    )  # fmt: skip
    return row
