"""Reading a dataset: memory-mapped columns, cut into episodes by `episode_ends.npy`."""

import hashlib
import json
import warnings
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from wmpc.errors import WmpcError, WmpcWarning
from wmpc.system.links import refuse_outside
from wmpc.system.npy_file import read_npy
from wmpc.system.shipped import locate_data
from wmpc.wm.data.description import read_columns, read_meta
from wmpc.wm.data.format import DIGEST_COLUMN, ENDS, HEADER_BYTES, IDENTITY, META, Column, digest

HELD_OUT = 10
"""Every tenth episode is held out of training."""


class Episodes:
    """The committed episodes of a dataset, as of when it was opened; nothing is read until used."""

    on_disk = True
    """Whether every column is a file of its own in `path`."""

    def __init__(self, path: Path, meta: dict[str, Any], ends: np.ndarray):
        self.path = path
        self.meta = meta
        self.ends = ends
        """(N,) int64: the number of frames up to and including each episode."""
        self.columns: dict[str, Column] = read_columns(meta)
        self._mapped: dict[str, np.ndarray] = {}

    def __len__(self) -> int:
        return len(self.ends)

    @property
    def origin(self) -> str:
        """Where the dataset is, for whoever looks for it later."""
        return str(self.path.resolve())

    @property
    def lengths(self) -> np.ndarray:
        """(N,) int64: the steps T of each episode; it has T+1 frames."""
        return np.diff(self.ends, prepend=0) - 1

    @property
    def train_ids(self) -> np.ndarray:
        """Indices of the episodes to train on: all but the held-out ones."""
        ids = np.arange(len(self))
        return ids[ids % HELD_OUT != HELD_OUT - 1]

    @property
    def held_out_ids(self) -> np.ndarray:
        """Indices with `index % 10 == 9`: a rule that no later append changes."""
        return np.arange(HELD_OUT - 1, len(self), HELD_OUT)

    @property
    def digests(self) -> np.ndarray:
        """(N, 32) uint8: the SHA-256 of each episode."""
        return self._map(DIGEST_COLUMN)

    @cached_property
    def hash(self) -> str:
        """Hex SHA-256 of what was recorded: settings, columns and the digest of every episode."""
        identity = {key: self.meta.get(key) for key in (*IDENTITY, "columns")}
        sha = hashlib.sha256(json.dumps(identity, sort_keys=True).encode())
        sha.update(self.digests.tobytes())
        return sha.hexdigest()

    def frames(self, name: str) -> np.ndarray:
        """Return a column's rows of all episodes, end to end.

        Args:
            name: of the column.

        Returns:
            (rows, ...) of the column's dtype, memory-mapped and read-only. Rows are frames, steps
            or episodes: see `columns[name].rows`.

        Raises:
            WmpcError: when the dataset has no such column.
        """
        if name not in self.columns:
            raise WmpcError(
                f"{self.path} has no column {name!r}; it has {', '.join(sorted(self.columns))}"
            )
        return self._map(self.columns[name])

    def episode(self, index: int) -> dict[str, np.ndarray]:
        """Return an episode as it was appended.

        Args:
            index: of the episode, -N to N-1; a negative one counts from the end.

        Returns:
            By name, read-only views: (T+1, ...) of frames, (T, ...) of steps, and the one row of a
            column of episodes, such as (V,).

        Raises:
            WmpcError: when there is no such episode.
        """
        if not -len(self) <= index < len(self):
            raise WmpcError(f"{self.path} has {len(self)} episodes; there is no episode {index}")
        index %= len(self)
        arrays = {}
        for name, column in self.columns.items():
            first, stop = column.span(self.ends, index)
            rows = self.frames(name)
            arrays[name] = rows[first] if column.rows == "episode" else rows[first:stop]
        return arrays

    def verify(self) -> None:
        """Read every episode and compare it with its digest.

        Raises:
            WmpcError: when an episode is damaged; the message names the first.
        """
        for index in range(len(self)):
            if digest(self.episode(index)) != self.digests[index].tobytes():
                raise WmpcError(f"episode {index} of {self.path} is damaged: its digest differs")

    def _map(self, column: Column) -> np.ndarray:
        if column.name not in self._mapped:
            shape = (column.span(self.ends, len(self) - 1)[1], *column.shape)
            self._mapped[column.name] = (
                np.zeros(shape, column.dtype)  # an empty row cannot be mapped
                if column.row_bytes == 0
                else np.asarray(
                    np.memmap(self.path / column.file, column.dtype, "r", HEADER_BYTES, shape)
                )
            )
        return self._mapped[column.name]


