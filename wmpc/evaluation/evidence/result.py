"""Results on disk as what can be compared: outcomes by training, planner seed and case."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from wmpc.errors import WmpcError
from wmpc.evaluation.read_results import RESULTS, read_results, task_name
from wmpc.system.json_file import read_json
from wmpc.system.renamed import rename_targets
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
    found = sorted(path.glob(f"eval/*/{RESULTS}"), key=lambda file: file.stat().st_mtime)
    if not found:
        what = "holds no results" if path.is_dir() else "does not exist"
        raise WmpcError(
            f"{path} {what}: give the folder of a {RESULTS} (RUN/eval/NAME), or a run that "
            f"`wmpc eval run=...` has evaluated"
        )
    return parse_result(read_results(found[-1]))


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


def grid(results: Sequence[Result]) -> tuple[np.ndarray, list[list[Result]]]:
    """Arrange results that differ by their seeds alone: by training seed, then by planner seed.

    Results without a checkpoint are of one training, and differ by their agent's seed.

    Args:
        results: at least one.

    Returns:
        Outcomes (T, P, n) bool of T trainings, P planner seeds of each and n cases; and the results
        in that order, [training][planner seed].

    Raises:
        WmpcError: they differ otherwise, the same seeds come twice, or trainings have different
            numbers of planner seeds.
    """
    check_same_cases(results)
    first = results[0]
    for other in results[1:]:
        if differing := unequal(first, other, ignore="versions."):
            key = differing[0]
            raise WmpcError(
                f"{first.label} and {other.label} differ in {key} ({shown(first, key)}, "
                f"{shown(other, key)}): results of one side differ by their seeds alone"
            )
    trainings: dict[str | None, list[Result]] = {}
    for result in results:
        trainings.setdefault(result.checkpoint, []).append(result)
    rows = [sorted(row, key=lambda r: _order(r.planner_seed)) for row in trainings.values()]
    rows.sort(key=lambda row: (*_order(row[0].training_seed), row[0].training))
    for row in rows:
        for one, next_one in zip(row[:-1], row[1:], strict=True):
            if one.planner_seed == next_one.planner_seed:
                what = "the same checkpoint" if one.checkpoint else "without a checkpoint and"
                raise WmpcError(
                    f"{one.folder} and {next_one.folder} are {what} with the same {one.seed_of} "
                    f"seed: give each result once, others come by seed=... of `wmpc train` and "
                    f"agent.seed=... of `wmpc eval`"
                )
        if len(row) != len(rows[0]):
            raise WmpcError(
                f"{rows[0][0].label} was evaluated with {len(rows[0])} {row[0].seed_of} seeds "
                f"and {row[0].label} with {len(row)}: give each training equally many"
            )
    return np.array([[result.outcomes for result in row] for row in rows]), rows


def check_same_cases(results: Sequence[Result]) -> None:
    """Refuse results that were not measured on the same cases of one manifest.

    Args:
        results: at least one.

    Raises:
        WmpcError: they were not.
    """
    first = results[0]
    for other in results[1:]:
        if other.manifest != first.manifest:
            raise WmpcError(
                f"{first.label} and {other.label} were measured on different cases: manifest "
                f"{first.manifest} and {other.manifest}{_why(first, other)}; evaluate both with "
                "the same cases.path=..."
            )
        if other.cases != first.cases:
            raise WmpcError(
                f"{first.label} has {len(first.cases)} cases of the manifest and {other.label} "
                f"{len(other.cases)} or others: evaluate both on all of them"
            )


def unequal(a: Result, b: Result, ignore: str = " ") -> list[str]:
    """List the settings in which two results differ.

    Args:
        a: one result.
        b: the other.
        ignore: how the names of settings begin that do not count.

    Returns:
        Their dotted names.
    """
    names = [*a.settings, *(key for key in b.settings if key not in a.settings)]
    return [
        name
        for name in names
        if a.settings.get(name) != b.settings.get(name) and not name.startswith(ignore)
    ]


def shown(result: Result, name: str) -> str:
    """Say what a result's setting is.

    Args:
        result: whose.
        name: its dotted name.

    Returns:
        Its value in words, or a dash where there is none.
    """
    value = result.settings.get(name, "-")
    return value.rpartition(".")[2] if name.endswith("_target_") else str(value)


def _why(a: Result, b: Result) -> str:
    """In which settings two manifests differ."""
    first, second = a.content["manifest"], b.content["manifest"]
    left_out = ("hash", "file", "excluded")
    names = [key for key in first if key not in left_out and first[key] != second.get(key)]
    told = [f"{name} {first[name]} and {second.get(name)}" for name in names]
    return f" ({'; '.join(told)})" if told else ""


def _recipe(folder: Path) -> dict[str, Any]:
    """Read how the run that was evaluated was trained, from the run's folder around the results.

    Empty where results lie elsewhere: the path of a run that a file states is not followed.
    """
    try:
        config = read_json(folder.parent.parent / "config.json")
        return {
            "model": rename_targets(config["model"]),
            "dataset": config["data"].get("dataset"),
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


def _order(seed: int | None) -> tuple[bool, int]:
    return (seed is not None, seed or 0)
