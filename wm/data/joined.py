"""Several datasets as one: a model is trained on the episodes of all of them."""

import hashlib
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from wmpc.errors import WmpcError
from wmpc.wm.data.format import Column, is_camera
from wmpc.wm.data.reader import Episodes
from wmpc.wm.data.rows import takers


class Joined(Episodes):
    """The episodes of several datasets, one after another.

    It is described as the first is. An episode is held out where it is in its own dataset. Where
    all are of one environment (its id; or of none that is known, as those of one robot), it has the
    columns that each of them has with rows of the same shape and type. Where they are of several,
    whose states mean different things, it has pictures and actions alone.

    Args:
        parts: two datasets or more.

    Raises:
        WmpcError: one of them has other pictures or other actions than the first, or is there
            twice.
    """

    on_disk = False

    def __init__(self, parts: Sequence[Episodes]) -> None:
        first = parts[0]
        for other in parts[1:]:
            _refuse_other(first, other)
        if len({part.hash for part in parts}) < len(parts):
            paths = ", ".join(str(part.path) for part in parts)
            raise WmpcError(f"a dataset is there twice: {paths}; name each once")
        alike = all(part.meta["env"] == first.meta["env"] for part in parts)
        shared = [
            name
            for name, column in first.columns.items()
            if (alike or is_camera(name) or name == "action")
            and all(name in part.columns and part.columns[name] == column for part in parts)
        ]
        meta = {**first.meta, "columns": {name: first.meta["columns"][name] for name in shared}}
        frames = np.cumsum([0, *(part.ends[-1] for part in parts)])
        ends = [part.ends + before for part, before in zip(parts, frames, strict=False)]
        super().__init__(first.path, meta, np.concatenate(ends))
        self.parts = tuple(parts)
        self._first_ids = np.cumsum([0, *map(len, parts)])[:-1]

    @property
    def origin(self) -> str:
        """Where the first is."""
        return self.parts[0].origin

    @property
    def train_ids(self) -> np.ndarray:
        """Indices of the episodes that are trained on in their own datasets."""
        return self._ids([part.train_ids for part in self.parts])

    @property
    def held_out_ids(self) -> np.ndarray:
        """Indices of the episodes that are held out in their own datasets."""
        return self._ids([part.held_out_ids for part in self.parts])

    @property
    def digests(self) -> np.ndarray:
        """(N, 32) uint8: the SHA-256 of each episode, with all columns of its own dataset."""
        return np.concatenate([part.digests for part in self.parts])

    @cached_property
    def hash(self) -> str:
        """Hex SHA-256 of the hashes of all datasets, in order."""
        return hashlib.sha256("".join(part.hash for part in self.parts).encode()).hexdigest()

    def frames(self, name: str) -> Any:
        """Give a column's rows of all episodes, end to end.

        Args:
            name: of the column.

        Returns:
            Rows (rows, ...), which are read when they are taken.

        Raises:
            WmpcError: not all datasets have such a column.
        """
        if name not in self.columns:
            paths = ", ".join(str(part.path) for part in self.parts)
            raise WmpcError(
                f"{paths} share no column {name!r}; they share {', '.join(sorted(self.columns))}"
            )
        return _Rows(self.parts, self.columns[name])

    def verify(self) -> None:
        """Read every episode of each dataset and compare it with its digest.

        Raises:
            WmpcError: when an episode is damaged; the message names the first.
        """
        for part in self.parts:
            part.verify()

    def _ids(self, own: Sequence[np.ndarray]) -> np.ndarray:
        return np.concatenate([i + n for i, n in zip(own, self._first_ids, strict=True)])


class _Rows:
    """A column's rows of several datasets, read when they are taken."""

    def __init__(self, parts: Sequence[Episodes], column: Column) -> None:
        counts = [column.span(part.ends, len(part) - 1)[1] for part in parts]
        self._firsts = np.cumsum([0, *counts])
        self._takes = [takers(part, [column.name])[column.name] for part in parts]
        self.dtype, self.shape = column.dtype, (int(self._firsts[-1]), *column.shape)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: Any) -> np.ndarray:
        """A row, a slice, or rows of any shape."""
        return self.take(np.arange(len(self))[rows])

    def take(self, indices: Any, axis: int = 0, out: Any = None, mode: str = "raise") -> np.ndarray:
        """Take rows (...,) as `np.take(array, indices, axis=0)` does, into a new array."""
        rows = np.arange(len(self))[indices]  # negative ones count from the end
        found = np.empty((*rows.shape, *self.shape[1:]), self.dtype)
        which = np.searchsorted(self._firsts, rows, side="right") - 1
        for number in np.unique(which):
            there = which == number
            found[there] = self._takes[number](rows[there] - self._firsts[number])
        return found


def _refuse_other(first: Episodes, other: Episodes) -> None:
    """WmpcError unless a model that takes pictures and actions of one takes those of the other."""
    facts = (_seen(first), _seen(other))
    for what, one, another in zip(
        ("actions a frame", "bounds of actions", "pictures"), *facts, strict=True
    ):
        if one != another:
            raise WmpcError(
                f"the {what} of {other.path} are {another}, of {first.path} {one}: datasets that "
                "are trained on together have the same cameras, sizes of pictures and actions"
            )


def _seen(episodes: Episodes) -> tuple[Any, ...]:
    meta, columns = episodes.meta, episodes.columns
    pictures = {name: list(columns[name].shape) for name in sorted(columns) if is_camera(name)}
    return meta["m"], (meta["action_low"], meta["action_high"]), pictures
