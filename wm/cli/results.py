"""What `wmpc eval` leaves: a folder with `results.json`, and the sentence that sums it up."""

import os
import platform
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from envs.manifest import Manifest
from wm.cli.place import in_or_instead
from wm.errors import WmError
from wm.links import refuse_links

RESULTS = "results.json"
FORMAT, VERSION = "wmpc-results", 2
UNTRAINED = "evals"
"""Where results go that are no run's."""


def results_folder(cfg: Any, drawn: Manifest) -> Path:
    """A folder without results in it, unless `overwrite`; WmError where a link leads to it."""
    if cfg.folder is not None:
        base = Path(str(cfg.folder))
    elif cfg.run is None:
        base = refuse_links(Path(UNTRAINED), Path())
    else:
        run = Path(str(cfg.run))
        base = in_or_instead(run, "eval", Path(UNTRAINED) / run.resolve().name)
    return refuse_links(_free_folder(cfg, drawn, base), base)


def _free_folder(cfg: Any, drawn: Manifest, base: Path) -> Path:
    if cfg.name is not None:
        folder = base / str(cfg.name)  # a name such as 1 or nan is read as a number
        if (folder / RESULTS).exists() and not cfg.overwrite:
            raise WmError(
                f"{folder} holds results: give another name=..., or overwrite=true to replace them"
            )
        return folder
    parts = [task_name(drawn.env)] if cfg.run is None else []
    parts += [drawn.name, cfg.agent["_target_"].rpartition(".")[2]]
    if drawn.filter:
        parts.append(drawn.filter)
    if cfg.shift["name"]:
        parts.append(cfg.shift["name"])
    if cfg.start == "cold":
        parts.append("cold")
    if cfg.latency:
        parts.append("late")
    name = "-".join(parts)
    number, folder = 1, base / name
    while (folder / RESULTS).exists() and not cfg.overwrite:
        number += 1
        folder = base / f"{name}-{number}"
    return folder


def task_name(env: str) -> str:
    """The id of a task of ours without the frills: Reacher for wmpc/Reacher-v0."""
    return env.rpartition("/")[2].rpartition("-v")[0] or env


def versions() -> dict[str, Any]:
    """What the numbers may depend on."""
    names = ("wmpc", "torch", "numpy", "mujoco", "gymnasium")
    return {name: version(name) for name in names} | {
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "torch threads": torch.get_num_threads(),
        "system": f"{platform.system()} {platform.machine()}",
        "OpenGL": os.environ.get("MUJOCO_GL", ""),
    }


def headline(results: Mapping[str, Any]) -> str:
    """The result in one sentence."""
    total = results["summary"]
    found, latency = total["success"], total["latency_ms"]
    low, high = (f"{100 * x:.0f}" for x in found["interval"])
    beside = ", ".join(
        f"{'simulator planner' if who == 'simulator' else who} "
        f"{100 * entry['summary']['success']['rate']:.0f}%"
        for who, entry in results["reference"].items()
    )
    parts = [
        f"{task_name(results['env']['id'])}: {found['successes']}/{found['n']} reached "
        f"({100 * found['rate']:.0f}%, 95% interval {low}-{high}%), {beside}"
    ]
    if latency["decisions"]:
        parts.append(f"decision p50 {latency['p50']:.0f} ms, p99 {latency['p99']:.0f} ms")
    if total["failures"]:
        why = ", ".join(f"{reason} ({n})" for reason, n in results["failures"].items())
        parts.append(f"{total['failures']} of them failed: {why}")
    return "; ".join(parts)
