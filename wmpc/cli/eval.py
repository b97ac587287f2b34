"""`wmpc eval`: how often an agent reaches goals, beside honest floors."""

import shlex
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from omegaconf import OmegaConf
from rich.console import Console
from rich.markup import escape

from wmpc.errors import WmpcError
from wmpc.evaluation.asked import Asked, check, identity, prepared
from wmpc.evaluation.diagnosis import diagnose
from wmpc.evaluation.drawing import MANIFESTS
from wmpc.evaluation.evaluate import Latency, waiting_actions
from wmpc.evaluation.imagination import imagination
from wmpc.evaluation.measure import Part, Trial, measured, measured_in
from wmpc.evaluation.reference import reference
from wmpc.evaluation.results import (
    FORMAT,
    RESULTS,
    VERSION,
    claimed,
    commit,
    headline,
    result_folders,
    versions,
)
from wmpc.evaluation.row import Row, failures
from wmpc.evaluation.rows import RowsFile
from wmpc.evaluation.statistics.success import by_stratum, summary
from wmpc.evaluation.sweep import notes as shift_notes
from wmpc.evaluation.sweep import sweep, table
from wmpc.reporting import film
from wmpc.system.asking import Failed
from wmpc.system.place import in_or_instead
from wmpc.system.threads import torch_threads
from wmpc.wm.training.checkpoint import checkpoint_hash
from wmpc.wm.training.devices import describe_device


def run(cfg: Any) -> None:
    """Evaluate, write results.json with its pictures, and print the headline."""
    console, began = Console(highlight=False), time.perf_counter()
    config: dict[str, Any] = OmegaConf.to_container(cfg, resolve=True)  # type: ignore[assignment]
    check(config)
    with torch_threads(cfg.threads), prepared(cfg, config, console) as asked:
        folders = result_folders(cfg, asked.drawn)
        with claimed(folders, identity(asked), cfg.overwrite) as rows:
            if rows.taken:
                console.print(
                    f"{rows.taken} rows of this evaluation are in {rows.path}: going on from there",
                    soft_wrap=True,
                )
            try:
                results = results_of(asked, rows, console)
                commit(rows, {**results, "seconds": time.perf_counter() - began})
            except KeyboardInterrupt:
                raise KeyboardInterrupt(
                    f"{len(rows)} rows are kept in {rows.path}; the same command goes on from there"
                ) from None
            say(results, rows.path.parent / RESULTS, console)


