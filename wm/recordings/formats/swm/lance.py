"""Lance tables of stable-worldmodel.

    NAME.lance/_versions, data, ...
    episode_idx, step_idx           int32, episodes one after another
    pixels, pixels_VIEW             binary, a JPEG file a row
    action, proprio, ...            fixed-size lists of float32; scalars are lists of one

Pictures are decoded by Pillow, as its own reader does where torchvision cannot. Lance opens local
folders, S3, GCS and Azure by itself; a table on any other filesystem is copied to a temporary
folder first. `wmpc.wm.recordings.formats.swm.rows` says which observation an action belongs to.
Source: stable-worldmodel 0.1.1, `data/formats/lance.py`.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from wmpc.errors import WmpcError
from wmpc.wm.recordings.formats.swm.rows import Swm
from wmpc.wm.recordings.io.array import Array
from wmpc.wm.recordings.io.files import Place, damage, extra
from wmpc.wm.recordings.io.picture import picture_size

EPISODE = "episode_idx"
OPENED = ("s3", "s3a", "gs", "gcs", "az", "abfs")
"""Protocols that Lance opens by itself."""
AT_ONCE = 32
"""Pictures whose files are read at once."""
BLOCK = 2**16
"""Rows that are asked for at once."""
MOST_ROWS = 2**31


class SwmLance(Swm):
    """One table: a folder `NAME.lance`, or a folder with one such folder inside."""

    format = "swm-lance"

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self._copied: tempfile.TemporaryDirectory | None = None
        place = Place(path)
        inside = _table(place)
        if inside is None:
            raise WmpcError(f"{path} is no Lance table: it is no folder NAME.lance, nor holds one")
        lance = extra("lance", f"reading {path}", "lance")
        self.table = self._open(lance, place, inside)
        with _panics(path):
            rows, schema = self.table.count_rows(), self.table.schema
        if EPISODE not in schema.names:
            raise WmpcError(f"{path} is no table of stable-worldmodel: it lacks {EPISODE}")
        if not 0 < rows < MOST_ROWS:
            raise WmpcError(f"{path} holds {rows} rows: nothing, or damaged")
        kinds = {field.name: _kind(field.type) for field in schema}
        dtype, row = kinds.pop(EPISODE) or (None, ())
        if dtype is None or dtype.kind not in "iu" or row:
            raise WmpcError(f"{EPISODE} of {path} is {schema.field(EPISODE).type}, not int32")
        arrays, left = {}, {}
        for name, kind in kinds.items():
            if kind is None:
                left[name] = f"holds {schema.field(name).type}, no numbers and no pictures"
            else:
                arrays[name] = LanceArray(self.table, name, rows, *kind, path)
        steps = np.diff(LanceArray(self.table, EPISODE, rows, dtype, row, path).read())
        if (steps < 0).any():
            raise WmpcError(f"{EPISODE} of {path} decreases at row {int(np.argmax(steps < 0)) + 1}")
        cuts = np.flatnonzero(steps) + 1
        self._lay_out(arrays, np.diff(cuts, prepend=0, append=rows), left)

    @classmethod
    def _is_at(cls, place: Place) -> bool:
        return _table(place) is not None

    def close(self) -> None:
        """Remove the copy of a table that had to be copied."""
        if self._copied is not None:
            self._copied.cleanup()

    def _open(self, lance: Any, place: Place, inside: str) -> Any:
        protocol = place.system.protocol
        known = {protocol} if isinstance(protocol, str) else set(protocol)
        name = place.name(inside)
        if known & set(OPENED):
            name = place.path.rstrip("/") + (f"/{inside}" if inside else "")
        elif not place.is_local:
            self._copied = tempfile.TemporaryDirectory()
            with damage(place.path):
                place.system.get(name, f"{self._copied.name}/table.lance", recursive=True)
            name = f"{self._copied.name}/table.lance"
        with _panics(place.path):
            return lance.dataset(name)


class LanceArray(Array):
    """A column of numbers, or of files of pictures, whose shape is that of the first."""

    def __init__(
        self,
        table: Any,
        name: str,
        rows: int,
        dtype: np.dtype | None,
        row: tuple[int, ...],
        path: str,
    ) -> None:
        self.table, self.name, self.what = table, name, f"{name} of {path}"
        self.type = table.schema.field(name).type
        self.dtype, self.shape, self.encoded = dtype, (rows, *row), dtype is None
        if self.encoded:
            height, width, _ = picture_size(self._files(0, 1)[0], self.what)
            self.dtype, self.shape = np.dtype(np.uint8), (rows, height, width, 3)

    def _rows(self, first: int, stop: int) -> np.ndarray:
        column = self._taken(first, stop)
        flat = column.flatten() if len(self.shape) > 1 else column
        if column.null_count or flat.null_count:
            raise WmpcError(f"{self.what} has empty entries in rows {first} to {stop}")
        values = flat.to_numpy(zero_copy_only=False)
        return np.ascontiguousarray(values, self.dtype).reshape(stop - first, *self.shape[1:])

    def _files(self, first: int, stop: int) -> list[bytes]:
        column = self._taken(first, stop)
        with damage(self.what):
            if column.null_count:
                raise WmpcError(f"{self.what} has no picture in some of rows {first} to {stop}")
            return column.to_pylist()

    def picked(self, rows: np.ndarray) -> Iterator[Any]:
        """Read the files of pictures, a few at a time.

        Args:
            rows: (n,) ascending and distinct.

        Yields:
            The bytes of each.

        Raises:
            WmpcError: the table is damaged.
        """
        k = 0
        while k < len(rows):
            start = int(rows[k])
            files = self._files(start, min(start + AT_ONCE, int(rows[-1]) + 1))
            while k < len(rows) and rows[k] < start + len(files):
                yield files[rows[k] - start]
                k += 1

    def _taken(self, first: int, stop: int) -> Any:
        arrow, parts = extra("pyarrow", f"reading {self.what}"), []
        with _panics(self.what):
            # A scan would abort the process where the message of an error holds a zero byte.
            for start in range(first, stop, BLOCK):
                wanted = arrow.array(range(start, min(start + BLOCK, stop)), arrow.int64())
                table = self.table.take(wanted, columns=[self.name])
                if table.num_rows != len(wanted):
                    raise WmpcError(f"{self.what} lacks some of its rows {first} to {stop}")
                parts += table.column(self.name).chunks
            return arrow.chunked_array(parts, self.type).combine_chunks()


def _table(place: Place) -> str | None:
    """Where in the place the table lies; None where there is none, or more than one."""
    if place.root.rstrip("/").endswith(".lance"):
        return "" if place.exists("_versions") else None
    tables = place.glob("*.lance") if place.is_folder() else []
    found = [name for name in tables if place.exists(f"{name}/_versions")]
    return found[0] if len(found) == 1 else None


def _kind(type: Any) -> tuple[np.dtype | None, tuple[int, ...]] | None:
    """dtype (None for bytes) and shape of a row of an Arrow type; None where it is neither."""
    types = extra("pyarrow", "reading Lance").types
    row: tuple[int, ...] = ()
    if types.is_fixed_size_list(type):
        row, type = (type.list_size,), type.value_type
    elif types.is_binary(type) or types.is_large_binary(type):
        return None, ()
    if types.is_boolean(type) or types.is_integer(type) or types.is_floating(type):
        return np.dtype(type.to_pandas_dtype()), row
    return None


@contextmanager
def _panics(what: str) -> Iterator[None]:
    """As `damage`; a panic of Lance's Rust is no `Exception`, but is damage all the same."""
    try:
        with damage(what):
            yield
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise WmpcError(f"{what} is damaged: {str(error)[:200]}") from error
