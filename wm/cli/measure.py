"""The rows of an evaluation, measured in this process or in several.

A row does not depend on where or in which order it is measured: each case has an agent and a seed
of its own, and every process starts from the same configuration and as many torch threads. Only
what takes wall time does, so latencies are honest with one process alone.
"""

import multiprocessing
import pickle
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import repeat
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from hydra.utils import get_method, instantiate
from rich.progress import track

import envs
import wm
from envs.evaluate import PATIENCE, Latency, Row, Start, evaluate
from envs.manifest import Manifest
from wm.cli.agents import Entrant, Setting
from wm.cli.cases import recorded
from wm.errors import WmError


@dataclass(frozen=True)
class Trial:
    """What is evaluated, on what and how, in values that travel to another process."""

    config: dict[str, Any]
    """Of `wmpc eval`: its keys `run`, `device`, `agent` and `planner` make the agent."""
    drawn: Manifest
    latency: Latency = 0.0
    patience: float = PATIENCE
    threads: int | None = None
    """Of torch; None: as many as there are."""


def entrant_of(config: dict[str, Any], setting: Setting) -> Entrant:
    """The agent that the groups `agent` and `planner` describe."""
    arguments = dict(config["agent"])
    setting = replace(setting, planner=instantiate(config["planner"]))
    return get_method(arguments.pop("_target_"))(setting, **arguments)


def measured(
    trial: Trial,
    entrant: Entrant,
    task: Any,
    parts: Sequence[tuple[Start, Sequence[int]]],
    workers: int,
) -> list[list[Row]]:
    """The rows for each of `parts` (a start and its cases); WmError where no agent came as far as
    its first action in any of them."""
    if workers > 1:
        rows = measure_apart(trial, parts, workers)
    else:
        rows = [measure(trial, entrant, task, *part) for part in parts]
    every = [row for some in rows for row in some]
    if every and all(row.failure and not row.states for row in every):
        who = trial.config["run"] or trial.config["agent"]["_target_"]
        raise WmError(f"every case of {who} failed; the first: {every[0].failure}")
    return rows


def measured_in(
    world: Manifest, trial: Trial, entrant: Entrant, start: Start, workers: int
) -> list[Row]:
    """The rows of all cases of another manifest, with the same agent in the task it makes."""
    trial, every = replace(trial, drawn=world), range(len(world.cases))
    if workers > 1:
        return measure_apart(trial, [(start, every)], workers)[0]
    task, anew = staged(trial) if entrant.bound else (world.make(), entrant)
    try:
        return measure(trial, anew, task, start, every)
    finally:
        task.close()


def measure(
    trial: Trial, entrant: Entrant, task: Any, start: Start, cases: Sequence[int]
) -> list[Row]:
    """The rows of `cases` in this process, under a progress bar."""
    rows = _rows(trial, entrant, task, start, cases)
    return list(track(rows, f"{start} starts", total=len(cases), transient=True))


def measure_apart(
    trial: Trial, parts: Sequence[tuple[Start, Sequence[int]]], workers: int
) -> list[list[Row]]:
    """The same rows for each of `parts` (a start and its cases), measured by so many processes,
    each with a task and a model of its own."""
    if trial.latency == "measured" or trial.config["agent"].get("deadline") is not None:
        raise WmError(
            f"workers={workers} came, but success depends on the agent's speed here (a measured "
            "latency or a deadline): give workers=1"
        )
    context, most = multiprocessing.get_context("spawn"), sum(len(cases) for _, cases in parts)
    with (
        TemporaryDirectory() as folder,
        ProcessPoolExecutor(max(1, min(workers, most)), context) as pool,
    ):
        file = Path(folder) / "trial"
        file.write_bytes(pickle.dumps(trial))  # once: manifests are large
        rows = [pool.map(_row, repeat(str(file)), repeat(start), cases) for start, cases in parts]
        titles = [f"{start} starts in {workers} processes" for start, _ in parts]
        try:
            return [
                list(track(some, title, total=len(cases), transient=True))
                for some, title, (_, cases) in zip(rows, titles, parts, strict=True)
            ]
        except BrokenProcessPool:
            raise WmError(
                "a process died while it ran a case (out of memory, or the agent crashed it): "
                "workers=1 takes the least memory and shows where"
            ) from None
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _rows(
    trial: Trial, entrant: Entrant, task: Any, start: Start, cases: Sequence[int]
) -> Iterable[Row]:
    return evaluate(
        entrant.make,
        trial.drawn,
        task,
        start=start,
        cases=cases,
        privileged=entrant.privileged,
        latency=trial.latency,
        patience=trial.patience,
    )


def _row(file: str, start: Start, case: int) -> Row:
    """In a process of its own: one row."""
    trial, task, entrant = _stage(file)
    (row,) = _rows(trial, entrant, task, start, [case])
    return row


@lru_cache(maxsize=1)
def _stage(file: str) -> tuple[Trial, Any, Entrant]:
    """In a process of its own: what its cases need, made for the first of them."""
    trial: Trial = pickle.loads(Path(file).read_bytes())
    if trial.threads is not None:
        torch.set_num_threads(trial.threads)
    return trial, *staged(trial)


def staged(trial: Trial) -> tuple[Any, Entrant]:
    """The task of a trial, and the agent made for it."""
    run, data = trial.config["run"], trial.config["data"]
    envs.allow(trial.config.get("env_id"), trial.config.get("env_kwargs"))
    device = trial.config["device"]
    task, model = trial.drawn.make(), None if run is None else wm.load(run, device)
    setting = Setting(task, trial.drawn.action_block, model, episodes=recorded(run, data))
    return task, entrant_of(trial.config, setting)
