"""`wmpc eval`: how often an agent reaches goals, beside honest floors."""

import json
import shlex
import sys
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import torch
from omegaconf import OmegaConf
from rich.console import Console

import envs
import wm
from envs.asking import Failed
from envs.errors import EnvError
from envs.evaluate import Latency, waiting_actions
from envs.manifest import Manifest
from envs.row import failures
from envs.statistics import by_stratum, summary
from wm.checkpoint import checkpoint_hash
from wm.cli import film
from wm.cli.agents import Entrant, Setting
from wm.cli.cases import MANIFESTS, agree, frozen, held_out, recorded
from wm.cli.diagnose import diagnose
from wm.cli.diagnose.decision import planning
from wm.cli.imagination import imagination
from wm.cli.measure import Trial, entrant_of, measured, measured_in
from wm.cli.place import in_or_instead
from wm.cli.reference import reference
from wm.cli.results import FORMAT, RESULTS, VERSION, headline, results_folder, versions
from wm.cli.shift import notes as shift_notes
from wm.cli.shift import sweep, table, worlds
from wm.cli.threads import sensible_threads
from wm.data import Episodes
from wm.devices import describe_device, find_device
from wm.disk import replace_file
from wm.errors import WmError


def run(cfg: Any) -> None:
    """Evaluate, write results.json with its pictures, and print the headline."""
    console, began = Console(highlight=False), time.perf_counter()
    config: dict[str, Any] = OmegaConf.to_container(cfg, resolve=True)  # type: ignore[assignment]
    envs.allow(config["env_id"], config["env_kwargs"])
    model, drawn, path = asked(cfg, config)
    task = drawn.make()
    try:
        held_out(drawn)
        notes = [] if model is None else agree(model.spec, drawn, task, str(cfg.run))
        folder = results_folder(cfg, drawn)
        with console.status("the agent"):
            entrant = entrant_of(
                config,
                Setting(task, drawn.action_block, model, episodes=recorded(cfg.run, cfg.data)),
            )
        episodes = diagnosable(entrant, drawn, task, cfg) if cfg.diagnose else None
        shift = config["shift"]
        moved = [] if shift["name"] is None else worlds(shift, drawn)
        late = 0.0 if cfg.latency is None else cfg.latency
        few = range(min(cfg.cold, len(drawn.cases)) if cfg.start == "warm" else 0)
        with nullcontext() if model is None else sensible_threads(model.predictor):
            trial = Trial(config, drawn, late, cfg.patience, torch.get_num_threads())
            parts = [(cfg.start, range(len(drawn.cases))), ("cold", few)]
            rows, cold = measured(trial, entrant, task, parts, cfg.workers)
            swept = None
            if moved:
                swept = sweep(
                    moved,
                    lambda world: measured_in(world, trial, entrant, cfg.start, cfg.workers),
                )
                notes += shift_notes(moved)
            dependencies = versions()
            diagnosis = None
            if episodes is not None:
                with console.status("diagnosis"):
                    try:
                        diagnosis = diagnose(entrant, drawn, task, episodes, rows)
                    except (WmError, EnvError, Failed) as error:  # the rows stand without it
                        notes.append(f"There is no diagnosis: {error}")
        notes += lateness(late, task) + crowding(cfg.workers)
        with console.status("floors and the planner in the true simulator"):
            references = reference(drawn, path, task, config["reference"], cfg.start)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / RESULTS).unlink(missing_ok=True)  # no old numbers beside new pictures
        for world in moved:
            name = f"{path.stem}-{world.hash[:10]}.json"
            world.save(in_or_instead(path.parent, name, MANIFESTS))
        with console.status("pictures and videos"):
            imagined = imagination(model, cfg.run, cfg.data)
            media = film.illustrate(folder, rows, drawn, task, cfg.videos, imagined)
    finally:
        task.close()
    strata = [case.strata for case in drawn.cases]
    warm = [row.as_dict() | {"strata": strata[row.case]} for row in rows]
    results = {
        "format": FORMAT,
        "version": VERSION,
        "env": {"id": drawn.env, "kwargs": drawn.kwargs, "tolerances": dict(task.tolerances)},
        "run": cfg.run,
        "checkpoint": None if cfg.run is None else checkpoint_hash(cfg.run),
        "manifest": {k: v for k, v in drawn.content.items() if k != "cases"}
        | {"name": drawn.name, "hash": drawn.hash, "file": str(path), "cases": len(drawn.cases)},
        "config": config,
        "notes": notes,
        "device": None if model is None else describe_device(model.device),
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
        "versions": dependencies,
        "seconds": time.perf_counter() - began,
    }
    replace_file(folder / RESULTS, json.dumps(results, indent=1).encode())
    for note in notes:
        console.print(f"note: {note}", markup=False)
    console.print(f"[bold]{headline(results)}[/]", soft_wrap=True)
    for line in [] if swept is None else table(swept):
        console.print(line, markup=False)
    if diagnosis is not None:
        console.print(diagnosis["verdict"]["sentence"], soft_wrap=True)
    console.print(f"{folder / RESULTS}", soft_wrap=True)


def diagnosable(entrant: Entrant, drawn: Manifest, task: Any, cfg: Any) -> Episodes:
    """The recordings that a diagnosis needs; WmError at once where there can be none."""
    planning(entrant, drawn.cases[0])
    if task.wires:
        raise WmError(
            f"diagnose=true came, but the simulator knows nothing of {drawn.shift}: diagnose on "
            "the unshifted manifest"
        )
    return recorded(cfg.run, cfg.data)()


def asked(cfg: Any, config: dict[str, Any]) -> tuple[wm.JEPA | None, Manifest, Path]:
    """The model, if the agent has one, and the cases with their file."""
    if cfg.workers < 1:
        raise WmError(f"workers={cfg.workers} came; it must be at least 1")
    device = find_device(cfg.device)  # is there, also where no model needs it
    model = None if cfg.run is None else wm.load(cfg.run, device)
    block = cfg.action_block if model is None else model.spec.action_block
    if cfg.action_block not in (None, block):
        raise WmError(
            f"action_block={cfg.action_block} came; {cfg.run} was trained with {block}: leave "
            "action_block out, or run"
        )
    drawn, path = frozen(config["manifest"], cfg.run, cfg.data, block)
    return model, drawn, path


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
