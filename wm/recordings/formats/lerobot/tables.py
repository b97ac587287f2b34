"""Rows of a LeRobotDataset's parquet files: only the row groups that an episode lies in."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from wmpc.errors import WmpcError
from wmpc.wm.recordings.io.array import Pictures
from wmpc.wm.recordings.io.files import LARGEST, Place, damage, extra
from wmpc.wm.recordings.io.parquet import check_size, open_parquet
from wmpc.wm.recordings.io.picture import MODES, picture_size
from wmpc.wm.recordings.io.pictures import Layout

AT_ONCE = 16
"""Embedded pictures in memory at a time."""


class Tables:
    """Parquet files of a recording; the last one opened and its last row group are kept."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self._file: tuple[str, Any] | None = None
        self._group: tuple[tuple, Any] | None = None

    def close(self) -> None:
        self._group = None
        if self._file is not None:
            self._file[1].close()
            self._file = None

    def whole(self, file: str, wanted: Any = None) -> Any:
        """Read a whole small table.

        Args:
            file: its name in the recording.
            wanted: takes the name of a column and says whether it is read; None: all are.

        Returns:
            A `pyarrow.Table`. A damaged or missing one is a WmpcError.
        """
        with damage(self.place.name(file)):
            parquet = self._open(file)
            names = [n for n in parquet.schema_arrow.names if wanted is None or wanted(n)]
            check_size(self.place.name(file), parquet, range(parquet.metadata.num_row_groups))
            return parquet.read(columns=names, use_threads=False).select(names)

    def rows(self, file: str, start: int, stop: int | None, columns: Sequence[str]) -> Any:
        """Read rows of a table, of its row groups only those that hold them.

        Args:
            file: its name in the recording.
            start: the first row.
            stop: the row after the last; None: to the end.
            columns: which.

        Returns:
            A `pyarrow.Table`. A damaged one, or one that lacks rows or columns, is a WmpcError.
        """
        pa = extra("pyarrow", "reading parquet")
        with damage(self.place.name(file)):
            parquet = self._open(file)
            stop = self._check_rows(file, parquet, start, stop, columns)
            pieces = []
            for group, first, end in groups(parquet, start, stop):
                table = self._read_group(file, parquet, group, columns)
                pieces.append(
                    table.slice(max(start - first, 0), min(stop, end) - max(start, first))
                )
            return pa.concat_tables(pieces) if pieces else parquet.schema_arrow.empty_table()

    def cells(self, file: str, key: str, rows: np.ndarray) -> Iterator[Any]:
        """Read cells, files of pictures among them, a few in memory at a time.

        Args:
            file: the table.
            key: its column.
            rows: (n,) ascending and distinct.

        Yields:
            The value of each; of a struct `{bytes, path}` the bytes.

        Raises:
            WmpcError: the table lacks the column or rows, or is damaged.
        """
        if not len(rows):
            return
        with damage(self.place.name(file)):
            parquet = self._open(file)
            stop = self._check_rows(file, parquet, int(rows[0]), int(rows[-1]) + 1, [key])
            for group, first, _ in groups(parquet, int(rows[0]), stop):
                size = parquet.metadata.row_group(group).total_byte_size
                few = max(1, min(AT_ONCE, LARGEST // max(size, 1)))  # a value may be the group's
                batches = parquet.iter_batches(few, [group], [key], use_threads=False)
                for batch in batches:
                    inside = rows[(rows >= first) & (rows < first + len(batch))] - first
                    column = batch.column(batch.schema.get_field_index(key))
                    for row in inside:
                        cell = column[int(row)].as_py()
                        yield cell.get("bytes") if isinstance(cell, dict) else cell
                    first += len(batch)
                    if first > rows[-1]:
                        break

    def pictures(self, file: str, key: str, rows: range, size: tuple[int, int]) -> Pictures:
        """Show the pictures that lie in a column as files.

        Args:
            file: the table.
            key: its column.
            rows: of the table.
            size: height and width of the pictures.

        Returns:
            The pictures, read when they are asked for.

        Raises:
            WmpcError: when they are read: one is not embedded, damaged, or of another size.
        """
        what = f"{key!r} in {file}"

        def picked(wanted: np.ndarray) -> Iterator[bytes]:
            for row, data in zip(wanted, self.cells(file, key, wanted), strict=True):
                if not isinstance(data, bytes):
                    raise WmpcError(
                        f"picture {row} of {what} is not embedded in the table: convert the set "
                        "with lerobot"
                    )
                yield data

        return Pictures(picked, rows, Layout("colours", size, 3), what)

    def _open(self, file: str) -> Any:
        if self._file is None or self._file[0] != file:
            self.close()
            self._file = file, open_parquet(self.place, file)
        return self._file[1]

    def _read_group(self, file: str, parquet: Any, group: int, columns: Sequence[str]) -> Any:
        key = (file, group, tuple(columns))
        if self._group is None or self._group[0] != key:
            self._group = None
            check_size(self.place.name(file), parquet, [group])
            table = parquet.read_row_group(group, columns=list(columns), use_threads=False)
            self._group = key, table.select(list(columns))
        return self._group[1]

    def _check_rows(
        self, file: str, parquet: Any, start: int, stop: int | None, columns: Sequence[str]
    ) -> int:
        """The row after the last one asked for; WmpcError where the file lacks rows or columns."""
        names, total = parquet.schema_arrow.names, parquet.metadata.num_rows
        for key in columns:
            if names.count(key) != 1:
                raise WmpcError(
                    f"{self.place.name(file)} lacks column {key!r}, which info.json names"
                )
        if stop is not None and not 0 <= start < stop <= total:
            raise WmpcError(
                f"{self.place.name(file)} has {total} rows; {start} to {stop} are asked for"
            )
        return total if stop is None else stop


def odd_mode(tables: Tables, file: str, key: str, row: int) -> str | None:
    """Say why an embedded picture is none that can be shown.

    Args:
        tables: those of the recording.
        file: a table.
        key: its column of pictures.
        row: of the picture.

    Returns:
        A sentence; None where it can be shown, or is not embedded, which is said where it is read.
    """
    data = next(tables.cells(file, key, np.array([row])))
    if not isinstance(data, bytes):
        return None
    mode = picture_size(data, key)[2]
    return None if mode in MODES else f"its pictures are of mode {mode}: depth or raw, no colours"


def groups(parquet: Any, start: int, stop: int) -> Iterator[tuple[int, int, int]]:
    """Find the row groups that hold some of a range of rows.

    Args:
        parquet: a `pyarrow.parquet.ParquetFile`.
        start: the first row.
        stop: the row after the last.

    Yields:
        Number, first row and row after the last of each group.
    """
    first = 0
    for group in range(parquet.metadata.num_row_groups):
        end = first + parquet.metadata.row_group(group).num_rows
        if first < stop and end > start:
            yield group, first, end
        first = end


def numbers(chunks: Any, shape: tuple[int, ...], dtype: str, what: str) -> np.ndarray:
    """Read a column of numbers, or of (nested) lists of them.

    Args:
        chunks: a `pyarrow.ChunkedArray`.
        shape: of a row, as the recording states it.
        dtype: as the recording states it.
        what: the column's name in errors.

    Returns:
        (rows, *shape) of `dtype`.

    Raises:
        WmpcError: a value is missing, a list has another length, or a whole number does not fit.
    """
    types = extra("pyarrow.types", "reading parquet")
    array, rows = chunks.combine_chunks(), len(chunks)
    array = array.combine_chunks() if hasattr(array, "combine_chunks") else array
    array = getattr(array, "storage", array)
    depth = 0
    while True:
        if array.null_count:
            raise WmpcError(f"{what} has {array.null_count} missing values")
        if not (types.is_list(array.type) or types.is_large_list(array.type)) and not (
            types.is_fixed_size_list(array.type)
        ):
            break
        sizes = np.asarray(array.value_lengths())
        wanted = shape[depth] if depth < len(shape) else -1
        if (sizes != wanted).any():
            row = int(np.flatnonzero(sizes != wanted)[0])
            raise WmpcError(f"{what} has {sizes[row]} numbers in row {row}; info.json says {shape}")
        array, depth = array.flatten(), depth + 1
    values = array.to_numpy(zero_copy_only=False)
    if values.dtype.kind not in "biuf" or len(values) != rows * int(np.prod(shape, dtype=np.int64)):
        raise WmpcError(
            f"{what} is {array.type}, {len(values)} values; info.json says {dtype} {shape}"
        )
    out = values.astype(dtype, copy=False)
    rounds = out.dtype.kind == values.dtype.kind == "f"
    if out.dtype != values.dtype and not rounds and not np.array_equal(out, values):
        raise WmpcError(f"{what} is {values.dtype} and does not fit the {dtype} of info.json")
    return out.reshape(rows, *shape)
