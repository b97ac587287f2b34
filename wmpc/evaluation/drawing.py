"""Which cases a run is evaluated on, and whether its checkpoint fits them."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from wmpc import envs
from wmpc.collecting.environment import environment_of
from wmpc.errors import WmpcError
from wmpc.evaluation import cases, manifest
from wmpc.evaluation.manifest import Manifest
from wmpc.system.links import refuse_links
from wmpc.system.place import in_or_instead
from wmpc.wm.data import Episodes, open_episodes
from wmpc.wm.data.reader import HELD_OUT
from wmpc.wm.models.spec import DataSpec
from wmpc.wm.training.checkpoint import read_config

MANIFESTS = Path("evals/manifests")
"""Where cases, and what is measured once for them, go that cannot be kept with the dataset."""


def data_of(run: str | None, data: str | None) -> str:
    """The dataset's folder: `data`, or the one that the run was trained on."""
    if run is None and data is None:
        raise WmpcError("give run=FOLDER, or data=FOLDER where the agent needs no trained model")
    data = data or read_config(str(run))["train"].get("data")
    if data is None:
        raise WmpcError(f"{run} does not say what it was trained on: give data=FOLDER")
    return str(data)


def recorded(run: str | None, data: str | None) -> Callable[[], Episodes]:
    """Opens that dataset: an evaluation of given cases needs none, unless its agent does."""
    return lambda: open_episodes(data_of(run, data))


def frozen(
    settings: dict[str, Any], run: str | None, data: str | None, block: int | None
) -> tuple[Manifest, Path]:
    """The manifest that `settings` (the config group `cases`) ask for, and its file.

    Drawn once a dataset and settings, then read from DATA/manifests, or from `MANIFESTS` where the
    dataset is read-only. `block` is its action block, None for the actions between two frames.
    """
    settings = dict(settings)
    if path := settings.pop("path", None):
        drawn = manifest.load(path)
        if run is None and block not in (None, drawn.action_block):
            raise WmpcError(
                f"{path} has blocks of {drawn.action_block} simulator actions, {block} came"
            )
        return drawn, Path(path)
    episodes = open_episodes(data_of(run, data))
    block = int(episodes.meta["m"]) if block is None else block
    stated = {"cases" if key == "count" else key: value for key, value in settings.items()}
    identity = json.dumps([manifest.VERSION, stated, block, episodes.hash], sort_keys=True)
    name = f"{settings['kind']}-{hashlib.sha256(identity.encode()).hexdigest()[:10]}.json"
    places = (episodes.path / "manifests", MANIFESTS)
    refuse_links(places[0], episodes.path)
    if found := [place / name for place in places if (place / name).exists()]:
        return manifest.load(found[0]), found[0]
    file = in_or_instead(places[0], name, MANIFESTS)
    task = envs.make_recorded(environment_of(episodes))
    try:
        drawn = cases.build(cast(cases.Recorded, episodes), task, action_block=block, **settings)
    finally:
        task.close()
    drawn.save(file)
    return drawn, file


def agree_with_task(spec: DataSpec, task: Any, run: str) -> None:
    """Raise WmpcError where the task is not as a model saw it: other pictures, or other actions."""
    for what, trained, given in (
        ("environment", spec.env.get("id"), task.id),
        ("picture size", spec.image_size, task.render_settings["width"]),
        ("render settings", spec.render, dict(task.render_settings)),
        ("action size", len(spec.action_low), task.action_space.shape[0]),
    ):
        if trained != given:
            raise WmpcError(
                f"{run} was trained with {what} {trained}, the cases have {given}: use a "
                "manifest drawn from the dataset the run was trained on"
            )


def agree(spec: DataSpec, drawn: Manifest, task: Any, run: str) -> list[str]:
    """WmpcError where the checkpoint cannot be judged by these cases; else what to know of them."""
    agree_with_task(spec, task, run)
    if spec.action_block != drawn.action_block:
        raise WmpcError(
            f"{run} was trained with action block {spec.action_block}, the manifest has "
            f"{drawn.action_block}: use a manifest drawn from the dataset the run was trained on"
        )
    held_out(drawn)
    notes = []
    if spec.dataset != drawn.dataset:
        notes.append(
            "The manifest's dataset is not byte for byte the one the model was trained on: they "
            "share the rule of which episodes are held out, but not the episodes' hash."
        )
    arguments = {name: value for name, value in spec.env.items() if name != "id"}
    if arguments != drawn.kwargs:
        notes.append(f"Trained with {arguments}, evaluated with {drawn.kwargs}.")
    return notes


def held_out(drawn: Manifest) -> None:
    """WmpcError where a case comes from an episode that models and agents learn from."""
    goals = [case.goal_episode for case in drawn.cases if case.goal_episode is not None]
    episodes = [episode for case in drawn.cases if (episode := case.episode) >= 0] + goals
    seen = [episode for episode in episodes if episode % HELD_OUT != HELD_OUT - 1]
    if seen:
        raise WmpcError(
            f"the manifest takes cases from episodes {seen[:5]}, which models are trained on: only "
            f"every {HELD_OUT}th episode (9, 19, ...) is held out"
        )
