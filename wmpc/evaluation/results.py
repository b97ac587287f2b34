"""What `wmpc eval` leaves: a folder with `results.json`, and the sentence that sums it up."""

import json
import os
import platform
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from importlib.metadata import version
from itertools import count
from pathlib import Path
from typing import Any

import torch

from wmpc.errors import TakenError, WmpcError
from wmpc.evaluation.manifest import Manifest
from wmpc.evaluation.rows import ROWS, RowsFile, read_token
from wmpc.system.disk import hold, remove_leftovers, replace_file
from wmpc.system.json_file import read_json
from wmpc.system.links import refuse_links
from wmpc.system.place import in_or_instead
from wmpc.system.renamed import rename_keys, rename_targets

RESULTS = "results.json"
FORMAT, VERSION = "wmpc-results", 2
PLANNING = ("mpc", "simulator")
"""The agents that a planner matters to, in results that do not say so themselves."""
UNTRAINED = "evals"
"""Where results go that are no run's."""


def result_folders(config: Mapping[str, Any], drawn: Manifest, agent: str) -> Iterator[Path]:
    """The folders that results may go to, the first choice first.

    Args:
        config: the keys of `wmpc eval`.
        drawn: the cases.
        agent: its name.

    Raises:
        WmpcError: a link leads to one.
    """
    run = config["run"]
    if config["folder"] is not None:
        base = Path(str(config["folder"]))
    elif run is None:
        base = refuse_links(Path(UNTRAINED), Path())
    else:
        base = in_or_instead(Path(run), "eval", Path(UNTRAINED) / Path(run).resolve().name)
    for name in _names(config, drawn, agent):
        yield refuse_links(base / name, base)


def _names(config: Mapping[str, Any], drawn: Manifest, agent: str) -> Iterator[str]:
    if config["name"] is not None:
        yield str(config["name"])  # a name such as 1 or nan is read as a number
        return
    parts = [task_name(drawn.env)] if config["run"] is None else []
    parts += [drawn.name, agent, drawn.filter, config["shift"]["name"]]
    parts += ["cold" * (config["start"] == "cold"), "late" * bool(config["latency"])]
    name = "-".join(re.sub(r"[^\w.]+", "-", part) for part in parts if part)
    yield name
    if not config["overwrite"]:
        yield from (f"{name}-{number}" for number in count(2))


@contextmanager
def claimed(
    folders: Iterable[Path], identity: Mapping[str, Any], overwrite: bool
) -> Iterator[RowsFile]:
    """Hold the first of `folders` where this evaluation may write; gives its rows so far.

    That is one without results (unless `overwrite`), without rows of another evaluation, and that
    no other process holds. WmpcError where there is none.
    """
    refused = None
    for folder in folders:
        with ExitStack() as stack:
            try:
                rows = stack.enter_context(_held(folder, identity, overwrite))
            except TakenError as error:
                refused = error
                continue
            yield rows
            return
    assert refused is not None
    raise refused


def refuse_results(folder: Path, overwrite: bool) -> None:
    """TakenError where `folder` holds results that are not to be replaced. What their evaluation
    would have removed, had it not been killed right after they were written, is removed first."""
    if (folder / RESULTS).exists() and not overwrite:
        with suppress(OSError, WmpcError):
            results, token = read_json(folder / RESULTS), read_token(folder / ROWS)
            if token is not None and results.get("evaluation") == token:
                _remove_replaced(folder, results)
        raise TakenError(
            f"{folder} holds results: give another name=..., or overwrite=true to replace them"
        )


@contextmanager
def _held(folder: Path, identity: Mapping[str, Any], overwrite: bool) -> Iterator[RowsFile]:
    refuse_results(folder, overwrite)
    folder.mkdir(parents=True, exist_ok=True)
    with hold(folder, "evaluating in"):
        refuse_results(folder, overwrite)
        remove_leftovers(folder)
        rows = RowsFile(folder, identity, overwrite)
        if rows.token == _committed(folder):  # killed right after its results were written
            rows.close()
            rows.done()
            rows = RowsFile(folder, identity, overwrite)
        with closing(rows):
            yield rows


def commit(rows: RowsFile, results: Mapping[str, Any]) -> None:
    """Write the results, which the rows so far are a part of, then remove what they replace."""
    folder = rows.path.parent
    content = {**results, "evaluation": rows.token}
    replace_file(folder / RESULTS, json.dumps(content, indent=1).encode())
    _remove_replaced(folder, content)


def _remove_replaced(folder: Path, results: Mapping[str, Any]) -> None:
    """Remove the rows, which are in the results now, and pictures that these do not name."""
    named = [name for entry in results["media"] for name in entry.values()]
    for old in folder.glob("case*.*"):
        if old.suffix in (".png", ".mp4") and old.name not in named:
            old.unlink(missing_ok=True)
    (folder / ROWS).unlink(missing_ok=True)


def _committed(folder: Path) -> str | None:
    """The token of the evaluation whose results are in `folder`."""
    try:
        return read_json(folder / RESULTS).get("evaluation")
    except (OSError, WmpcError):
        return None


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


def read_results(file: Path) -> dict[str, Any]:
    """A `results.json`, with the `name` and `folder` it lies in; WmpcError where it is not one."""
    try:
        results = read_json(file, "evaluation's results")
        if (results["format"], results["version"]) != (FORMAT, VERSION):
            raise KeyError("format")
        missing = {"env", "summary", "manifest", "reference", "rows"} - results.keys()
    except (ValueError, KeyError, TypeError):
        raise WmpcError(f"{file} is damaged or not of this wmpc: evaluate again") from None
    if missing:
        raise WmpcError(f"{file} lacks {sorted(missing)}: evaluate again")
    config = rename_keys(rename_targets(results.get("config", {})))
    results = {"agent": _agent_of(config), **results, "config": config}
    return {**results, "name": file.parent.name, "folder": file.parent}


def _agent_of(config: Any) -> dict[str, Any]:
    """What results of an earlier version, which do not say it, tell of their agent."""
    try:
        agent, planner = config["agent"], config.get("planner") or {}
        name = agent["_target_"].rpartition(".")[2]
        searches = name in PLANNING
        return {
            "name": agent.get("function") or name,
            "planner": planner["_target_"].rpartition(".")[2] if searches else None,
        }
    except (KeyError, TypeError, AttributeError):
        return {"name": "unknown", "planner": None}
