"""Recordings that are one HDF5 file: opened once, closed if what is in it makes no sense."""

from abc import abstractmethod

from wmpc.errors import WmpcError
from wmpc.wm.recordings.io import hdf5
from wmpc.wm.recordings.io.files import Place, closed_on_error, damage
from wmpc.wm.recordings.source import Source


class HDF5Source(Source):
    """A recording that is one HDF5 file; a reader says in `_open` what it makes of `self.file`."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.file = hdf5.open_hdf5(Place(path))
        with closed_on_error(self):
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
        """Close the file."""
        self.file.close()
