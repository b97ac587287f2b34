"""Training straight from a recording of another format: decoded once, kept while there is room.

Numbers are read when it is opened; pictures are decoded when they are first asked for and kept in a
cache of stated size, from which the oldest go first. With a cache that holds them all, every
picture is decoded once; with a smaller one an epoch costs about what the first did.
"""

import hashlib
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from wmpc.errors import WmpcError
from wmpc.wm.data.format import digest
from wmpc.wm.data.reader import Episodes
from wmpc.wm.data.validate import bounds, complete, stored
from wmpc.wm.recordings.importing import Survey, survey
from wmpc.wm.recordings.source import Source

GIB = 2**30


class CachedFrames:
    """All frames of one camera, episodes end to end, as an array (F, H, W, 3) would give them.

    Args:
        source: what decodes, episode by episode.
        camera: its picture column.
        ids: (N,) which of its episodes these are.
        ends: (N,) cumulative frames.
        room: frames kept at most; at least one batch's must fit.
        lock: held while frames are taken. Batches are drawn in a thread while others evaluate, and
            readers know one thread only, so all cameras of a source share one.
    """

    dtype = np.dtype(np.uint8)

    def __init__(
        self,
        source: Source,
        camera: str,
        ids: np.ndarray,
        ends: np.ndarray,
        room: int,
        lock: Any,
    ) -> None:
        self.source, self.camera, self.ids, self.ends = source, camera, ids, ends
        total = int(ends[-1])
        self.shape = (total, *source.columns[camera].shape)
        room = min(max(room, 1), total)
        self.holds_all = room == total
        self._kept = np.empty((room, *self.shape[1:]), np.uint8)
        self._slot = np.full(total, -1, np.int64)
        self._row = np.full(room, -1, np.int64)
        self._next = 0
        self._lock = lock
        self.decoded = 0
        """Frames decoded so far."""

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: Any) -> np.ndarray:
        """A slice, or rows of any shape."""
        return self.take(np.arange(len(self))[rows])

    def take(self, indices: Any, axis: int = 0, out: Any = None, mode: str = "raise") -> np.ndarray:
        """Take frames as `np.take(array, indices, axis=0)` does, decoding those that are not kept.

        Args:
            indices: rows, of any shape.
            axis: 0; there for numpy's sake.
            out: an array to fill; None: a new one.
            mode: not looked at; there for numpy's sake.

        Returns:
            (*indices.shape, H, W, 3) uint8. More at once than the cache holds are a WmpcError.
        """
        with self._lock:
            return self._take(indices, out)

    def _take(self, indices: Any, out: Any) -> np.ndarray:
        rows = np.asarray(indices)
        wanted = np.unique(rows)
        if len(wanted) > len(self._row):
            raise WmpcError(
                f"{len(wanted)} pictures were asked for at once, the cache holds "
                f"{len(self._row)}: give it more room or take smaller batches"
            )
        missing = wanted[self._slot[wanted] < 0]
        if len(missing):
            present = self._slot[wanted[self._slot[wanted] >= 0]]
            for episode in np.unique(np.searchsorted(self.ends, missing, side="right")):
                self._decode(int(episode), missing, present)
        found = self._kept[self._slot[rows]]
        if out is None:
            return found
        np.copyto(out, found)
        return out

    def _decode(self, episode: int, missing: np.ndarray, present: np.ndarray) -> None:
        """Bring the missing rows of an episode into the cache, without those `present` leaving;
        all of the episode's where everything fits, as a video is cheapest read in one go."""
        first = int(self.ends[episode - 1]) if episode else 0
        inside = missing[(missing >= first) & (missing < self.ends[episode])] - first
        frames = self.source.episode(int(self.ids[episode]), [self.camera])[self.camera]
        if self.holds_all:
            inside = np.arange(len(frames))
        pictures = np.asarray(frames[inside])
        self.decoded += len(pictures)
        protected = set(present.tolist())
        for row, picture in zip(first + inside, pictures, strict=True):
            while self._next in protected:
                self._next = (self._next + 1) % len(self._row)
            slot, self._next = self._next, (self._next + 1) % len(self._row)
            protected.add(slot)
            if self._row[slot] >= 0:
                self._slot[self._row[slot]] = -1
            self._row[slot], self._slot[row] = row, slot
            self._kept[slot] = picture