def results_of(asked: Asked, kept: RowsFile, console: Console) -> dict[str, Any]:
    """Measure what is not in `kept` yet, draw pictures beside it, and put all together."""
    cfg, drawn, task, entrant, late = (
        asked.cfg, asked.drawn, asked.task, asked.entrant, asked.late
    )  # fmt: skip
    notes, diagnosis, swept = list(asked.notes), None, None
    few = range(min(cfg.cold, len(drawn.cases)) if cfg.start == "warm" else 0)
    trial = Trial(asked.config, drawn, late, cfg.patience, cfg.threads)
    parts = [
        Part(f"{cfg.start} starts", cfg.start, range(len(drawn.cases))),
        Part("cold starts", "cold", few),
    ]
    rows, cold = measured(trial, entrant, task, parts, cfg.workers, kept)
    if asked.moved:
        swept = sweep(
            asked.moved,
            lambda world: measured_in(world, trial, entrant, cfg.start, cfg.workers, kept),
        )
        notes += shift_notes(asked.moved)
    if asked.episodes is not None:
        with console.status("diagnosis"):
            try:
                diagnosis = diagnose(entrant, drawn, task, asked.episodes, rows)
            except (WmpcError, Failed) as error:  # the rows stand without it
                notes.append(f"There is no diagnosis: {error}")
    notes += lateness(late, task) + crowding(cfg.workers) + overhead(rows)
    with console.status("floors and the planner in the true simulator"):
        floors = asked.config["reference"]
        references = reference(
            drawn, asked.path, task, floors, cfg.start, patience=cfg.patience, rows=kept
        )
    for world in asked.moved:
        name = f"{asked.path.stem}-{world.hash[:10]}.json"
        world.save(in_or_instead(asked.path.parent, name, MANIFESTS))
    folder = kept.path.parent
    with console.status("pictures and videos"):
        imagined = imagination(asked.model, cfg.run, cfg.data)
        mark = f"-{kept.token}" if (folder / RESULTS).exists() else ""  # old ones stay till then
        media = film.illustrate(folder, rows, drawn, task, cfg.videos, imagined, mark)
    strata = [case.strata for case in drawn.cases]
    warm = [row.as_dict() | {"strata": strata[row.case]} for row in rows]
    return {
        "format": FORMAT,
        "version": VERSION,
        "env": {"id": drawn.env, "kwargs": drawn.kwargs, "tolerances": dict(task.tolerances)},
        "run": cfg.run,
        "checkpoint": None if cfg.run is None else checkpoint_hash(cfg.run),
        "manifest": {k: v for k, v in drawn.content.items() if k != "cases"}
        | {
            "name": drawn.name,
            "hash": drawn.hash,
            "file": str(asked.path),
            "cases": len(drawn.cases),
        },
        "config": asked.config,
        "notes": notes,
        "device": None if asked.model is None else describe_device(asked.model.device),
        "privileged": entrant.privileged,
        "start": cfg.start,
        "latency": late,
        "workers": cfg.workers,
        "summary": summary(warm),
        "strata": by_stratum(warm, strata),
        "failures": failures(warm),
        "cold": summary([row.as_dict() for row in cold]) if cold else None,
        "reference": references,
        "shift": swept,
        "diagnosis": diagnosis,
        "media": media,
        "rows": warm + [row.as_dict() for row in cold],
        "command": shlex.join(["wmpc", *sys.argv[1:]]),
        "versions": versions(),
    }


def say(results: dict[str, Any], file: Path, console: Console) -> None:
    """Print what came out; WmpcError where no case could be tried."""
    for note in results["notes"]:
        console.print(f"note: {note}", markup=False)
    console.print(f"[bold]{escape(headline(results))}[/]", soft_wrap=True)
    for line in [] if results["shift"] is None else table(results["shift"]):
        console.print(line, markup=False)
    if results["diagnosis"] is not None:
        console.print(results["diagnosis"]["verdict"]["sentence"], soft_wrap=True)
    console.print(f"{file}", soft_wrap=True)
    reasons = [row["failure"] for row in results["rows"] if row["start"] == results["start"]]
    if None not in reasons:
        reason, often = Counter(reasons).most_common(1)[0]
        raise WmpcError(
            f"every case failed, which says nothing of the agent; {often} of {len(reasons)}: "
            f"{reason}; {file} has them all"
        )


def lateness(latency: Latency, task: Any) -> list[str]:
    """What a reader of the rate must know about the latency it was measured with."""
    if not latency:
        return []
    if latency == "measured":
        return ["The robot repeated its last action for as long as each decision really took."]
    return [
        f"Each decision was taken to last {latency:g} s ({waiting_actions(latency, task)} "
        "simulator actions), in which the robot repeated its last action."
    ]


def crowding(workers: int) -> list[str]:
    """What a reader of the latencies must know about the processes they were measured in."""
    if workers == 1:
        return []
    return [
        f"{workers} processes ran cases at once, which changes no row but its latencies: those of "
        "an agent alone are measured with workers=1."
    ]


def overhead(rows: Sequence[Row]) -> list[str]:
    """What a reader must know of latencies that were measured in a process of the agent's own."""
    spent = [row.overhead_ms for row in rows if row.overhead_ms > 0]
    if not spent:
        return []
    return [
        "The agent ran in a process of its own; its latencies leave out what passing pictures and "
        f"actions took, {np.median(spent):.1f} ms a decision."
    ]
