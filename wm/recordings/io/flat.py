"""Recordings whose columns hold all episodes end to end, one row an observation, as D4RL's.

Rows `first` to `last` of an episode are its observations. Without `next_observations` the action of
the last row leads nowhere: T+1 rows, T actions. With it every row is a step, and the observation
after the last one is the last row of `next_observations`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from wmpc.errors import WmpcError
from wmpc.wm.data.format import Column
from wmpc.wm.recordings.io.array import Array
from wmpc.wm.recordings.io.pictures import picture_layout, stacked
from wmpc.wm.recordings.source import Frames, Source

STEPS = {"rewards", "masks", "terminals", "timeouts", "valids"}
"""Columns that tell of the action of their row, not of its observation."""
NEXT = "next_observations"
MOST_ROWS = 2**28
"""Of a file; each takes a byte or two while episodes are told apart."""
MOST_EPISODES = 2**22
"""Of a file; each takes some hundred bytes, 1 GiB in all."""


@dataclass(frozen=True)
class Table:
    """Columns of the same N rows; `ends` (N,) bool marks the last row of each episode."""

    what: str
    arrays: Mapping[str, Array]
    ends: np.ndarray

    def episodes(self) -> tuple[list[tuple[int, int]], list[str]]:
        """Cut the rows into episodes.

        Returns:
            Ranges (first, stop) of rows, and notes on what is unusual.

        Raises:
            WmpcError: there are more rows or episodes than are read.
        """
        if len(self.ends) > MOST_ROWS or np.count_nonzero(self.ends) > MOST_EPISODES:
            raise WmpcError(
                f"{self.what} has {len(self.ends)} rows, {np.count_nonzero(self.ends)} episodes; "
                f"at most {MOST_ROWS} and {MOST_EPISODES} are read: cut it into several files"
            )
        stops = (np.flatnonzero(self.ends) + 1).tolist()
        notes = []
        if len(self.ends) and not self.ends[-1]:
            stops.append(len(self.ends))
            notes.append(f"the last episode of {self.what} was not finished")
        least = 1 if NEXT in self.arrays else 2
        ranges = list(zip([0, *stops[:-1]], stops, strict=True))
        if short := sum(stop - first < least for first, stop in ranges):
            notes.append(f"{short} episodes of {self.what} hold no step: left out")
        return [(first, stop) for first, stop in ranges if stop - first >= least], notes


class Followed(Frames):
    """Pictures, and one more after the last."""

    def __init__(self, frames: Frames, last: Frames) -> None:
        if frames.shape[1:] != last.shape[1:]:
            raise WmpcError(f"the next pictures are {last.shape[1:]}, not {frames.shape[1:]}")
        super().__init__((len(frames) + 1, *frames.shape[1:]))
        self.frames, self.last = frames, last

    def decode(self, rows: np.ndarray) -> Iterator[np.ndarray]:
        """Decode the pictures of ascending, distinct rows.

        Args:
            rows: (n,) which.

        Yields:
            (H, W, 3) uint8 of each.
        """
        inside = rows[rows < len(self.frames)]
        yield from self.frames.decode(inside)
        if len(inside) < len(rows):
            yield self.last[0]


class Flat(Source):
    """A reader calls `_lay_out` with what it found; the first table's columns are those of all."""

    def _lay_out(self, tables: Mapping[str, Table]) -> None:
        """`tables` are the recorded splits by name; one alone is no split."""
        self._rows: list[tuple[Table, int, int]] = []
        splits, notes = {}, []
        for split, table in tables.items():
            ranges, remarks = table.episodes()
            splits[split] = list(range(len(self._rows), len(self._rows) + len(ranges)))
            self._rows += [(table, first, stop) for first, stop in ranges]
            notes += remarks
        if not self._rows:
            raise WmpcError(f"{self.path} holds no episode of two observations: it cannot be used")
        table = next(iter(tables.values()))
        for other in tables.values():
            _agree(table, other)
        self._next = NEXT in table.arrays
        self._tell_pictures(table, *self._rows[0][1:])
        self.lengths = np.array([stop - first - (not self._next) for _, first, stop in self._rows])
        self._sources: dict[str, str] = {}
        self.columns = {}
        left = dict(self.about.left_out)
        for key, array in table.arrays.items():
            if key == NEXT:
                continue
            if not self._next and key in ("terminals", "timeouts", "valids"):
                left[key] = "says where episodes end, and they are cut there"
                continue
            column = self._column(key, array)
            self._sources[column.name], self.columns[column.name] = key, column
        if not self._next:
            notes.append("the last action of each episode led nowhere that was recorded: left out")
        else:
            notes.append("of the last frame of an episode nothing but the observation is recorded")
        self.about = replace(
            self.about,
            splits=splits if len(tables) > 1 else {},
            notes=(*self.about.notes, *notes, *self._remarks(table)),
            left_out=left,
        )

    def _tell_pictures(self, table: Table, first: int, stop: int) -> None:
        """Tell by the first rows of an episode whether pictures are stacked grey ones."""
        array = table.arrays["observations"]
        layout = picture_layout(array.shape[1:], array.dtype)
        if layout is None:
            return
        layout = stacked(layout, array.read(first, min(first + 3, stop)))
        for each, *_ in self._rows:
            for key in ("observations", NEXT):
                if key in each.arrays:
                    each.arrays[key].layout = layout
        if note := layout.note("observations"):
            self.about = replace(self.about, notes=(*self.about.notes, note))

    def _column(self, key: str, array: Array) -> Column:
        """The column that an array becomes; WmpcError where it cannot be what its name says."""
        row, dtype = array.shape[1:], array.numbers
        frames = key == "observations" or not (self._next or _of_action(key))
        rows = "frames" if frames else "steps"
        if key == "observations":
            layout = picture_layout(row, dtype)
            if layout is not None:
                return Column("pixels", dtype, layout.shape, rows)
            if len(row) <= 1:
                return Column("proprio", np.dtype(np.float32), row or (1,), rows)
        if key == "actions":
            if len(row) > 1 or 0 in row:
                raise WmpcError(f"{array.what} has shape {array.shape}; it should be (N, A)")
            return Column("action", np.dtype(np.float32), (1, *(row or (1,))), rows)
        return Column("reward" if key == "rewards" else key, dtype, row, rows)

    def _remarks(self, table: Table) -> list[str]:
        notes = []
        for key in ("observations", "actions"):
            array = table.arrays[key]
            if array.dtype != np.float32 and not (
                key == "observations" and "pixels" in self.columns
            ):
                notes.append(f"{key} are {array.dtype}: kept as float32")
        return notes

    def _read(self, index: int, names: Sequence[str]) -> dict[str, Any]:
        return {name: self._part(name, *self._rows[index]) for name in names}

    def _part(self, name: str, table: Table, first: int, stop: int) -> Any:
        key, column = self._sources[name], self.columns[name]
        array = table.arrays[key]
        if key == "observations" and self._next:
            return self._followed(column, table, first, stop)
        if name == "pixels":
            return array.frames(first, stop)
        last = stop if self._next or column.rows == "frames" else stop - 1
        values = array.read(first, last)
        return values.astype(column.dtype, copy=False).reshape(len(values), *column.shape)

    def _followed(self, column: Column, table: Table, first: int, stop: int) -> Any:
        """The observations and the one after the last; WmpcError where they are no sequence."""
        now, then = table.arrays["observations"], table.arrays[NEXT]
        if column.name == "pixels":
            # All pictures would have to be decoded: the last pair says whether they are shifted.
            last = slice(max(first, stop - 2), stop - 1)
            seen, follows = (
                now.frames(last.start + 1, stop)[:],
                then.frames(last.start, last.stop)[:],
            )
            _same(table, seen[: len(follows)], follows, last.start)
            return Followed(now.frames(first, stop), then.frames(stop - 1, stop))
        values, follows = now.read(first, stop), then.read(first, stop)
        _same(table, values[1:], follows[:-1], first)
        out = np.concatenate([values, follows[-1:]]).astype(column.dtype)
        return out.reshape(len(out), *column.shape)


