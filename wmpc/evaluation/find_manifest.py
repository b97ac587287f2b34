"""Find the cases that a run is evaluated on: a file that is given, or drawn once and kept."""

import hashlib
import json
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from wmpc import envs
from wmpc.collecting.environment import environment_of
from wmpc.errors import WmpcError
from wmpc.evaluation.draw_cases import Recorded, draw_manifest
from wmpc.evaluation.exclusions import ANY, find_filter
from wmpc.evaluation.manifest import VERSION, Manifest, load_manifest
from wmpc.system.links import refuse_links
from wmpc.system.place import in_or_instead
from wmpc.system.shipped import is_shipped
from wmpc.wm.data import Episodes, open_episodes
from wmpc.wm.training.checkpoint import read_config

SHIPPED_CASES = 100
"""How many lie beside a shipped dataset, drawn from more episodes than it has."""
MANIFESTS = Path("evals/manifests")
"""Where cases, and what is measured once for them, go that cannot be kept with the dataset."""


def find_dataset(run: str | None, data: str | None) -> str:
    """Find the dataset's folder.

    Args:
        run: the trained run's folder, if there is one.
        data: the dataset's folder, if it is given.

    Returns:
        `data`, or what the run was trained on.

    Raises:
        WmpcError: neither is given, or the run does not say.
    """
    if run is None and data is None:
        raise WmpcError("give run=FOLDER, or data=FOLDER where the agent needs no trained model")
    data = data or read_config(str(run))["train"].get("data")
    if data is None:
        raise WmpcError(f"{run} does not say what it was trained on: give data=FOLDER")
    return str(data)


def open_later(run: str | None, data: str | None) -> Callable[[], Episodes]:
    """Put off opening the dataset: an evaluation of given cases needs none, unless its agent does.

    Args:
        run: see `find_dataset`.
        data: see `find_dataset`.

    Returns:
        A function that opens it.
    """
    return lambda: open_episodes(find_dataset(run, data))


def name_manifest(settings: Mapping[str, Any], block: int, episodes: Episodes) -> str:
    """Name the file of the cases that are drawn from a dataset.

    Args:
        settings: the keys of the config group `cases`, without `path`.
        block: simulator actions of a block.
        episodes: of the dataset.

    Returns:
        The same name for the same cases, in the same version of what is drawn.
    """
    stated = {"cases" if key == "count" else key: value for key, value in settings.items()}
    identity = json.dumps([VERSION, stated, block, episodes.hash], sort_keys=True)
    return f"{settings['kind']}-{hashlib.sha256(identity.encode()).hexdigest()[:10]}.json"


def find_manifest(
    settings: dict[str, Any], run: str | None, data: str | None, block: int | None
) -> tuple[Manifest, Path]:
    """Read the manifest that is asked for, or draw it.

    It is drawn once a dataset and settings, and kept in DATA/manifests, or in `MANIFESTS` where the
    dataset is read-only. Fewer cases than lie beside a shipped dataset are the first of these.

    Args:
        settings: the keys of the config group `cases`.
        run: see `find_dataset`.
        data: see `find_dataset`.
        block: simulator actions of a block; None: those between two recorded frames.

    Returns:
        The manifest, and its file.

    Raises:
        WmpcError: a given file is damaged or has other blocks, or the cases cannot be drawn.
    """
    settings = dict(settings)
    if path := settings.pop("path", None):
        drawn = load_manifest(path)
        if run is None and block not in (None, drawn.action_block):
            raise WmpcError(
                f"{path} has blocks of {drawn.action_block} simulator actions, {block} came"
            )
        return drawn, Path(path)
    episodes = open_episodes(find_dataset(run, data))
    block = int(episodes.meta["m"]) if block is None else block
    places = (episodes.path / "manifests", MANIFESTS)
    refuse_links(places[0], episodes.path)
    with closing(envs.make_recorded(environment_of(episodes))) as task:
        filter = settings["filter"]
        # "hard" and names of filters are kept as they came: so are the names of existing files
        named = find_filter(task, filter) if filter in (None, ANY) else filter
        name = name_manifest({**settings, "filter": named}, block, episodes)
        if found := [place / name for place in places if (place / name).exists()]:
            return load_manifest(found[0]), found[0]
        file = in_or_instead(places[0], name, MANIFESTS)
        drawn = _first_of_more(settings, block, episodes)
        if drawn is None:
            source = cast(Recorded, episodes)
            drawn = draw_manifest(source, task, action_block=block, **settings)
    drawn.save(file)
    return drawn, file


def _first_of_more(settings: dict[str, Any], block: int, episodes: Episodes) -> Manifest | None:
    """The first cases of those that lie beside a shipped dataset; None where they do not."""
    count = settings["count"]
    name = name_manifest({**settings, "count": SHIPPED_CASES}, block, episodes)
    file = episodes.path / "manifests" / name
    if not is_shipped(episodes.path) or count >= SHIPPED_CASES or not file.exists():
        return None
    more = load_manifest(file)
    return replace(more, cases=more.cases[:count])
