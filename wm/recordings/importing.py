"""Episodes of another format made native: looked over first, then written one after another.

An import that was stopped goes on with the next episode, as episodes are stored in their order and
whole. What was asked for is stated in the dataset's `source`; another view is refused there.
"""

import math
import shutil
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from wmpc.errors import WmpcError
from wmpc.wm.data.description import is_name
from wmpc.wm.data.format import HEADER_BYTES
from wmpc.wm.data.validate import bounds, stored
from wmpc.wm.data.writer import EpisodeWriter
from wmpc.wm.recordings.source import Source

Finish = Callable[[dict[str, np.ndarray]], dict[str, np.ndarray]]
"""Adds to an episode what its environment knows, such as its full states."""


@dataclass(frozen=True)
class Survey:
    """What a pass over all numbers of a recording, without its pictures, has found."""

    frames: int
    """Of the episodes that can be stored."""
    low: np.ndarray
    high: np.ndarray
    """(A,) the range of the recorded actions; (0,) where there are none."""
    refused: Mapping[int, str] = field(default_factory=dict)
    """Why an episode cannot be stored, by its index."""


def survey(
    source: Source,
    ids: Sequence[int] | np.ndarray,
    progress: Callable[[int], None] = lambda done: None,
    keep: Callable[[int, Mapping[str, np.ndarray]], None] = lambda place, numbers: None,
) -> Survey:
    """Read every number of some episodes once, without pictures.

    So what cannot be stored is known before hours of decoding, and so is the range of the actions.

    Args:
        source: the recording.
        ids: (N,) indices of the episodes.
        progress: takes the number of episodes read so far.
        keep: takes the place in `ids` and the numbers of each episode that can be stored.

    Returns:
        What was found.
    """
    names = [name for name in source.columns if name not in source.cameras]
    acted = source.columns.get("action")
    size = acted.shape[-1] if acted else 0
    low, high, refused, frames = np.full(size, np.inf), np.full(size, -np.inf), {}, 0
    for done, index in enumerate(map(int, ids), 1):
        try:
            episode = source.episode(index, names)
            reason = _trouble(episode, int(source.lengths[index]))
        except WmpcError as error:
            reason, episode = str(error), {}
        if reason:
            refused[index] = reason
        else:
            if acted:
                action = np.asarray(episode["action"]).reshape(-1, size)
                low, high = np.minimum(low, action.min(0)), np.maximum(high, action.max(0))
            frames += int(source.lengths[index]) + 1
            keep(done - 1, episode)
        progress(done)
    return Survey(frames, low, high, refused)


def bytes_needed(source: Source, frames: int) -> int:
    """Compute the room that frames take on disk.

    Args:
        source: the recording, as it is to be stored.
        frames: how many.

    Returns:
        Bytes.
    """
    rows = sum(c.row_bytes for c in map(stored, source.columns.values()) if c.rows != "episode")
    return frames * rows + len(source.columns) * HEADER_BYTES


def import_episodes(
    source: Source,
    path: str | Path,
    meta: Mapping[str, Any],
    ids: Sequence[int] | np.ndarray,
    *,
    opened: Callable[[], Source] | None = None,
    workers: int = 2,
    clip: bool = False,
    finish: Finish = dict,
    progress: Callable[[int, int], None] = lambda episodes, frames: None,
) -> int:
    """Write episodes of a recording to a native dataset.

    Args:
        source: the recording, as it is to be stored.
        path: of the dataset; one that an import left unfinished goes on.
        meta: as `EpisodeWriter` takes it.
        ids: (N,) indices of the episodes.
        opened: opens the source anew, one for each of the `workers` threads that decode; None
            decodes in this one.
        workers: threads.
        clip: whether actions out of the bounds are put on them; else they are refused.
        finish: adds to an episode what its environment knows.
        progress: takes the number of episodes in the dataset and of frames written by this call.

    Returns:
        How many episodes were there already.

    Raises:
        WmpcError: the disk has no room for it, `path` holds something else, or an episode is
            damaged; those before it are kept.
    """
    path = Path(path)
    with EpisodeWriter(path, meta) as writer:
        begun = len(writer)
        if begun > len(ids):
            raise WmpcError(f"{path} has {begun} episodes already, {len(ids)} were to be imported")
        todo = [int(index) for index in ids[begun:]]
        frames = int(source.lengths[todo].sum()) + len(todo) if todo else 0
        needed, free = bytes_needed(source, frames), shutil.disk_usage(writer.path).free
        if needed > free:
            raise WmpcError(
                f"{path} would take {needed / 2**30:.1f} GiB more, the disk has "
                f"{free / 2**30:.1f} GiB left: ask for a smaller size, a lower fps, fewer cameras "
                "or fewer episodes"
            )
        low, high = bounds(writer.meta)
        written = 0
        for episode in _decoded(source, todo, opened, workers):
            if clip and "action" in episode:
                episode["action"] = np.clip(episode["action"], low, high)
            writer.append(finish(episode))
            written += int(writer.ends[-1] - (writer.ends[-2] if len(writer) > 1 else 0))
            progress(len(writer), written)
    return begun


def measured_bounds(found: Survey) -> tuple[list[float], list[float]]:
    """Take the range of the recorded actions for their bounds, where the recording states none.

    Args:
        found: what a survey found.

    Returns:
        Lower and upper bounds (A,), empty where there are no actions; where one never changes, a
        hair around it.
    """
    low, high = np.asarray(found.low, np.float32), np.asarray(found.high, np.float32)
    same = low >= high
    hair = np.maximum(np.abs(low), 1).astype(np.float32) * np.float32(1e-3)
    return np.where(same, low - hair, low).tolist(), np.where(same, high + hair, high).tolist()


def _decoded(
    source: Source, ids: Sequence[int], opened: Callable[[], Source] | None, workers: int
) -> Iterator[dict[str, np.ndarray]]:
    """The episodes in order, each whole in memory; at most `workers` wait to be written."""
    if opened is None or workers <= 1 or len(ids) < 2:
        for index in ids:
            yield _whole(source, index)
        return
    local = threading.local()
    with ExitStack() as sources, ThreadPoolExecutor(workers, "import") as pool:

        def decode(index: int) -> dict[str, np.ndarray]:
            if not hasattr(local, "source"):
                local.source = sources.enter_context(opened())
            return _whole(local.source, index)

        pending: deque[Future[dict[str, np.ndarray]]] = deque()
        try:
            for index in ids:
                pending.append(pool.submit(decode, index))
                if len(pending) > workers:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            for future in pending:
                future.cancel()


def _whole(source: Source, index: int) -> dict[str, np.ndarray]:
    try:
        episode = source.episode(index)
        return {
            name: np.ascontiguousarray(array, stored(source.columns[name]).dtype)
            for name, array in episode.items()
        }
    except WmpcError as error:
        raise WmpcError(
            f"episode {index} cannot be stored: {error}. Mend it, or leave it out with "
            f'"exclude=[{index}]"'
        ) from error


def _trouble(episode: Mapping[str, Any], steps: int) -> str | None:
    """Why the numbers of an episode cannot be stored."""
    if steps < 1:
        return "it has no step"
    for name, array in episode.items():
        if not is_name(name):
            return f"the name of column {name!r} cannot be stored"
        array = np.asarray(array)
        if array.dtype.kind == "f" and not math.isfinite(float(np.sum(array, dtype=np.float64))):
            rows = np.argwhere(~np.isfinite(array))
            if len(rows):
                return f"{name} is {array[tuple(rows[0])]} at step {rows[0][0]}"
    return None
