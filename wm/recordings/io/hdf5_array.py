"""Datasets of HDF5 files, checked before they are read.

A dataset that lies in another file (external storage, virtual datasets), is incomplete, or larger
than its column may be is a WmpcError before it is read.
"""

from collections.abc import Iterator
from math import prod
from typing import Any, TypeAlias

import numpy as np

from wmpc.errors import WmpcError
from wmpc.wm.recordings.io.array import Array
from wmpc.wm.recordings.io.files import LARGEST, damage, extra

Dataset: TypeAlias = Any
"""h5py's class, which is not imported here."""
BLOCK = 2**25
"""Bytes of pictures that are read at once, where a chunk is not larger."""
LARGEST_CHUNK = 2**28
"""Bytes of a chunk, which the HDF5 library holds whole while it decompresses it."""


class HDF5Array(Array):
    """A dataset of an HDF5 file.

    Args:
        dataset: h5py's.
        what: its name in errors.
    """

    def __init__(self, dataset: Dataset, what: str) -> None:
        self.dataset, self.what, self._sound = dataset, what, False
        h5py = extra("h5py", f"reading {what}")
        with damage(what):
            self.shape, dtype = tuple(dataset.shape or ()), dataset.dtype
            number = dtype.kind in "biuf" and dtype.itemsize <= 8
            self.dtype = np.dtype(dtype.str).newbyteorder("=") if number else None
            # Minari lays JPEG files that happen to be of one length side by side.
            side_by_side = dtype == np.uint8 and len(self.shape) == 2
            self.encoded = side_by_side or h5py.check_vlen_dtype(dtype) == np.uint8

    def check(self) -> None:
        """Check what the dataset is made of, once.

        This is where hdf5plugin is brought in, for chunks that HDF5 alone cannot decompress.

        Raises:
            WmpcError: its reader was closed, it lies in other files, is incomplete or too large, or
                nothing here can decompress it.
        """
        if not self.dataset:
            raise WmpcError(f"{self.what} cannot be read: its reader was closed")
        if not self._sound:
            with damage(self.what):
                self._check(self.dataset, self.what)
            self._sound = True

    def _check(self, dataset: Dataset, what: str) -> None:
        if dataset.is_virtual or dataset.external:
            raise WmpcError(f"{what} lies in other files: copy the data into one")
        shape, chunks, size = dataset.shape, dataset.chunks, dataset.id.get_type().get_size()
        if not shape:
            raise WmpcError(f"{what} has shape {shape}; it should have rows")
        if prod(shape[1:]) * size > LARGEST:
            raise WmpcError(f"{what} has rows of shape {shape[1:]}: too large, or damaged")
        # HDF5 would give zeros for what was never written.
        if chunks is None:
            if (written := dataset.id.get_storage_size()) != prod(shape) * size:
                raise WmpcError(f"{what} is incomplete: {written} of {prod(shape) * size} bytes")
            return
        if prod(chunks) * size > LARGEST_CHUNK:
            raise WmpcError(f"{what} has chunks of shape {chunks}: too large, or damaged")
        wanted = prod(-(-rows // chunk) for rows, chunk in zip(shape, chunks, strict=True))
        if (written := dataset.id.get_num_chunks()) != wanted:
            raise WmpcError(f"{what} is incomplete: {written} of its {wanted} chunks were written")
        available, properties = extra("h5py", what).h5z.filter_avail, dataset.id.get_create_plist()
        for index in range(properties.get_nfilters()):
            code, *_, name = properties.get_filter(index)
            if not available(code):
                label = f"filter {code} ({name.decode(errors='replace') or 'no name'})"
                extra("hdf5plugin", f"{what}, whose chunks use HDF5 {label},")
                if not available(code):
                    raise WmpcError(f"{what} uses HDF5 {label}, which hdf5plugin does not know")

    def _rows(self, first: int, stop: int) -> np.ndarray:
        self.check()
        return np.ascontiguousarray(self.dataset[first:stop], self.dtype)

    def picked(self, rows: np.ndarray) -> Iterator[Any]:
        """Read single rows, no chunk twice.

        Args:
            rows: (n,) ascending and distinct.

        Yields:
            Each row in turn: an array (...), or the bytes of a picture's file where `encoded`.

        Raises:
            WmpcError: the dataset is damaged.
        """
        self.check()
        chunk = self.dataset.chunks[0] if self.dataset.chunks else 1
        # The size of JPEG files is not known before they are read; a few at a time.
        longest = 16 if self.encoded else BLOCK // self.row_bytes
        for first, stop in spans(rows, chunk, longest):
            with damage(self.what):
                block = self.dataset[first:stop]
            for row in rows[np.searchsorted(rows, first) : np.searchsorted(rows, stop)]:
                yield block[row - first].tobytes() if self.encoded else block[row - first]


def spans(rows: np.ndarray, chunk: int, longest: int) -> list[tuple[int, int]]:
    """Cover rows by ranges: no chunk twice, no needless row beside.

    Args:
        rows: (n,) ascending.
        chunk: rows of a chunk.
        longest: rows of a range at most, unless a chunk has more.

    Returns:
        Ranges (first, stop), ascending.
    """
    out: list[tuple[int, int]] = []
    for row in map(int, rows):
        if out:
            first, stop = out[-1]
            near = row == stop or row // chunk == (stop - 1) // chunk
            if near and row - first < max(chunk, longest):
                out[-1] = (first, row + 1)
                continue
        out.append((row, row + 1))
    return out