class Direct(Episodes):
    """A recording of another format, seen through `source`, as if it had been imported.

    Args:
        source: a view with square pictures of one size.
        meta: as `EpisodeWriter` takes it.
        cache: bytes of decoded pictures kept, over all cameras.
        clip: whether actions out of the bounds are put on them.
        ids: the episodes of the source to use, in this order; None: all.
        numbers: of these, as `read_numbers` gives them, where they have been read already.

    WmpcError where an episode is damaged.
    """

    on_disk = False

    def __init__(
        self,
        source: Source,
        meta: Mapping[str, Any],
        cache: int = 2 * GIB,
        clip: bool = False,
        ids: Sequence[int] | np.ndarray | None = None,
        numbers: Mapping[str, np.ndarray] | None = None,
    ) -> None:
        self.source = source
        columns = {name: stored(column) for name, column in source.columns.items()}
        described = {name: column.describe() for name, column in columns.items()}
        self.ids = np.arange(len(source)) if ids is None else np.asarray(ids, np.int64)
        ends = np.cumsum(source.lengths[self.ids] + 1)
        known = {**complete(meta), "columns": described, "sources": []}
        known.setdefault("m", columns["action"].shape[0] if "action" in columns else 1)
        super().__init__(Path(source.path), known, ends)
        if numbers is None:
            numbers, found = read_numbers(source, self.ids)
            for index, why in found.refused.items():
                raise WmpcError(
                    f"episode {index} of {self.path} is damaged or not finite ({why}): `wmpc data "
                    "check` says more; leave it out"
                )
        self._numbers = dict(numbers)
        if clip and "action" in numbers:
            self._numbers["action"] = np.clip(numbers["action"], *bounds(known))
        frame_bytes = sum(columns[name].row_bytes for name in source.cameras)
        lock = threading.Lock()
        self.cameras = {
            name: CachedFrames(source, name, self.ids, ends, cache // max(frame_bytes, 1), lock)
            for name in source.cameras
        }

    @property
    def origin(self) -> str:
        """The recording's path, made absolute, or its URL."""
        url = self.source.path
        return url if "://" in url else str(Path(url).resolve())

    @property
    def held(self) -> int:
        """Frames of a camera that the cache holds."""
        return len(next(iter(self.cameras.values()))._row)

    @cached_property
    def hash(self) -> str:
        """Hex SHA-256 of the settings and of every number, pictures apart: they are not decoded
        for it."""
        sha = hashlib.sha256(json.dumps(self.meta, sort_keys=True).encode())
        sha.update(digest(self._numbers))
        sha.update(self.ends.tobytes())
        return sha.hexdigest()

    def frames(self, name: str) -> Any:
        """Give a column of all episodes end to end.

        Args:
            name: of the column.

        Returns:
            An array (rows, ...); of a camera `CachedFrames`, which decode what is taken from them.
        """
        if name in self.cameras:
            return self.cameras[name]
        return self._numbers[name] if name in self._numbers else super().frames(name)

    def verify(self) -> None:
        """Refuse: a recording of another format has no digests.

        Raises:
            WmpcError: always.
        """
        raise WmpcError(f"{self.path} has no digests to compare with: import it first")


def read_numbers(
    source: Source,
    ids: Sequence[int] | np.ndarray,
    progress: Callable[[int], None] = lambda done: None,
) -> tuple[dict[str, np.ndarray], Survey]:
    """Read every number of some episodes in one pass.

    Args:
        source: the recording.
        ids: (N,) indices of the episodes.
        progress: takes the number of episodes read so far.

    Returns:
        By column, the rows (rows, ...) of the episodes end to end, read-only, those of an episode
        that is refused zero; and what was found in them.
    """
    columns = {n: stored(c) for n, c in source.columns.items() if n not in source.cameras}
    ends = np.cumsum(source.lengths[ids] + 1)
    rows = {n: column.span(ends, len(ends) - 1)[1] for n, column in columns.items()}
    numbers = {n: np.zeros((rows[n], *c.shape), c.dtype) for n, c in columns.items()}

    def keep(place: int, episode: Mapping[str, np.ndarray]) -> None:
        for name, column in columns.items():
            first, stop = column.span(ends, place)
            numbers[name][first:stop] = episode[name]

    found = survey(source, ids, progress, keep)
    for array in numbers.values():
        array.flags.writeable = False
    return numbers, found
