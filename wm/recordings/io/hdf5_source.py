"""Recordings that are one HDF5 file: opened once, closed if what is in it makes no sense."""

from abc import abstractmethod

import numpy as np

from wmpc.errors import WmpcError
from wmpc.wm.recordings.io import hdf5
from wmpc.wm.recordings.io.files import Place, damage
from wmpc.wm.recordings.io.flat import FlatArray
from wmpc.wm.recordings.source import Frames, Source


class HDF5Source(Source):
    """A recording that is one HDF5 file; a reader says in `_open` what it makes of `self.file`."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.file = hdf5.open_hdf5(Place(path))
        with hdf5.closed_on_error(self):
            self._refuse_matlab()
            self._open()

    @abstractmethod
    def _open(self) -> None:
        """Read what describes the recording."""

    def _refuse_matlab(self) -> None:
        """Raise WmpcError where MATLAB wrote the file: its arrays lie with their axes reversed, so
        that their rows are no moments."""
        with damage(self.path):
            names = [n for n, d in self.file.items() if "MATLAB_class" in d.attrs]
        if names:
            raise WmpcError(
                f"{self.path} was written by MATLAB, whose arrays lie with their axes reversed: "
                f"{names[0]} has shape {self.file[names[0]].shape}. Write it again with "
                "permute(x, ndims(x):-1:1) of each array, so that its first axis here is time"
            )

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
        return hdf5.DatasetFrames(self.dataset, self.what, first, stop, self.layout)
