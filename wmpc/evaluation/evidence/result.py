"""Results on disk as what can be compared: the outcome of each case, and all it depends on."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from wmpc.errors import WmpcError
from wmpc.evaluation.offline.headline import is_offline
from wmpc.evaluation.read_results import RESULTS, read_results, task_name
from wmpc.system.json_file import read_json
from wmpc.system.renamed import rename_targets
from wmpc.wm.objectives.earlier import split
from wmpc.wm.training.recipe import rename_fields

VERSUS = "vs"
"""The word between two sides."""
NOT_SHOWN = ("agent.seed", "versions.cores", "versions.torch threads")
"""What may differ between two results of one method."""
CALIBRATED = ("seed", "data", "threads", "steps", "totals")
"""Of `train` in a run's config: not part of the recipe where `minutes` set the steps."""


@dataclass(frozen=True, eq=False)
class Result:
    """One evaluation of one checkpoint with one planner seed."""

    folder: Path
    label: str
    task: str
    """Its name, the kind of cases, and the manifest's first letters."""
    content: Mapping[str, Any]
    """What `read_results` gave."""
    cases: tuple[int, ...]
    outcomes: np.ndarray
    """(n,) bool: success in each of `cases`, from the start that the results are about."""
    failures: int
    """Cases in which the agent or the simulation broke; they count as not reached."""
    training: str
    """The checkpoint's hash; results of one checkpoint are of one training. Where there is none,
    as of somebody else's agent, the folder of the results: what was trained is not known."""
    training_seed: int | None
    planner_seed: int | None
    """Its `agent.seed`: of the planner, or of whatever else `seed_of` says."""
    settings: Mapping[str, Any]
    """All that a rate depends on but seeds, checkpoint and cases, by dotted name."""

    @property
    def rate(self) -> float:
        return float(self.outcomes.mean())

    @property
    def checkpoint(self) -> str | None:
        given = self.content.get("checkpoint")
        return str(given) if given else None

    @property
    def seed_of(self) -> str:
        """Whose seed `agent.seed` is: "planner", or "agent" where none plans: there it may well be
        that of a policy's training."""
        return "agent" if self.content["agent"]["planner"] is None else "planner"

    @property
    def manifest(self) -> str:
        return self.content["manifest"]["hash"]


def find_result(word: str | Path) -> Result:
    """Find and read results.

    Args:
        word: a results.json, its folder, or a run, whose latest are meant.

    Returns:
        The result.

    Raises:
        WmpcError: there is none, or it is damaged.
    """
    path = Path(word)
    if path.name == RESULTS and path.is_file():
        path = path.parent
    if (path / RESULTS).is_file():
        return parse_result(read_results(path / RESULTS))
    files = sorted(path.glob(f"eval/*/{RESULTS}"), key=lambda file: -file.stat().st_mtime)
    for file in files:
        if not is_offline(results := read_results(file)):
            return parse_result(results)
    if files:
        return parse_result(read_results(files[0]))
    what = "holds no results" if path.is_dir() else "does not exist"
    raise WmpcError(
        f"{path} {what}: give the folder of a {RESULTS} (RUN/eval/NAME), or a run that "
        f"`wmpc eval run=...` has evaluated"
    )


def parse_result(content: Mapping[str, Any]) -> Result:
    """Take from results what can be compared.

    Args:
        content: what `read_results` gave.

    Returns:
        The result.

    Raises:
        WmpcError: its rows or settings are damaged.
    """
    folder = Path(content["folder"])
    if is_offline(content):
        raise WmpcError(
            f"{folder} holds offline scores: no case was tried, so there is no success to compare. "
            "Give results of wmpc eval in a simulator"
        )
    try:
        counted = [row for row in content["rows"] if row["start"] == content["start"]]
        rows = {row["case"]: bool(row["success"]) for row in counted}
        cases, settings = tuple(sorted(rows)), dict(content["config"])
        if not cases or not isinstance(content["manifest"]["hash"], str):
            raise KeyError("rows")
        recipe = _recipe(folder)
        seed = (recipe.get("train") or {}).get("seed")
        flat = {
            "agent": dict(settings["agent"]),
            "planner": dict(settings.get("planner") or {}),
            "cost": dict(settings.get("cost") or {}) if content["agent"]["planner"] else {},
            "start": content["start"],
            "latency": content.get("latency", 0.0),
            "privileged": content.get("privileged", False),
            "training": _without_seeds(recipe),
            "versions": content.get("versions") or {},
        }
        return Result(
            folder,
            _label(folder),
            _task(content),
            content,
            cases,
            np.array([rows[case] for case in cases]),
            sum(row.get("failure") is not None for row in counted),
            str(content.get("checkpoint") or folder.resolve()),
            seed,
            settings["agent"].get("seed"),
            {key: value for key, value in _flat(flat) if key not in NOT_SHOWN},
        )
    except (KeyError, TypeError, AttributeError, ValueError):
        raise WmpcError(f"{folder / RESULTS} is damaged: evaluate again") from None


def _recipe(folder: Path) -> dict[str, Any]:
    """Read how the run that was evaluated was trained, from the run's folder around the results.

    Empty where results lie elsewhere: the path of a run that a file states is not followed.
    """
    try:
        config = read_json(folder.parent.parent / "config.json")
        model, objective = split(config["model"], config.get("objective"))
        return {
            "model": rename_targets(model),
            "objective": objective,
            "dataset": config["data"].get("dataset"),
            "subset": config["data"].get("subset"),
            "train": rename_fields(config["train"]),
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _without_seeds(recipe: Mapping[str, Any]) -> dict[str, Any]:
    train = dict(recipe.get("train") or {})
    hidden = CALIBRATED if train.get("minutes") else CALIBRATED[:3]
    return {**recipe, "train": {k: v for k, v in train.items() if k not in hidden}}


def _flat(node: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in node.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _label(folder: Path) -> str:
    """RUN/NAME of RUN/eval/NAME."""
    folder = folder.resolve()
    if folder.parent.name == "eval":
        return f"{folder.parent.parent.name}/{folder.name}"
    return folder.name


def _task(content: Mapping[str, Any]) -> str:
    manifest = content["manifest"]
    parts = [
        task_name(content["env"]["id"]),
        manifest.get("kind"),
        manifest.get("filter"),
        manifest["hash"][:6],
    ]
    return " ".join(str(part) for part in parts if part)