def read_flags(array: Array) -> np.ndarray:
    """Read a column that says where episodes end.

    Args:
        array: of one zero or one a row.

    Returns:
        (N,) bool.

    Raises:
        WmpcError: it is no such column.
    """
    flags = array.read()
    if flags.size != len(flags) or not np.isin(flags, (0, 1)).all():
        raise WmpcError(f"{array.what} should be (N,) of zeros and ones")
    return flags.reshape(-1).astype(bool)


def check_next(arrays: Mapping[str, Array]) -> None:
    """Compare the form of the next observations with that of the observations.

    Args:
        arrays: columns by recorded name.

    Raises:
        WmpcError: they differ.
    """
    now, then = arrays["observations"], arrays.get(NEXT)
    if then is not None and (now.shape, now.dtype) != (then.shape, then.dtype):
        raise WmpcError(
            f"{then.what} is {then.dtype} {then.shape}, observations are {now.dtype} {now.shape}"
        )


def _of_action(key: str) -> bool:
    return key in STEPS or key == "actions" or key.startswith("infos/action")


def _same(table: Table, seen: np.ndarray, stated: np.ndarray, first: int) -> None:
    """Raise WmpcError unless what follows row `first` on is what is stated to."""
    differs = (seen != stated) & ~((seen != seen) & (stated != stated))
    if differs.any():
        row = first + int(np.argwhere(differs)[0][0])
        raise WmpcError(
            f"{table.what} is inconsistent: {NEXT} of row {row} is not the observation of row "
            f"{row + 1}, though no episode ends there"
        )


def _agree(table: Table, other: Table) -> None:
    for key in table.arrays.keys() | other.arrays.keys():
        one, two = table.arrays.get(key), other.arrays.get(key)
        if one is None or two is None or (one.shape[1:], one.dtype) != (two.shape[1:], two.dtype):
            sides = [f"{a.dtype} {a.shape[1:]}" if a else "nothing" for a in (one, two)]
            raise WmpcError(f"{key} is {sides[0]} in {table.what}, but {sides[1]} in {other.what}")
