"""A run's config: frozen when the run begins, compared whenever it goes on."""

import json
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from wmpc.errors import WmpcError
from wmpc.system.disk import unfinished
from wmpc.wm.training.checkpoint import CONFIG, read_config
from wmpc.wm.training.recipe import Recipe

NOT_ASKED = ("data", "threads", "totals")
"""What a run's config records of its training beyond what was asked: the same data may lie
elsewhere by now."""

FORMER_OBJECTIVE = {"prediction", "rollout", "sigreg"}
"""The terms of `multi_step`, which was the default."""


def check_folder(run: Path) -> None:
    """Refuse a folder that holds something and no run.

    Args:
        run: the folder, which need not exist.

    Raises:
        WmpcError: it is a file, or holds something else.
    """
    if run.exists() and not run.is_dir():
        raise WmpcError(f"{run} is a file: choose another folder for the run")
    holds_run = not run.exists() or (run / CONFIG).is_file()
    if not holds_run and any(not unfinished(path.name) for path in run.iterdir()):
        raise WmpcError(f"{run} is not empty and holds no run: choose another folder")


def read_frozen(run: Path, recipe: Recipe, **others: Mapping[str, Any]) -> dict[str, Any] | None:
    """Read how a run is trained from its config, which must be as is asked for now.

    Args:
        run: the folder.
        recipe: what is asked for.
        **others: entries of the config, such as `model`, `objective` and `data`, as asked for.

    Returns:
        The entry `train` of the config: `Recipe.frozen` with `steps`, and what is in `NOT_ASKED`;
        None where there is no run.

    Raises:
        WmpcError: the folder holds something else, or the run another recipe or other entries.
    """
    check_folder(run)
    if not (run / CONFIG).is_file():
        return None
    config = read_config(run)
    frozen = config["train"]
    if not _are_totals(frozen.get("totals", [[0, frozen.get("steps")]]), frozen.get("steps")):
        raise WmpcError(f"{run / CONFIG} does not say how many steps to train: nothing can go on")
    asked = recipe.frozen()
    if recipe.steps is None:
        asked["steps"] = frozen["steps"]
    asked |= {key: frozen[key] for key in NOT_ASKED if key in frozen}
    pairs = [
        line
        for name, asked_for in others.items()
        for line in _differences(name, config[name], json.loads(json.dumps(asked_for)))
    ] + _differences("train", frozen, asked)
    if pairs:
        pairs.sort(key=len)  # what was asked for, before the lists of numbers that follow from it
        raise WmpcError(
            f"{run} holds a run with other settings ({'; '.join(pairs[:3])}): choose another name, "
            f"or delete that folder{_former_words(config, pairs)}"
        )
    return frozen


def _former_words(config: Mapping[str, Any], differences: list[str]) -> str:
    """Say with which words goes on what was begun with former defaults; '' where it was not."""
    words = []
    if set(config["objective"]) == FORMER_OBJECTIVE:
        words += ["objective=multi_step"] * any("objective." in line for line in differences)
    if "model.encoder.centre was None, is True" in differences:
        words.append("model/encoder=conv_uncentred")
    if not words:
        return ""
    return (
        f"; what `wmpc train` began with former defaults goes on with {' '.join(words)}, and "
        "`wmpc demo` begins anew with another folder="
    )


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
