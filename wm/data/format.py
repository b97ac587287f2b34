"""The bytes of a dataset folder: columns, their `.npy` headers, the digest of an episode.

    meta.json          what was recorded, and how
    <column>.npy       all episodes end to end; `pixels/<camera>` lies in `pixels@<camera>.npy`
    digests.npy        (N, 32) uint8, SHA-256 of each episode
    episode_ends.npy   (N,) int64, cumulative frames: the commit point, replaced last and atomically
    .lock              held while somebody writes

Each column is a plain `.npy` file whose header has a fixed size, so that the row count in it can be
rewritten in place. Readers trust `episode_ends.npy` for that count.
"""

import hashlib
import json
import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from wmpc.errors import WmpcError

FORMAT = "wmpc-episodes"
VERSION = 1
FITS = ("squash", "crop", "pad")
"""How a picture became a square: deformed, cut to its middle, or with black edges."""
META, ENDS, DIGESTS = "meta.json", "episode_ends.npy", "digests"
IDENTITY = ("version", "env", "kwargs", "render", "m", "fps", "action_low", "action_high")
"""The keys of `meta.json` (beside `columns`) that all episodes of a dataset share."""
ROWS = {"frames", "steps", "episode"}
HEADER_BYTES = 256


@dataclass(frozen=True)
class Column:
    """One array of a dataset: `shape` is that of a row, `rows` what a row stands for.

    `rows` is "frames" (T+1 an episode), "steps" (T) or "episode" (1).
    """

    name: str
    dtype: np.dtype
    shape: tuple[int, ...]
    rows: str

    @property
    def file(self) -> str:
        """The file's name in the dataset's folder."""
        return self.name.replace("/", "@") + ".npy"

    @property
    def row_bytes(self) -> int:
        """Bytes of one row."""
        return self.dtype.itemsize * prod(self.shape)

    def header(self, rows: int) -> bytes:
        """Return the header of the column's `.npy` file (format 1.0).

        Args:
            rows: the number of rows that it states.

        Returns:
            `HEADER_BYTES` bytes, padded with spaces.

        Raises:
            WmpcError: when the shape has too many axes to fit.
        """
        text = f"{{'descr': {self.dtype.str!r}, 'fortran_order': False, "
        text += f"'shape': {(rows, *self.shape)!r}, }}"
        room = HEADER_BYTES - 10
        if len(text) >= room:
            raise WmpcError(f"column {self.name!r} has {len(self.shape)} axes, too many to store")
        magic = b"\x93NUMPY\x01\x00" + struct.pack("<H", room)
        return magic + text.ljust(room - 1).encode() + b"\n"

    def span(self, ends: np.ndarray, episode: int) -> tuple[int, int]:
        """Return which rows of the column belong to an episode.

        Args:
            ends: (N,) int64, the frames up to and including each episode.
            episode: its index, 0 to N-1.

        Returns:
            The episode's first row and the one after its last.
        """
        if self.rows == "episode":
            return episode, episode + 1
        first = int(ends[episode - 1]) if episode else 0
        stop = int(ends[episode])
        return (first, stop) if self.rows == "frames" else (first - episode, stop - episode - 1)

    def describe(self) -> dict[str, Any]:
        """Return the column's entry in `meta.json`.

        Returns:
            `dtype` as numpy's string such as "<f4", `shape` of a row as a list, and `rows`.
        """
        return {"dtype": self.dtype.str, "shape": list(self.shape), "rows": self.rows}


def is_camera(name: str) -> bool:
    """Tell whether a column of this name holds pictures.

    Args:
        name: of the column.

    Returns:
        True for `pixels` and `pixels/<camera>`.
    """
    return name.split("/")[0] == "pixels"


DIGEST_COLUMN = Column(DIGESTS, np.dtype(np.uint8), (32,), "episode")


def digest(episode: Mapping[str, np.ndarray]) -> bytes:
    """Compute the SHA-256 over the names, dtypes, shapes and bytes of an episode's columns.

    Args:
        episode: its arrays by name; they are taken in the order of their names.

    Returns:
        32 bytes.
    """
    sha = hashlib.sha256()
    for name in sorted(episode):
        array = np.ascontiguousarray(episode[name])
        sha.update(f"{name}|{array.dtype.str}|{array.shape}|".encode())
        sha.update(array.reshape(-1).view(np.uint8).data)
    return sha.digest()


def plain(meta: Mapping[str, Any]) -> dict[str, Any]:
    """Return `meta` with arrays, tuples and numpy scalars as JSON would give them back.

    Args:
        meta: settings by name; values may be nested.

    Returns:
        A copy of dicts, lists, strings, numbers, bools and None only.

    Raises:
        WmpcError: when a value is neither of numpy nor one that JSON can hold.
    """

    def default(value: Any) -> Any:
        if isinstance(value, np.ndarray | np.generic):
            return value.tolist()
        raise WmpcError(f"{value!r} ({type(value).__name__}) cannot be written to {META}")

    return json.loads(json.dumps(dict(meta), default=default))


def write_at(fd: int, offset: int, data: bytes | np.ndarray) -> None:
    """Write all of `data` at a place in an open file.

    Args:
        fd: descriptor of the file, open for writing.
        offset: bytes from the start of the file.
        data: bytes, or an array whose bytes are written in C order.
    """
    array = np.frombuffer(data, np.uint8) if isinstance(data, bytes) else data
    view = np.ascontiguousarray(array).reshape(-1).view(np.uint8).data
    while len(view):
        written = os.pwrite(fd, view, offset)
        view, offset = view[written:], offset + written
