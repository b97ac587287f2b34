"""HDF5 files of LeWM and stable-worldmodel.

    ep_len, ep_offset (E,)                    rows of each episode, and its first row
    pixels (N, H, W, 3) uint8                 and pixels_VIEW, in chunks of a row, or Blosc
    action (N, A), proprio (N, P), state (N, S), reward (N,), ...
    ep_idx or episode_idx, step_idx (N,)      compared with ep_len, where they are

`wmpc.wm.recordings.formats.swm.rows` says which observation an action belongs to. Source:
stable-worldmodel 0.1.1, `data/formats/hdf5.py`, and the files published with LeWM
(https://github.com/lucas-maes/le-wm).
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from wmpc.errors import WmpcError
from wmpc.wm.recordings.formats.swm.rows import Swm
from wmpc.wm.recordings.io import hdf5
from wmpc.wm.recordings.io.array import fitting_arrays
from wmpc.wm.recordings.io.files import Place, damage
from wmpc.wm.recordings.io.hdf5_array import HDF5Array
from wmpc.wm.recordings.io.hdf5_source import HDF5Source

LENGTHS, OFFSETS = "ep_len", "ep_offset"


class SwmHDF5(HDF5Source, Swm):
    """One HDF5 file."""

    format = "swm-hdf5"

    def _open(self) -> None:
        path = self.path
        found = hdf5.arrays(self.file, path)
        lengths, offsets = (_integers(found, key, path) for key in (LENGTHS, OFFSETS))
        if len(lengths) != len(offsets) or not len(lengths) or lengths.min() < 1:
            raise WmpcError(
                f"{path} is damaged: ep_len and ep_offset should be of the same number of "
                "episodes, each of at least one row"
            )
        if (wrong := np.flatnonzero(offsets != np.cumsum(lengths) - lengths)).size:
            raise WmpcError(
                f"{path} is damaged: episode {wrong[0]} starts at row {offsets[wrong[0]]}, which "
                "is not where the one before it ends"
            )
        rows = int(lengths.sum())
        others = {k: array for k, array in found.items() if k not in (LENGTHS, OFFSETS)}
        seen = [key for key in others if key == "action" or key.startswith("pixels")]
        needed = [key for key in seen if others[key].dtype is not None]
        arrays, left = fitting_arrays(others, rows, "frames", needed)
        rate = self._rate(found.get("fps"))
        if rate is not None:
            left["fps"] = "is the rate of the recording"
        self._lay_out(arrays, lengths, left)
        self.about = replace(self.about, fps=rate)

    def _rate(self, array: HDF5Array | None) -> float | None:
        """Frames a second, where the file states one that makes sense: a dataset `fps` of one
        number, or an attribute."""
        if array is not None and array.dataset.size == 1 and array.dtype is not None:
            with damage(array.what):
                stated = np.asarray(array.dataset[()]).reshape(()).item()
        else:
            stated = hdf5.attribute(self.file, "fps", self.path)
        number = isinstance(stated, int | float) and not isinstance(stated, bool)
        return float(stated) if number and 0 < stated < 1e5 else None

    @classmethod
    def _is_at(cls, place: Place) -> bool:
        def test(file: hdf5.File) -> bool:
            return all(hasattr(file.get(key), "shape") for key in (LENGTHS, OFFSETS))

        return hdf5.probe(place, test)


def _integers(found: Mapping[str, HDF5Array], key: str, path: str) -> np.ndarray:
    """(E,) int64 of a dataset; WmpcError where it is something else."""
    if key not in found:
        raise WmpcError(f"{path} is no file of stable-worldmodel: it lacks {key}")
    array = found[key]
    if array.dtype is None or array.dtype.kind not in "iu" or len(array.shape) != 1:
        raise WmpcError(f"{array.what} is {array.dtype} {array.shape}, not (E,) integers")
    values = array.read().astype(np.int64)
    if len(values) and (values.min() < 0 or values.max() > 2**40):
        raise WmpcError(f"{array.what} is damaged: it holds {values.min()} to {values.max()}")
    return values
