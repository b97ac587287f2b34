"""Minari's two ways to keep an episode, HDF5 and Arrow (or Parquet), seen as the same named arrays.

Both give, of an episode, arrays by path: `("observations", key, ...)`, `("actions", ...)`,
`("rewards",)`, `("terminations",)`, `("truncations",)` and `("infos", ...)`. Arrow pads all to the
T+1 rows of the observations; JPEG pictures are told by how they lie there, because the key
`jpeg_encoding` came later (0.5.4) than the pictures (0.5.3).
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from wmpc.wm.recordings.formats.minari.spaces import Path
from wmpc.wm.recordings.io import hdf5
from wmpc.wm.recordings.io.files import Place, damage


class Stored(ABC):
    """An array of an episode as it lies in a file.

    `dtype` is None where its rows are no numbers; `shape` is that of a row, flat in Arrow.
    `encoded` rows are JPEG files, if they are pictures.
    """

    rows: int
    dtype: np.dtype | None
    shape: tuple[int, ...]
    encoded: bool
    what: str

    @abstractmethod
    def read(self) -> np.ndarray:
        """All its numbers, (rows, *shape); WmpcError where they are damaged or too many."""

    @abstractmethod
    def picked(self, rows: np.ndarray) -> Iterator[Any]:
        """Yield ascending rows in turn: arrays (*shape), or bytes where they are encoded."""


class Files(ABC):
    """The episodes of a dataset."""

    ids: list[int]
    """Numbers of the episodes, ascending."""
    padded: bool
    """Whether actions, rewards and the like have the T+1 rows of the observations."""

    @abstractmethod
    def arrays(self, episode: int) -> dict[Path, Stored]:
        """The arrays of the episode of this number, none of them read."""

    @abstractmethod
    def stated(self, episode: int) -> Mapping[str, Any]:
        """What is stated of an episode, such as `total_steps`."""

    @abstractmethod
    def close(self) -> None:
        """Let go of open files."""


class HDF5Array(Stored):
    def __init__(self, dataset: hdf5.Dataset, what: str) -> None:
        self.dataset, self.what = dataset, what
        h5py = hdf5.extra("h5py", what)
        with damage(what):
            shape, dtype = dataset.shape, dataset.dtype
            self.rows, self.shape = shape[0], tuple(shape[1:])
            number = dtype.kind in "biuf" and dtype.itemsize <= 8
            self.dtype = np.dtype(dtype.str).newbyteorder("=") if number else None
            # Minari lays JPEG files that happen to be of one length side by side.
            side_by_side = dtype == np.uint8 and len(shape) == 2
            self.encoded = side_by_side or h5py.check_vlen_dtype(dtype) == np.uint8

    def read(self) -> np.ndarray:
        hdf5.check_open(self.dataset, self.what)
        hdf5.check(self.dataset, self.what)
        return hdf5.read(self.dataset, self.what)

    def picked(self, rows: np.ndarray) -> Iterator[Any]:
        hdf5.check_open(self.dataset, self.what)
        hdf5.check(self.dataset, self.what)
        chunk = self.dataset.chunks[0] if self.dataset.chunks else 1
        # The size of JPEG files is not known before they are read; a few at a time.
        longest = 16 if self.encoded else hdf5.BLOCK // max(1, int(np.prod(self.shape)))
        for first, stop in hdf5.spans(rows, chunk, longest):
            with damage(self.what):
                block = self.dataset[first:stop]
            for row in rows[np.searchsorted(rows, first) : np.searchsorted(rows, stop)]:
                value = block[row - first]
                yield value.tobytes() if self.encoded else value


class HDF5Files(Files):
    """`main_data.hdf5`: a group an episode, `_index_0`, `_index_1`, ... for the parts of tuples."""

    padded = False

    def __init__(self, place: Place, inside: str) -> None:
        self.what = place.name(inside)
        self.file = hdf5.open_hdf5(place, inside)
        with hdf5.closed_on_error(self), damage(self.what):
            names = [name for name in self.file if name.startswith("episode_")]
            self.ids = sorted(int(name.removeprefix("episode_")) for name in names)

    def _group(self, episode: int) -> hdf5.Group:
        return hdf5.member(self.file, f"episode_{episode}", self.what)

    def arrays(self, episode: int) -> dict[Path, Stored]:
        what = f"episode {episode} of {self.what}"
        return {
            path: HDF5Array(dataset, f"{'/'.join(path)} of {what}")
            for name, dataset in hdf5.datasets(self._group(episode), what).items()
            if dataset.ndim
            for path in [tuple(part.removeprefix("_index_") for part in name.split("/"))]
        }

    def stated(self, episode: int) -> Mapping[str, Any]:
        group = self._group(episode)
        what = f"episode {episode} of {self.what}"
        return {key: hdf5.attribute(group, key, what) for key in ("total_steps", "variation")}

    def root(self) -> dict[str, Any]:
        """What Minari before 0.5 kept here, and later in `metadata.json`."""
        return {name: hdf5.attribute(self.file, name, self.what) for name in self.file.attrs}

    def close(self) -> None:
        self.file.close()
