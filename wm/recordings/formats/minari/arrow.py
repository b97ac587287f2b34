"""Minari's Arrow and Parquet files: a folder an episode, one table in it, structs for Dict spaces.

Arrow files on this machine are mapped, so that only the rows asked for are read; Parquet is decoded
in batches of a few rows.
"""

from collections.abc import Iterator, Mapping
from math import prod
from typing import Any

import numpy as np

from wmpc.errors import WmpcError
from wmpc.wm.recordings.formats.minari.spaces import Path
from wmpc.wm.recordings.io.array import Array
from wmpc.wm.recordings.io.files import Place, damage, extra
from wmpc.wm.recordings.io.hdf5 import DEEPEST

BATCH = 64
"""Rows of a Parquet file that are decoded at once."""


class ArrowFiles:
    """`<episode>/part-0.arrow` (or `.parquet`), and `<episode>/metadata.json`."""

    padded = True
    """Whether actions, rewards and the like have the T+1 rows of the observations."""

    def __init__(self, place: Place, inside: str, kind: str) -> None:
        self.place, self.inside, self.kind = place, inside, kind
        self.what = place.name(inside.rstrip("/"))
        extra("pyarrow", f"reading {self.what}")
        self.parts: dict[int, list[str]] = {}
        for name in place.glob(f"{inside}*/*.{kind}"):
            folder = name.split("/")[-2]
            if folder.isdigit():
                self.parts.setdefault(int(folder), []).append(name)
        self.ids = sorted(self.parts)

    def arrays(self, episode: int) -> dict[Path, Array]:
        """Find the arrays of an episode.

        Args:
            episode: its number.

        Returns:
            Them by path, none of them read.

        Raises:
            WmpcError: the episode's file is damaged, or it has several.
        """
        if len(self.parts[episode]) != 1:
            raise WmpcError(
                f"episode {episode} of {self.what} lies in {len(self.parts[episode])} files, "
                "whose order is not known: write it as one"
            )
        table = Table(self.place, self.parts[episode][0], self.kind)
        return {
            path: ArrowArray(table, path, kind, shape)
            for path, kind, shape in table.leaves()
            if path[0] != "episode_id"
        }

    def stated(self, episode: int) -> Mapping[str, Any]:
        """Read what is stated of an episode.

        Args:
            episode: its number.

        Returns:
            Its `metadata.json`; empty where there is none.
        """
        name = f"{self.inside}{episode}/metadata.json"
        return self.place.json(name) if self.place.exists(name) else {}

    def close(self) -> None:
        """Do nothing: files are open only while they are read."""


