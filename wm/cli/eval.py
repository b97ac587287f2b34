"""`wmpc eval`: how often a trained model reaches goals, beside honest floors."""

import json
import os
import platform
import shlex
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from hydra.utils import get_method, instantiate
from omegaconf import OmegaConf
from rich.console import Console
from rich.progress import track

import wm
from envs.evaluate import Latency, Row, evaluate, waiting_actions
from envs.manifest import Manifest
from envs.statistics import summary
from wm.checkpoint import checkpoint_hash
from wm.cli import film
from wm.cli.agents import Entrant, Setting
from wm.cli.cases import agree, frozen
from wm.cli.imagination import Imagination, imagination
from wm.cli.reference import reference
from wm.cli.threads import sensible_threads
from wm.data.format import replace_file
from wm.errors import WmError

RESULTS = "results.json"
FORMAT, VERSION = "wmpc-results", 1


def run(cfg: Any) -> None:
    """Evaluate, write RUN/eval/NAME/results.json with its pictures, and print the headline."""
    console, began = Console(highlight=False), time.perf_counter()
    config: dict[str, Any] = OmegaConf.to_container(cfg, resolve=True)  # type: ignore[assignment]
    model = wm.load(cfg.run)
    drawn, path = frozen(config["manifest"], cfg.run, cfg.data, model.spec.action_block)
    task = drawn.make()
    try:
        notes = agree(model.spec, drawn, task, cfg.run)
        folder = results_folder(cfg, drawn)
        entrant = entrant_of(config, Setting(task, drawn.action_block, model))
        late = 0.0 if cfg.latency is None else cfg.latency
        few = range(min(cfg.cold, len(drawn.cases)))
        with sensible_threads(model.predictor):
            rows = measure(entrant, drawn, task, cfg.start, range(len(drawn.cases)), cfg.run, late)
            cold = (
                measure(entrant, drawn, task, "cold", few, cfg.run, late)
                if cfg.cold and cfg.start == "warm"
                else []
            )
            dependencies = versions()
        notes += lateness(late, task)
        with console.status("floors and the planner in the true simulator"):
            references = reference(drawn, path, task, config["reference"])
        folder.mkdir(parents=True, exist_ok=True)
        with console.status("pictures and videos"):
            imagined = imagination(model, cfg.run, cfg.data)
            media = illustrate(folder, rows, drawn, task, cfg.videos, imagined)
    finally:
        task.close()
    results = {
        "format": FORMAT,
        "version": VERSION,
        "env": {"id": drawn.env, "kwargs": drawn.kwargs, "tolerances": dict(task.tolerances)},
        "run": str(cfg.run),
        "checkpoint": checkpoint_hash(cfg.run),
        "manifest": {k: v for k, v in drawn.content.items() if k != "cases"}
        | {"hash": drawn.hash, "file": str(path), "cases": len(drawn.cases)},
        "config": config,
        "notes": notes,
        "privileged": entrant.privileged,
        "start": cfg.start,
        "latency": late,
        "summary": summary([row.as_dict() for row in rows]),
        "cold": summary([row.as_dict() for row in cold]) if cold else None,
        "reference": references,
        "media": media,
        "rows": [row.as_dict() for row in rows + cold],
        "command": shlex.join(["wmpc", *sys.argv[1:]]),
        "versions": dependencies,
        "seconds": time.perf_counter() - began,
    }
    replace_file(folder / RESULTS, json.dumps(results, indent=1).encode())
    for note in notes:
        console.print(f"note: {note}")
    console.print(f"[bold]{headline(results)}[/]", soft_wrap=True)
    console.print(f"{folder / RESULTS}", soft_wrap=True)


def entrant_of(config: dict[str, Any], setting: Setting) -> Entrant:
    """The agent that the groups `agent` and `planner` describe."""
    arguments = dict(config["agent"])
    setting = Setting(
        setting.task, setting.action_block, setting.model, instantiate(config["planner"])
    )
    return get_method(arguments.pop("_target_"))(setting, **arguments)


