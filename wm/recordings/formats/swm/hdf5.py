"""HDF5 files of LeWM and stable-worldmodel.

    ep_len, ep_offset (E,)                    rows of each episode, and its first row
    pixels (N, H, W, 3) uint8                 and pixels_VIEW, in chunks of a row, or Blosc
    action (N, A), proprio (N, P), state (N, S), reward (N,), ...
    ep_idx or episode_idx, step_idx (N,)      compared with ep_len, where they are

`wmpc.wm.recordings.formats.swm.rows` says which observation an action belongs to. Source:
stable-worldmodel 0.1.1, `data/formats/hdf5.py`, and the files published with LeWM
(https://github.com/lucas-maes/le-wm).
"""

from dataclasses import replace

import numpy as np

from wmpc.errors import WmpcError
from wmpc.wm.recordings.formats.swm.rows import Swm
from wmpc.wm.recordings.io import hdf5
from wmpc.wm.recordings.io.files import damage
from wmpc.wm.recordings.io.hdf5_source import HDF5Column, HDF5Source

LENGTHS, OFFSETS = "ep_len", "ep_offset"


class SwmHDF5(HDF5Source, Swm):
    """One HDF5 file."""

    format = "swm-hdf5"

    def _open(self) -> None:
        path = self.path
        found = hdf5.datasets(self.file, path)
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
        rows, arrays, left = int(lengths.sum()), {}, {}
        for key, dataset in found.items():
            if key in (LENGTHS, OFFSETS):
                continue
            what = f"{key} of {path}"
            if not hdf5.is_number(dataset):
                left[key] = "holds no rows of numbers"
            elif len(dataset) == len(lengths) != rows:
                left[key] = "has a row an episode, not a row a frame"
            elif (
                key != "action"
                and not key.startswith("pixels")
                and (why := hdf5.misfit(dataset, rows, "frames"))
            ):
                left[key] = why
            else:
                hdf5.check(dataset, what, rows)
                arrays[key] = HDF5Column(dataset, what)
        rate = self._rate(found.get("fps"))
        if rate is not None:
            left["fps"] = "is the rate of the recording"
        self._lay_out(arrays, lengths, left)
        self.about = replace(self.about, fps=rate)

    def _rate(self, dataset: hdf5.Dataset | None) -> float | None:
        """Frames a second, where the file states one that makes sense: a dataset `fps` of one
        number, or an attribute."""
        what = f"fps of {self.path}"
        if dataset is not None and dataset.size == 1 and dataset.dtype.kind in "iuf":
            with damage(what):
                stated = float(np.asarray(dataset[()]).reshape(()))
        else:
            stated = hdf5.attribute(self.file, "fps", self.path)
        number = isinstance(stated, int | float) and not isinstance(stated, bool)
        return float(stated) if number and 0 < stated < 1e5 else None

    @staticmethod
    def recognises(path: str) -> bool:
        def test(file: hdf5.File) -> bool:
            return all(hasattr(file.get(key), "shape") for key in (LENGTHS, OFFSETS))

        return hdf5.probe(path, test)


def _integers(found: dict[str, hdf5.Dataset], key: str, path: str) -> np.ndarray:
    """(E,) int64 of a dataset; WmpcError where it is something else."""
    if key not in found:
        raise WmpcError(f"{path} is no file of stable-worldmodel: it lacks {key}")
    hdf5.check(found[key], f"{key} of {path}")
    dtype, shape = found[key].dtype, found[key].shape
    if dtype.kind not in "iu" or len(shape) != 1:
        raise WmpcError(f"{key} of {path} is {dtype} {shape}, not (E,) integers")
    values = hdf5.read(found[key], f"{key} of {path}").astype(np.int64)
    if len(values) and (values.min() < 0 or values.max() > 2**40):
        raise WmpcError(f"{key} of {path} is damaged: it holds {values.min()} to {values.max()}")
    return values