class Table:
    """One file: record batches of the same schema."""

    def __init__(self, place: Place, name: str, kind: str) -> None:
        self.place, self.name, self.kind = place, name, kind
        self.what = place.name(name)
        self._pa = extra("pyarrow", f"reading {self.what}")
        if kind == "parquet":
            self._parquet = extra("pyarrow.parquet", f"reading {self.what}")
        with damage(self.what), self._open() as file:
            self.schema = file.schema_arrow if kind == "parquet" else file.schema
            if kind == "parquet":
                self.rows = int(file.metadata.num_rows)
            else:
                self.rows = sum(
                    file.get_batch(index).num_rows for index in range(file.num_record_batches)
                )

    def _open(self) -> Any:
        if self.place.is_local:
            source = self._pa.memory_map(self.what)
        else:
            source = self._pa.PythonFile(self.place.open(self.name), mode="r")
        if self.kind == "parquet":
            return self._parquet.ParquetFile(source, memory_map=self.place.is_local)
        return self._pa.ipc.open_file(source)

    def leaves(self) -> list[tuple[Path, Any, tuple[int, ...] | None]]:
        """Find the columns that are no structs, those inside structs included.

        Returns:
            Path, Arrow type and, where it is stated, as of infos, the shape of a row of each.

        Raises:
            WmpcError: structs are nested too deeply.
        """
        found: list[tuple[Path, Any, tuple[int, ...] | None]] = []

        def walk(fields: Any, path: Path) -> None:
            if len(path) > DEEPEST:
                raise WmpcError(f"{self.what} has more than {DEEPEST} structs inside each other")
            for field in fields:
                inner = (*path, field.name)
                if self._pa.types.is_struct(field.type):
                    walk([field.type.field(i) for i in range(field.type.num_fields)], inner)
                else:
                    stated = (field.metadata or {}).get(b"shape")
                    shape = None if not stated else tuple(map(int, stated.split(b",")))
                    found.append((inner, field.type, shape))

        with damage(self.what):
            walk(self.schema, ())
        return found

    def blocks(self, path: Path, rows: np.ndarray) -> Iterator[tuple[int, Any]]:
        """Read the batches of a column in which some rows lie.

        Args:
            path: of the column.
            rows: (n,) ascending.

        Yields:
            The first row and the Arrow array of each batch.

        Raises:
            WmpcError: the file is damaged, or has other rows than it states.
        """
        with damage(self.what), self._open() as file:
            first = 0
            for batch in self._batches(file, path):
                stop = first + batch.num_rows
                if np.searchsorted(rows, first) < np.searchsorted(rows, stop):
                    array = batch.column(batch.schema.get_field_index(path[0]))
                    for name in path[1:]:
                        array = array.field(name)
                    array.validate(full=True)
                    yield first, array
                first = stop
            if first != self.rows:
                raise WmpcError(f"{self.what} has {first} rows, {self.rows} are stated")

    def _batches(self, file: Any, path: Path) -> Iterator[Any]:
        if self.kind == "parquet":
            yield from file.iter_batches(BATCH, columns=[".".join(path)])
        else:
            yield from (file.get_batch(index) for index in range(file.num_record_batches))


class ArrowArray(Array):
    """A column of a file, of one episode."""

    def __init__(self, table: Table, path: Path, kind: Any, shape: tuple[int, ...] | None) -> None:
        pa = extra("pyarrow", table.what)
        self.table, self.path = table, path
        self.what = f"{'/'.join(path)} of {table.what}"
        self.encoded = pa.types.is_binary(kind) or pa.types.is_large_binary(kind)
        row, item = (), kind
        if pa.types.is_fixed_size_list(kind):
            row, item = shape or (kind.list_size,), kind.value_type
        if row and prod(row) != kind.list_size:
            raise WmpcError(f"{self.what} states rows of shape {row}, has {kind.list_size}")
        plain = pa.types.is_integer(item) or pa.types.is_floating(item) or pa.types.is_boolean(item)
        self.dtype = np.dtype(item.to_pandas_dtype()) if plain else None
        self.shape = (table.rows, *row)

    def _rows(self, first: int, stop: int) -> np.ndarray:
        blocks = self.table.blocks(self.path, np.arange(self.table.rows))
        parts = [self._values(array) for _, array in blocks]
        rows = np.concatenate(parts) if parts else np.empty(self.shape, self.numbers)
        return rows[first:stop]

    def _values(self, array: Any) -> np.ndarray:
        """Values of an Arrow array; WmpcError where one is missing."""
        with damage(self.what):
            count, row = len(array), self.shape[1:]
            flat = array.flatten() if row else array
            if array.null_count or flat.null_count:
                raise WmpcError(f"{self.what} lacks values")
            return flat.to_numpy(zero_copy_only=False).reshape(count, *row)

    def picked(self, rows: np.ndarray) -> Iterator[Any]:
        """Read single rows, of which only those asked for are copied.

        Args:
            rows: (n,) ascending and distinct.

        Yields:
            Each row in turn: an array (...), or the bytes of a picture's file where `encoded`.

        Raises:
            WmpcError: the file is damaged.
        """
        for first, array in self.table.blocks(self.path, rows):
            wanted = rows[np.searchsorted(rows, first) : np.searchsorted(rows, first + len(array))]
            for row in map(int, wanted - first):
                yield array[row].as_py() if self.encoded else self._values(array.slice(row, 1))[0]