def measure(
    entrant: Entrant,
    drawn: Manifest,
    task: Any,
    start: Any,
    cases: range,
    run: str,
    latency: Latency = 0.0,
) -> list[Row]:
    """The rows of `cases`, under a progress bar; WmError where nothing worked at all."""
    rows = evaluate(
        entrant.make,
        drawn,
        task,
        start=start,
        cases=cases,
        privileged=entrant.privileged,
        latency=latency,
    )
    done = list(track(rows, f"{start} starts", total=len(cases), transient=True))
    if done and all(row.failure for row in done):
        raise WmError(f"every case of {run} failed; the first: {done[0].failure}")
    return done


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


def results_folder(cfg: Any, drawn: Manifest) -> Path:
    """A folder without results in it, unless `overwrite`."""
    base = Path(cfg.run) / "eval"
    if cfg.name is not None:
        folder = base / cfg.name
        if (folder / RESULTS).exists() and not cfg.overwrite:
            raise WmError(
                f"{folder} holds results: give another name=..., or overwrite=true to replace them"
            )
        return folder
    name = f"{drawn.kind}-{cfg.agent['_target_'].rpartition('.')[2]}"
    if drawn.filter:
        name += f"-{drawn.filter}"
    if cfg.start == "cold":
        name += "-cold"
    if cfg.latency:
        name += "-late"
    number, folder = 1, base / name
    while (folder / RESULTS).exists() and not cfg.overwrite:
        number += 1
        folder = base / f"{name}-{number}"
    return folder


def illustrate(
    folder: Path,
    rows: list[Row],
    drawn: Manifest,
    task: Any,
    videos: int,
    imagined: Imagination | None = None,
) -> list[dict[str, Any]]:
    """Strips of the first successes and failures, and videos of the first `videos` of each."""
    media = []
    for good in (True, False):
        chosen = [row for row in rows if row.success == good and len(row.states) > 1][:8]
        for number, row in enumerate(chosen):
            case = drawn.cases[row.case]
            looks = (row, task, case.goal_pixels, case.variation)
            files = {"strip": folder / f"case{row.case:03d}.png"}
            shown = film.moments(row, drawn.action_block)
            film.write_strip(files["strip"], *looks, shown)
            beside = None
            if imagined is not None:
                beside = (imagined.pictures(task, case, row), drawn.action_block)
                files["imagined"] = folder / f"case{row.case:03d}-imagined.png"
                film.write_imagined(files["imagined"], beside, shown)
            if number < videos:
                files["video"] = folder / f"case{row.case:03d}.mp4"
                film.write_film(files["video"], *looks, beside)
            names = {kind: file.name for kind, file in files.items()}
            media.append({"case": row.case, "moments": shown, **names})
    return media


def versions() -> dict[str, Any]:
    """What the numbers may depend on."""
    names = ("wmpc", "torch", "numpy", "mujoco", "gymnasium")
    return {name: version(name) for name in names} | {
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "torch threads": torch.get_num_threads(),
    }


def headline(results: dict[str, Any]) -> str:
    """The result in one sentence."""
    total = results["summary"]
    found, latency = total["success"], total["latency_ms"]
    low, high = (f"{100 * x:.0f}" for x in found["interval"])
    name = results["env"]["id"].removeprefix("wmpc/").rpartition("-v")[0]
    beside = ", ".join(
        f"{'simulator planner' if who == 'simulator' else who} "
        f"{100 * entry['summary']['success']['rate']:.0f}%"
        for who, entry in results["reference"].items()
    )
    return (
        f"{name}: {found['successes']}/{found['n']} reached ({100 * found['rate']:.0f}%, "
        f"95% interval {low}-{high}%), {beside}; "
        f"decision p50 {latency['p50']:.0f} ms, p99 {latency['p99']:.0f} ms"
    )
