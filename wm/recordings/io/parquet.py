"""Parquet files that anybody may have written: opened with checksums, sizes looked at first."""

from collections.abc import Sequence
from typing import Any

from wmpc.errors import WmpcError
from wmpc.wm.recordings.io.files import LARGEST, Place, extra

MOST_ROWS = 2**22
"""Of a row group, of which a column is read at once."""


def open_parquet(place: Place, file: str, as_dictionary: Sequence[str] = ()) -> Any:
    """Open a parquet file.

    Args:
        place: the folder of the recording.
        file: its name there.
        as_dictionary: columns of words of which each is kept once, however often it comes.

    Returns:
        A `pyarrow.parquet.ParquetFile`, to be closed by the caller.

    Raises:
        WmpcError: pyarrow is not installed, or there is no such file there.
    """
    parquet = extra("pyarrow.parquet", "reading parquet files")
    stream: Any = place.open(file)
    if place.is_local:
        stream.close()
        stream = place.name(file)
    return parquet.ParquetFile(
        stream, page_checksum_verification=True, read_dictionary=list(as_dictionary) or None
    )


def check_size(what: str, parquet: Any, which: Sequence[int] | range) -> None:
    """Refuse row groups that state more bytes than a table may take.

    Of all their columns: pyarrow aborts the process where the metadata of one are damaged.

    Args:
        what: the file's name, for errors.
        parquet: a `pyarrow.parquet.ParquetFile`.
        which: numbers of the row groups.

    Raises:
        WmpcError: they are too large, or one has too many rows.
    """
    size = sum(max(parquet.metadata.row_group(group).total_byte_size, 0) for group in which)
    if size > LARGEST:
        raise WmpcError(f"{what} states row groups of {size} bytes: too large")
    # Runs of one value take no bytes: rows are counted too.
    rows = max((parquet.metadata.row_group(group).num_rows for group in which), default=0)
    if rows > MOST_ROWS:
        raise WmpcError(f"{what} has a row group of {rows} rows: too many")
