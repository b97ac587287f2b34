"""The recipe of a run: frozen in its config when it begins, compared whenever it goes on."""

import json
import math
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from wmpc.errors import WmpcError
from wmpc.system.disk import unfinished
from wmpc.wm.training.checkpoint import CONFIG, read_config

NOT_ASKED = ("data", "threads", "totals")
"""What a run's config records of its training beyond what was asked: the same data may lie
elsewhere by now."""


def check_folder(run: Path) -> None:
    """Raise WmpcError where a folder holds something and no run."""
    if run.exists() and not run.is_dir():
        raise WmpcError(f"{run} is a file: choose another folder for the run")
    holds_run = not run.exists() or (run / CONFIG).is_file()
    if not holds_run and any(not unfinished(path.name) for path in run.iterdir()):
        raise WmpcError(f"{run} is not empty and holds no run: choose another folder")


def frozen_recipe(
    run: Path, recipe: Mapping[str, Any], **others: Mapping[str, Any]
) -> dict[str, Any] | None:
    """The training settings that a run's config froze, None where there is no run.

    WmpcError where the run has another recipe than the one that is asked for, or others of its
    config, such as `model`, `objective` and `data`, differ.
    """
    check_folder(run)
    if not (run / CONFIG).is_file():
        return None
    config = read_config(run)
    frozen = config["train"]
    if not _are_totals(frozen.get("totals", [[0, frozen.get("steps")]]), frozen.get("steps")):
        raise WmpcError(f"{run / CONFIG} does not say how many steps to train: nothing can go on")
    asked = dict(recipe)
    if recipe["minutes"] is not None:
        asked["steps"] = frozen["steps"]
    asked |= {key: frozen[key] for key in NOT_ASKED if key in frozen}
    pairs = [
        line
        for name, asked_for in others.items()
        for line in _differences(name, config[name], json.loads(json.dumps(asked_for)))
    ] + _differences("train", frozen, asked)
    if pairs:
        raise WmpcError(
            f"{run} holds a run with other settings ({'; '.join(pairs[:3])}): choose another name, "
            "or delete that folder"
        )
    return frozen


def check_settings(
    minutes: float | None, steps: int | None, batch: int, rate: float, seed: int, **every: int
) -> None:
    """Raise WmpcError where settings of a training make no sense; `every` are counts of steps."""
    if steps is None and (minutes is None or not 0 < minutes < math.inf):
        raise WmpcError(
            f"train.minutes is {minutes} and train.steps is not given: give one, above 0"
        )
    for name, value in every.items():
        if value < 1:
            raise WmpcError(f"train.{name} is {value} steps; it must be at least 1")
    if steps is not None and steps < 1:
        raise WmpcError(f"train.steps is {steps}; it must be at least 1")
    if not 0 <= seed < 2**63:
        raise WmpcError(f"seed={seed} came; a seed is a whole number from 0 to 2**63 - 1")
    if batch < 2 or rate <= 0:
        raise WmpcError(f"train.batch is {batch} (at least 2) and train.rate {rate} (above 0)")


def _are_totals(totals: Any, steps: Any) -> bool:
    """Whether a record of totals is one, and ends in `steps`; see `wmpc.wm.training.schedule`."""
    try:
        pairs = [(change, total) for change, total in totals]
    except (TypeError, ValueError):
        return False
    if not pairs or not all(type(x) is int for pair in pairs for x in pair):
        return False
    changes, ends = zip(*pairs, strict=True)
    return (
        changes[0] == 0
        and ends[-1] == steps
        and all(a < b for a, b in pairwise(changes))
        and all(a > b for a, b in pairwise(ends))
        and changes[-1] < ends[-1]
    )


def _differences(name: str, old: Any, new: Any) -> list[str]:
    """`key was old, is new` for each leaf that differs."""
    if isinstance(old, dict) and isinstance(new, dict):
        return [
            line
            for key in sorted({*old, *new})
            for line in _differences(f"{name}.{key}", old.get(key), new.get(key))
        ]
    return [] if old == new else [f"{name} was {str(old)[:40]}, is {str(new)[:40]}"]