def open_episodes(path: str | Path) -> Episodes:
    """Open a dataset folder for reading.

    Where a file ends too early, the episodes before are opened and a WmpcWarning says so. The
    content of the columns is not read here; `Episodes.verify` compares it with the digests.

    Args:
        path: the folder, or the name of what is shipped, such as "shipped:reacher".

    Returns:
        Its episodes.

    Raises:
        WmpcError: when the folder is missing, empty, foreign or damaged, or no episode is whole.
    """
    path = locate_data(path)
    episodes = Episodes(path, read_meta(path), read_ends(path))
    stored = (*episodes.columns.values(), DIGEST_COLUMN)
    whole, file = min((count_whole(path, column, episodes.ends), column.file) for column in stored)
    if whole == len(episodes):
        return episodes
    if whole == 0:
        raise WmpcError(f"{path / file} is truncated within the first episode: collect anew")
    warnings.warn(
        f"{path / file} ends within episode {whole} of {len(episodes)}, as after an incomplete "
        f"copy or a power cut: the {whole} before it are used, and the next episode that is "
        f"written to {path} takes its place",
        WmpcWarning,
        stacklevel=2,
    )
    return Episodes(path, episodes.meta, episodes.ends[:whole])


def read_ends(path: Path) -> np.ndarray:
    """Read `episode_ends.npy` of a dataset.

    Args:
        path: the dataset's folder.

    Returns:
        (N,) int64, N >= 1: the frames up to and including each episode.

    Raises:
        WmpcError: when the file is missing, lies outside the folder through a link, holds anything
            but one int64 an episode, or an episode adds fewer than two frames.
    """
    if not (path / ENDS).exists():
        raise WmpcError(f"{path} has no complete episode (no {ENDS}): collect some first")
    ends = read_npy(refuse_outside(path / ENDS, path))
    if ends.dtype != np.int64 or ends.ndim != 1:
        raise WmpcError(f"{path / ENDS} is damaged: it should hold one int64 an episode")
    if len(ends) == 0 or ends.min() < 2 or np.any(np.diff(ends, prepend=0) < 2):
        raise WmpcError(f"{path / ENDS} is damaged: each episode should add at least two frames")
    return ends


def count_whole(path: Path, column: Column, ends: np.ndarray) -> int:
    """Count the episodes, from the first, that a column's file holds whole.

    Args:
        path: the dataset's folder.
        column: whose file is looked at.
        ends: (N,) int64, the frames up to and including each episode.

    Returns:
        0 to N; N for a column whose rows have no bytes.

    Raises:
        WmpcError: when the file is missing, lies outside the folder through a link, or its header
            is not the column's.
    """
    file = refuse_outside(path / column.file, path)
    if not file.is_file():
        raise WmpcError(f"{path} is incomplete: {META} declares {column.name!r}, {file} is missing")
    # The row count in the header may lag behind what is committed (a kill), so it is not compared.
    if read_header(file) != (column.shape, column.dtype):
        raise WmpcError(f"{file} is damaged or foreign: its header is not that of {column.name!r}")
    if column.row_bytes == 0:
        return len(ends)
    count = np.arange(1, len(ends) + 1)
    stops = {"frames": ends, "steps": ends - count, "episode": count}[column.rows]
    rows = (file.stat().st_size - HEADER_BYTES) // column.row_bytes
    return int(np.searchsorted(stops, rows, side="right"))


def read_header(file: Path) -> tuple[tuple[int, ...], np.dtype] | None:
    """Read the header of a column's file.

    Args:
        file: its path.

    Returns:
        The shape of a row and the dtype that it states; None where the file is no `.npy` file of
        format 1.0 with a header of `HEADER_BYTES` bytes and at least one axis.
    """
    with file.open("rb") as stream:
        try:
            np.lib.format.read_magic(stream)
            shape, _, dtype = np.lib.format.read_array_header_1_0(stream)
        except Exception:  # as above
            return None
        return (shape[1:], dtype) if stream.tell() == HEADER_BYTES and shape else None
