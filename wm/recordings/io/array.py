"""Arrays as they lie in the files of a recording, and their rows as pictures."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping
from math import prod
from typing import Any

import numpy as np

from wmpc.errors import WmpcError
from wmpc.wm.recordings.fitting import rows_misfit
from wmpc.wm.recordings.io.files import LARGEST, damage
from wmpc.wm.recordings.io.picture import MODES, decode_picture
from wmpc.wm.recordings.io.pictures import Layout, picture_layout
from wmpc.wm.recordings.source import Frames


class Array(ABC):
    """N rows of numbers, or of files of pictures, of which some are read at a time."""

    what: str
    """Its name in errors."""
    shape: tuple[int, ...]
    """(N, ...); () for a single value."""
    dtype: np.dtype | None
    """Of its numbers; None where it holds something else."""
    encoded = False
    """Whether its rows, if they are pictures, are files of them."""
    layout: Layout | None = None
    """How its rows are pictures, where something else than their shape tells."""

    @abstractmethod
    def _rows(self, first: int, stop: int) -> np.ndarray:
        """Rows `first` to `stop`, which it has. May raise anything."""

    def __len__(self) -> int:
        return self.shape[0] if self.shape else 0

    @property
    def numbers(self) -> np.dtype:
        """Its dtype; WmpcError where it holds no numbers."""
        if self.dtype is None:
            raise WmpcError(f"{self.what} holds no numbers")
        return self.dtype

    @property
    def row_bytes(self) -> int:
        """Bytes of a row, 1 at least."""
        return max(1, prod(self.shape[1:]) * (self.dtype.itemsize if self.dtype else 1))

    def check(self) -> None:  # noqa: B027 (most are checked when they are opened)
        """Raise WmpcError unless all of its rows are there and can be read."""

    def misfit(self, rows: int, of: str) -> str | None:
        """Say why it is no column of numbers.

        Args:
            rows: how many rows a column has.
            of: what there are so many of.

        Returns:
            The end of a sentence that begins with its name; None where it is one.
        """
        if self.dtype is None:
            return "holds no rows of numbers"
        return rows_misfit(self.shape[0] if self.shape else None, rows, of)

    def read(self, first: int = 0, stop: int | None = None) -> np.ndarray:
        """Read numbers.

        Args:
            first: the first row.
            stop: the row after the last; None: all to the end.

        Returns:
            (stop - first, ...) of its dtype, in this machine's byte order.

        Raises:
            WmpcError: there are no such rows, they take too much memory, or are damaged.
        """
        stop = len(self) if stop is None else stop
        if not 0 <= first <= stop <= len(self):
            raise WmpcError(
                f"{self.what} has {len(self)} rows; rows {first} to {stop} were to be read"
            )
        if (stop - first) * self.row_bytes > LARGEST:
            raise WmpcError(
                f"{self.what} would take more than {LARGEST} bytes an episode: too large to read"
            )
        with damage(self.what):
            return self._rows(first, stop)

    def picked(self, rows: np.ndarray) -> Iterator[Any]:
        """Read single rows, a few in memory at a time.

        Args:
            rows: (n,) ascending and distinct.

        Yields:
            Each row in turn: an array (...), or the bytes of a picture's file where `encoded`.

        Raises:
            WmpcError: the rows are damaged.
        """
        for row in map(int, rows):
            yield self.read(row, row + 1)[0]

    def frames(self, first: int, stop: int) -> "Pictures":
        """Show rows as pictures.

        Args:
            first: the first row.
            stop: the row after the last.

        Returns:
            The pictures, read when they are asked for.

        Raises:
            WmpcError: its rows are no pictures.
        """
        layout = self.layout or picture_layout(self.shape[1:], self.dtype)
        if layout is None:
            raise WmpcError(f"{self.what} is {self.dtype} {self.shape}: no pictures of uint8")
        return Pictures(self.picked, range(first, stop), layout, self.what)


class Pictures(Frames):
    """Pictures as some rows show them.

    Args:
        picked: gives the rows asked for in turn, as `Array.picked` does.
        rows: which of the rows these are.
        layout: how a row is a picture.
        what: their name in errors.
        modes: Pillow's modes that files of pictures may have.
    """

    def __init__(
        self,
        picked: Callable[[np.ndarray], Iterator[Any]],
        rows: range,
        layout: Layout,
        what: str,
        modes: Collection[str] = MODES,
    ) -> None:
        super().__init__((len(rows), *layout.shape))
        self.picked, self.layout, self.what, self.modes = picked, layout, what, modes
        self.first = rows.start

    def decode(self, rows: np.ndarray) -> Iterator[np.ndarray]:
        """Yield the pictures of ascending, distinct rows.

        Args:
            rows: (n,) which.

        Yields:
            (H, W, 3) uint8 of each.

        Raises:
            WmpcError: a picture is damaged, or of another size than the recording says.
        """
        rows = np.asarray(rows, np.int64) + self.first
        for row, value in zip(rows, self.picked(rows), strict=True):
            if isinstance(value, np.ndarray):
                yield self.layout.rgb(value)
            else:
                what = f"picture {row} of {self.what}"
                yield decode_picture(value, self.shape[1:3], what, self.modes)


def fitting_arrays(
    found: Mapping[str, Array], rows: int, of: str, needed: Collection[str]
) -> tuple[dict[str, Array], dict[str, str]]:
    """Tell arrays that are columns of numbers from others.

    Args:
        found: arrays by name.
        rows: how many rows a column has.
        of: what there are so many of.
        needed: names of those that must be columns.

    Returns:
        The columns, checked, and for each of the others why it is none.

    Raises:
        WmpcError: one that is needed is none, or a column is damaged.
    """
    reasons = {key: why for key, array in found.items() if (why := array.misfit(rows, of))}
    for key in needed:
        if key in reasons:
            raise WmpcError(f"{found[key].what} {reasons[key]}")
    columns = {key: array for key, array in found.items() if key not in reasons}
    for array in columns.values():
        array.check()
    return columns, reasons
