"""Rows of a LeRobotDataset's parquet files: only the row groups that an episode lies in."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from wmpc.errors import WmpcError
from wmpc.wm.recordings.io.files import LARGEST, Place, damage, extra
from wmpc.wm.recordings.io.picture import MODES, decode_picture, picture_size
from wmpc.wm.recordings.source import Frames

MOST_ROWS = 2**22
"""Of a row group, of which a column is read at once."""
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
        """A whole small table (`pyarrow.Table`), of the columns for which `wanted(name)` holds."""
        with damage(self.place.name(file)):
            parquet = self._open(file)
            names = [n for n in parquet.schema_arrow.names if wanted is None or wanted(n)]
            self._check_size(file, parquet, range(parquet.metadata.num_row_groups))
            return parquet.read(columns=names, use_threads=False).select(names)

    def rows(self, file: str, start: int, stop: int | None, columns: Sequence[str]) -> Any:
        """Rows `start` to `stop` (None: all) of a file as a `pyarrow.Table` with `columns`."""
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
        """One column's values in ascending `rows` of a file, a few in memory at a time."""
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
                        yield column[int(row)].as_py()
                    first += len(batch)
                    if first > rows[-1]:
                        break

    def _open(self, file: str) -> Any:
        parquet = extra("pyarrow.parquet", "reading LeRobot's parquet files")
        if self._file is None or self._file[0] != file:
            self.close()
            stream: Any = self.place.open(file)
            if self.place.is_local:
                stream.close()
                stream = self.place.name(file)
            self._file = file, parquet.ParquetFile(stream, page_checksum_verification=True)
        return self._file[1]

    def _read_group(self, file: str, parquet: Any, group: int, columns: Sequence[str]) -> Any:
        key = (file, group, tuple(columns))
        if self._group is None or self._group[0] != key:
            self._group = None
            self._check_size(file, parquet, [group])
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

    def _check_size(self, file: str, parquet: Any, which: Sequence[int] | range) -> None:
        """WmpcError where row groups state more bytes than a table may take.

        Of all their columns: pyarrow aborts the process where the metadata of one are damaged.
        """
        size = sum(max(parquet.metadata.row_group(group).total_byte_size, 0) for group in which)
        if size > LARGEST:
            raise WmpcError(f"{self.place.name(file)} states row groups of {size} bytes: too large")
        # Runs of one value take no bytes: rows are counted too.
        rows = max((parquet.metadata.row_group(group).num_rows for group in which), default=0)
        if rows > MOST_ROWS:
            raise WmpcError(f"{self.place.name(file)} has a row group of {rows} rows: too many")


class Embedded(Frames):
    """Pictures that lie in a parquet column as files, `{bytes, path}`."""

    def __init__(
        self, tables: Tables, file: str, key: str, rows: range, size: tuple[int, int]
    ) -> None:
        super().__init__((len(rows), *size, 3))
        self._tables, self._file, self._key, self._first = tables, file, key, rows.start

    def decode(self, rows: np.ndarray) -> Iterator[np.ndarray]:
        rows = np.asarray(rows, np.int64)
        if not len(rows):
            return
        cells = self._tables.cells(self._file, self._key, rows + self._first)
        for row, cell in zip(rows, cells, strict=True):
            yield self._picture(cell, f"picture {row} of {self._key!r} in {self._file}")

    def _picture(self, cell: Any, what: str) -> np.ndarray:
        data = cell.get("bytes") if isinstance(cell, dict) else cell
        if not isinstance(data, bytes):
            raise WmpcError(f"{what} is not embedded in the table: convert the set with lerobot")
        return decode_picture(data, self.shape[1:3], what)


def odd_mode(tables: Tables, file: str, key: str, row: int) -> str | None:
    """Why an embedded picture is none that can be shown; None where it is."""
    cell = next(tables.cells(file, key, np.array([row])))
    data = cell.get("bytes") if isinstance(cell, dict) else cell
    if not isinstance(data, bytes):
        return None  # said where it is read
    mode = picture_size(data, key)[2]
    return None if mode in MODES else f"its pictures are of mode {mode}: depth or raw, no colours"


def groups(parquet: Any, start: int, stop: int) -> Iterator[tuple[int, int, int]]:
    """Row groups that hold some of the rows `start` to `stop`: number, first row, end."""
    first = 0
    for group in range(parquet.metadata.num_row_groups):
        end = first + parquet.metadata.row_group(group).num_rows
        if first < stop and end > start:
            yield group, first, end
        first = end


def numbers(chunks: Any, shape: tuple[int, ...], dtype: str, what: str) -> np.ndarray:
    """A column of numbers, or of (nested) lists of them, as (rows, *shape) of `dtype`.

    WmpcError where a value is missing, a list has another length, or a whole number does not fit.
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
