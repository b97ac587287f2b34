"""Recordings that are one HDF5 file: opened once, closed if what is in it makes no sense."""

from abc import abstractmethod

import numpy as np

from wm.data.formats import hdf5
from wm.data.formats.files import Place
from wm.data.formats.flat import FlatArray
from wm.data.formats.source import Frames, Source


class HDF5Source(Source):
    """A recording that is one HDF5 file; a reader says in `_open` what it makes of `self.file`."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.file = hdf5.open_hdf5(Place(path))
        with hdf5.closed_on_error(self):
            self._open()

    @abstractmethod
    def _open(self) -> None:
        """Read what describes the recording."""

    def close(self) -> None:
        self.file.close()


class HDF5Column(FlatArray):
    """A checked dataset as a column of all episodes end to end."""

    def __init__(self, dataset: hdf5.Dataset, what: str) -> None:
        self.dataset, self.what = dataset, what
        self.shape, self.dtype = dataset.shape, hdf5.plain_dtype(dataset)

    def read(self, first: int, stop: int) -> np.ndarray:
        return hdf5.read(self.dataset, self.what, first, stop)

    def frames(self, first: int, stop: int) -> Frames:
        return hdf5.DatasetFrames(self.dataset, self.what, first, stop)
