"""Files of numbers as they stand: columns by name, and those of words."""

import csv
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np

from wmpc.errors import WmpcError
from wmpc.system.npy_file import parse_npy
from wmpc.wm.recordings.io.files import LARGEST, Place, damage, extra
from wmpc.wm.recordings.io.npz import Npz
from wmpc.wm.recordings.io.parquet import check_size, open_parquet
from wmpc.wm.recordings.io.parquet_footer import count_values

LARGEST_TABLE = 2**25
"""Bytes of a CSV, whose text takes some times as many while it is read."""
VALUE_BYTES = 16
"""What a number of a parquet file takes while its column is read, at most."""
EPISODE = re.compile(r"(episode|ep)([_ ]?(id|idx|index|name|number|nr))?", re.IGNORECASE)
"""A column that says to which episode a row belongs."""


@dataclass(frozen=True)
class Words:
    """A column that holds something that is no number."""

    cells: tuple[str, ...]
    """One a row; none of a parquet's columns that no episode is told by."""
    reason: str


@dataclass(frozen=True)
class Cells:
    """A table as it stands."""

    what: str
    rows: int
    numbers: Mapping[str, np.ndarray]
    """(rows, ...) by name, an empty cell NaN."""
    words: Mapping[str, Words] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)


def read_cells(place: Place, file: str) -> Cells:
    """Read a table, whole.

    Args:
        place: the folder of the recording.
        file: its name there.

    Returns:
        Its columns.

    Raises:
        WmpcError: it is damaged or too large.
    """
    what, ending = place.name(file), file.rpartition(".")[2].lower()
    if ending == "csv":
        return _csv(place.read(file, LARGEST_TABLE), what)
    if ending == "parquet":
        return _parquet(place, file)
    if ending == "npz":
        npz = Npz(place, file)
        try:
            _check_bytes(what, sum(prod(a.shape) * a.numbers.itemsize for a in npz.arrays.values()))
            found = {n: array.read(0, array.shape[0]) for n, array in npz.arrays.items()}
        finally:
            npz.close()
        return Cells(what, len(next(iter(found.values()), ())), found, left_out=npz.left_out)
    values = parse_npy(place.read(file), what)
    if not values.ndim:
        raise WmpcError(f"{what} has no rows")
    return Cells(what, len(values), {"action": values})


def _check_bytes(what: str, stated: int) -> None:
    if stated > LARGEST:
        raise WmpcError(f"{what} states {stated} bytes; a table has at most {LARGEST}")


def _csv(data: bytes, what: str) -> Cells:
    """Columns of numbers, float64."""
    with damage(what):
        lines: Iterable[list[str]] = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""))
        table = [line for line in lines if line]
    if not table:
        raise WmpcError(f"{what} is empty")
    header = [name.strip() for name in table[0]]
    if len(set(header)) != len(header) or not all(header):
        raise WmpcError(f"{what} has two columns of one name, or one without a name: {header[:20]}")
    for number, line in enumerate(table[1:], 2):
        if len(line) != len(header):
            raise WmpcError(
                f"{what}: line {number} has {len(line)} cells, the header {len(header)}"
            )
    numbers, words = {}, {}
    for name, cells in zip(header, zip(*table[1:], strict=True), strict=False):
        try:
            numbers[name] = np.array([float(cell) if cell.strip() else np.nan for cell in cells])
        except ValueError as error:
            words[name] = Words(tuple(cell.strip() for cell in cells), str(error))
    return Cells(what, len(table) - 1, numbers, words)


def _parquet(place: Place, file: str) -> Cells:
    """Columns of numbers and of lists of equally many; a missing value is NaN."""
    what, types = place.name(file), extra("pyarrow.types", "reading parquet files")
    with damage(what):
        parquet = open_parquet(place, file)
        try:
            meta, kinds = (
                parquet.metadata,
                dict(zip(parquet.schema_arrow.names, parquet.schema_arrow.types, strict=True)),
            )
            check_size(what, parquet, range(meta.num_row_groups))
            # A file may state any number of values in few bytes, lists of one value above all.
            with place.open(file) as stream:
                values = count_values(stream, what, LARGEST_TABLE)
            _check_bytes(what, VALUE_BYTES * max(values, meta.num_rows * len(kinds)))
            if len(kinds) != len(parquet.schema_arrow.names):
                raise WmpcError(f"{what} has two columns of one name")
        finally:
            parquet.close()
        spoken = {n: kind for n, kind in kinds.items() if _is_words(types, kind)}
        needed = [name for name in spoken if EPISODE.fullmatch(name)]
        parquet = open_parquet(place, file, needed)
        try:
            read = [name for name in kinds if name not in spoken or name in needed]
            table = parquet.read(columns=read, use_threads=False)
        finally:
            parquet.close()
        numbers, words, left = {}, {n: Words((), f"it holds {k}") for n, k in spoken.items()}, {}
        for name in read:
            values = _words(table.column(name)) if name in needed else _column(table.column(name))
            if isinstance(values, np.ndarray):
                numbers[name] = values
            elif isinstance(values, Words):
                words[name] = values
            else:
                left[name] = values
        return Cells(what, meta.num_rows, numbers, words, left)


def _is_words(types: Any, kind: Any) -> bool:
    kind = kind.value_type if types.is_dictionary(kind) else kind
    return types.is_string(kind) or types.is_large_string(kind)


def _words(chunks: Any) -> Words:
    """A column of words that was read as a dictionary."""
    cells: list[str] = []
    for chunk in chunks.chunks:
        said = [str(word) for word in chunk.dictionary.to_pylist()]
        cells += ["" if row is None else said[row] for row in chunk.indices.to_pylist()]
    return Words(tuple(cells), f"it holds {chunks.type}")


def _column(chunks: Any) -> "np.ndarray | str":
    """A column of a parquet file: its numbers, or why it holds none."""
    pa, types = extra("pyarrow", "reading parquet"), extra("pyarrow.types", "reading parquet")
    rows, kind = len(chunks), chunks.type
    if types.is_dictionary(kind):
        return f"holds {kind}, no numbers"
    array = pa.concat_arrays(chunks.chunks) if chunks.num_chunks else pa.array([], kind)
    sides: tuple[int, ...] = ()
    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        sizes = np.unique(np.asarray(array.value_lengths()))
        if array.null_count or len(sizes) != 1:
            return "holds lists of different lengths"
        array, sides = array.flatten(), (int(sizes[0]),)
        kind = array.type
    if not (types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind)):
        return f"holds {kind}, no numbers"
    values = array.to_numpy(zero_copy_only=False)
    if values.dtype.kind == "O":  # truth values with missing ones
        values = np.array([np.nan if value is None else float(value) for value in values])
    return values.reshape(rows, *sides)
