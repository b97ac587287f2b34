"""Files as stable-worldmodel 0.1.1 lays them out, made from its documented layout.

Its own writers need a torch stack that is not this environment's; `scripts/swm_roundtrip.py` runs
them in one of their own and compares what is read, bit for bit.
"""

import h5py
import numpy as np
import pytest

LENGTHS = [5, 3, 4]


@pytest.fixture
def flat():
    """flat(lengths=..., size=6, nan="last"): columns of all episodes, and their lengths."""

    def make(lengths=LENGTHS, size=6, nan="last"):
        rng = np.random.default_rng(0)
        rows = sum(lengths)
        columns = {
            "pixels": rng.integers(0, 256, (rows, size, size, 3), dtype=np.uint8),
            "action": rng.normal(size=(rows, 2)).astype(np.float32),
            "proprio": rng.normal(size=(rows, 3)),
            "state": rng.normal(size=(rows, 4)),
            "reward": rng.normal(size=rows),
            "terminated": np.zeros(rows, bool),
            "id": rng.integers(0, 2**62, rows),
            "step_idx": np.concatenate([np.arange(n) for n in lengths]),
            "ep_idx": np.repeat(np.arange(len(lengths)), lengths),
        }
        starts = np.cumsum(lengths) - lengths
        columns["reward"][starts] = np.nan
        if nan in ("first", "both"):
            columns["action"][starts] = np.nan
        if nan in ("last", "both"):
            columns["action"][starts + np.array(lengths) - 1] = np.nan
        return columns, np.array(lengths)

    return make


@pytest.fixture
def write_hdf5(tmp_path):
    """write_hdf5(columns, lengths, compression={}): as its HDF5Writer does, a chunk a row."""

    def write(columns, lengths, name="set.h5", **compression):
        path = tmp_path / name
        with h5py.File(path, "w", libver="latest") as file:
            for key, values in columns.items():
                file.create_dataset(
                    key,
                    data=values,
                    maxshape=(None, *values.shape[1:]),
                    chunks=(1, *values.shape[1:]),
                    **compression,
                )
            file.create_dataset("ep_len", data=lengths.astype(np.int32), maxshape=(None,))
            file.create_dataset("ep_offset", data=np.cumsum(lengths) - lengths, maxshape=(None,))
        return str(path)

    return write
