"""The episodes that a verb asks for: a native dataset, or another recording where it lies."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.markup import escape

from wmpc.collecting.progress import episode_bar
from wmpc.collecting.recording import look
from wmpc.collecting.selection import chosen
from wmpc.wm.data import Episodes, open_episodes
from wmpc.wm.recordings.direct import GIB, Direct, read_numbers
from wmpc.wm.recordings.formats.native import Native


def open_data(path: str, view: Mapping[str, Any], console: Console) -> Episodes:
    """The dataset `path`; a recording of another format is seen as `view` (the node of
    `configs/train.yaml`) says, and decoded as it is used."""
    if Native.recognises(path) or view["format"] == "native":
        return open_episodes(path)
    recording = look(path, view)
    if recording.home.task is not None:
        recording.home.task.close()  # it has told what it is for
    for sentence in recording.sentences():
        console.print(escape(sentence), soft_wrap=True)
    source = recording.view
    ids = chosen(source, view["episodes"], view["exclude"])
    picked = {key: view[key] for key in ("episodes", "exclude")}
    with episode_bar(console, "reading the numbers", len(ids)) as tick:
        numbers, found = read_numbers(source, ids, lambda done: tick(done, 0))
    meta = recording.meta(found, picked)
    cache = int(view["cache"] * GIB)
    episodes = Direct(source, meta, cache, clip=view["clip"], ids=ids, numbers=numbers)
    frames, held = next(iter(episodes.cameras.values())).shape[0], episodes.held
    console.print(
        f"{frames} frames of {path}, decoded as they are asked for; the cache of "
        f"{view['cache']:g} GiB holds {'them all' if held == frames else held}.",
        soft_wrap=True,
    )
    return episodes
