"""Writing a dataset: an episode is stored whole or not at all, whatever kills the process.

The rows of an episode are on the disk before `episode_ends.npy` counts it, so that neither a kill
nor a power cut takes an episode whose `append` has returned.
"""

import io
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np

from wmpc.errors import WmpcError
from wmpc.system.disk import (
    acquire,
    flush,
    naming,
    remove_leftovers,
    replace_file,
    settle,
    unfinished,
)
from wmpc.system.links import open_in_place
from wmpc.system.shipped import refuse_shipped
from wmpc.wm.data.description import read_meta
from wmpc.wm.data.format import DIGEST_COLUMN, ENDS, HEADER_BYTES, META, Column, digest, write_at
from wmpc.wm.data.reader import open_episodes
from wmpc.wm.data.validate import (
    check_columns,
    check_episode,
    check_settings,
    complete,
    count_steps,
    has_actions,
    infer_columns,
)


class EpisodeWriter:
    """Appends episodes to a dataset folder, new or existing.

        with EpisodeWriter("data/mine", meta) as writer:
            index = writer.append({"pixels": ..., "action": ...})

    `meta` needs `env` (a name), `fps` (frames a second), and `action_low` and `action_high` (A,),
    without which episodes have no column `action`, as videos; it may have `kwargs` and `render`
    (settings that all episodes share), `m` (actions a frame, else taken from the first episode) and
    `source` (policy, seed, versions: recorded, not compared).
    Opening changes nothing on disk before the first `append`. Raises WmpcError where an existing
    dataset was recorded with other settings, where the folder holds something else, or where
    another process is writing to it.
    """

    def __init__(self, path: str | Path, meta: Mapping[str, Any]):
        refuse_shipped(path, "a dataset")
        self.path = Path(path)
        self.meta = complete(meta)
        self.ends = np.zeros(0, np.int64)
        self.columns: dict[str, Column] = {}
        self._files: dict[str, int] = {}
        _refuse_foreign(self.path)
        if not self.path.exists():
            self.path.mkdir(parents=True, exist_ok=True)
            flush(self.path.parent)
        self._lock = acquire(self.path, "writing to")
        try:
            remove_leftovers(self.path)
            if (self.path / ENDS).exists():
                existing = open_episodes(self.path)
                check_settings(self.path, existing.meta, self.meta)
                self.columns, self.ends = existing.columns, existing.ends
                self.meta = {**existing.meta, "source": self.meta["source"]}
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __len__(self) -> int:
        return len(self.ends)

    def append(self, episode: Mapping[str, np.ndarray]) -> int:
        """Store one episode; once this returns, nothing can lose it.

        Args:
            episode: its arrays by name, each with T+1 rows (frames) or T rows (steps), except
                `variation` (V,). `action` is (T, m, A), and there is none where `meta` states no
                bounds; pictures are (T+1, H, W, 3) uint8. `wmpc.wm.data.validate.DTYPES` lists the
                other dtypes that are fixed.

        Returns:
            The episode's index.

        Raises:
            WmpcError: when the writer is closed; or, with nothing written, when a column is
                missing, new, of another dtype or shape, of a length that is neither T+1 nor T, not
                finite, or an action is out of bounds.
        """
        if self._lock is None:
            raise WmpcError(f"this writer of {self.path} is closed: open another one")
        index = len(self)
        episode = {name: np.asarray(array) for name, array in episode.items()}
        columns = infer_columns(episode, index, has_actions(self.meta))
        if self.columns:
            check_columns(self.path, self.columns, columns, index)
        check_episode(episode, columns, index, self.meta)
        if len(self._files) < len(self._stored()):
            self._begin(columns)
        frames = count_steps(episode, index, has_actions(self.meta)) + 1
        ends = np.append(self.ends, (self.ends[-1] if index else 0) + frames)
        stored = {**episode, DIGEST_COLUMN.name: np.frombuffer(digest(episode), np.uint8)}
        for column in self._stored():
            offset = HEADER_BYTES + column.span(ends, index)[0] * column.row_bytes
            with naming(self.path / column.file):
                write_at(self._files[column.name], offset, stored[column.name])
        for column in self._stored():
            with naming(self.path / column.file):
                settle(self._files[column.name])
        buffer = io.BytesIO()
        np.save(buffer, ends)
        replace_file(self.path / ENDS, buffer.getvalue())
        self.ends = ends
        self._write_headers()
        return index

    def close(self) -> None:
        """Let others write."""
        for fd in self._files.values():
            os.close(fd)
        self._files = {}
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _begin(self, columns: dict[str, Column]) -> None:
        """State the settings, and cut off what an interrupted writer left behind."""
        self.columns = self.columns or columns
        meta = {key: value for key, value in self.meta.items() if key != "source"}
        m = columns["action"].shape[0] if "action" in columns else 1
        meta: dict[str, Any] = {"m": m} | meta
        meta["columns"] = {name: column.describe() for name, column in self.columns.items()}
        source = self.meta["source"]
        sources = [s for s in meta.get("sources", []) if s["first_episode"] < len(self)]
        if not sources or {**sources[-1], "first_episode": 0} != {**source, "first_episode": 0}:
            sources.append({"first_episode": len(self), **source})
        meta["sources"] = sources
        replace_file(self.path / META, (json.dumps(meta, indent=1) + "\n").encode())
        for column in self._stored():
            fd = open_in_place(self.path / column.file)
            self._files[column.name] = fd
            with naming(self.path / column.file):
                os.ftruncate(fd, HEADER_BYTES + self._rows(column) * column.row_bytes)
        self._write_headers()

    def _stored(self) -> tuple[Column, ...]:
        return (*self.columns.values(), DIGEST_COLUMN)

    def _rows(self, column: Column) -> int:
        return column.span(self.ends, len(self) - 1)[1] if len(self) else 0

    def _write_headers(self) -> None:
        """Let each file state its committed rows, for a plain `np.load(file, mmap_mode="r")`."""
        for column in self._stored():
            with naming(self.path / column.file):
                write_at(self._files[column.name], 0, column.header(self._rows(column)))


def _refuse_foreign(path: Path) -> None:
    """Raise WmpcError unless `path` is absent, empty, or a dataset (begun or complete)."""
    if path.exists() and (not path.is_dir() or not all(map(unfinished, os.listdir(path)))):
        try:
            read_meta(path)
        except WmpcError as error:
            raise WmpcError(f"{error}; episodes go to a new folder or to a dataset") from None
