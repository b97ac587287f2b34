"""The episodes that a training asks for: a native dataset, or another recording where it lies."""

from collections.abc import Mapping, Sequence
from copy import copy
from typing import Any

from wmpc.collecting.recording import look
from wmpc.collecting.selection import chosen
from wmpc.errors import WmpcError
from wmpc.system.progress import Progress, Tell
from wmpc.wm.data import Episodes, open_episodes
from wmpc.wm.data.format import is_camera
from wmpc.wm.recordings.direct import GIB, Direct, read_numbers
from wmpc.wm.recordings.formats.native.reader import Native


def open_data(path: str, view: Mapping[str, Any], progress: Tell) -> Episodes:
    """Open a dataset, or a recording of another format, which is decoded as it is used.

    Args:
        path: where it lies.
        view: what is seen of a recording, see the node `view` of `configs/train.yaml`.
        progress: told what is to be known of it.

    Returns:
        Its episodes.

    Raises:
        WmpcError: there is no such recording, or it does not fit the view.
    """
    if Native.recognises(path) or view["format"] == "native":
        return _choose_cameras(open_episodes(path), view["cameras"])
    recording = look(path, view)
    if recording.home.task is not None:
        recording.home.task.close()  # it has told what it is for
    for sentence in recording.sentences():
        progress(Progress(says=sentence))
    source = recording.view
    ids = chosen(source, view["episodes"], view["exclude"])
    picked = {key: view[key] for key in ("episodes", "exclude")}
    numbers, found = read_numbers(
        source, ids, lambda done: progress(Progress("reading the numbers", done, len(ids)))
    )
    meta = recording.meta(found, picked)
    cache = int(view["cache"] * GIB)
    episodes = Direct(source, meta, cache, clip=view["clip"], ids=ids, numbers=numbers)
    frames, held = next(iter(episodes.cameras.values())).shape[0], episodes.held
    says = (
        f"{frames} frames of {path}, decoded as they are asked for; the cache of "
        f"{view['cache']:g} GiB holds {'them all' if held == frames else held}."
    )
    progress(Progress(says=says))
    return episodes


def _choose_cameras(episodes: Episodes, cameras: Sequence[str] | None) -> Episodes:
    """The same episodes without the other cameras' pictures."""
    if cameras is None:
        return episodes
    known = [name for name in episodes.columns if is_camera(name)]
    names = [name if is_camera(name) else f"pixels/{name}" for name in map(str, cameras)]
    if not names or not set(names) <= set(known):
        raise WmpcError(
            f"view.cameras={list(cameras)} came; {episodes.path} has {', '.join(sorted(known))}"
        )
    fewer = copy(episodes)
    fewer.columns = {n: c for n, c in episodes.columns.items() if n in names or n not in known}
    return fewer
