"""Small files that declare gigabytes: every reader says no, or keeps to the stated memory."""

import io
import json
import subprocess
import sys
import zlib
from math import prod
from typing import Any

import h5py
import lance as lance_files
import numpy as np
import pyarrow.parquet as pq
import pytest
from fuzz_seeds import SEEDS
from PIL import Image

from wmpc.wm.recordings.formats import READERS
from wmpc.wm.recordings.io.parquet import MOST_ROWS

RESIDENT_BYTES = 3 * 2**30
"""What reading a bomb may take, the libraries themselves included (docs/data.md states 5 GiB)."""
DECLARED, CHUNK = 2**33, 2**26
"""Bytes that the widest column of a bomb declares, and those of a chunk."""
READ = """
import json, resource, sys
import numpy as np
resource.setrlimit(resource.RLIMIT_AS, (12 * 2**30,) * 2)  # so that a failure takes no machine
from wmpc.wm.recordings.formats import open_source
from wmpc.errors import WmpcError
said = "read"
try:
    with open_source(sys.argv[1], sys.argv[2]) as source:
        for index in range(min(len(source), 2)):
            for name in source.columns:
                np.asarray(source.episode(index, [name])[name])
except WmpcError as error:
    said = str(error)
(peak,) = [line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")]
print(json.dumps([said, int(peak) * 1024]))  # not ru_maxrss, which knows of the parent too
"""


def hdf5(folder):
    """Every dataset gets so many rows of zeros that the widest declares `DECLARED` bytes."""
    (path,) = [*folder.rglob("*.hdf5"), *folder.rglob("*.h5")]
    with h5py.File(path, "a") as file:
        kinds: dict[str, Any] = {}

        def note(name: str, found: Any) -> None:
            if isinstance(found, h5py.Dataset) and found.dtype.kind in "biuf":
                kinds[name] = found.dtype, found.shape[1:]

        file.visititems(note)
        sizes = {name: max(1, prod(row)) * dtype.itemsize for name, (dtype, row) in kinds.items()}
        rows = DECLARED // max(sizes.values())
        for name, (dtype, row) in kinds.items():
            owner = file[name].parent if "observations/" not in name else file[name].parent.parent
            if "num_samples" in file[name].parent.attrs:
                owner.attrs["num_samples"] = rows
            steps = "total_steps" in owner.attrs and "observations/" not in name
            if "total_steps" in owner.attrs:
                owner.attrs["total_steps"] = rows - 1
            inside = min(max(1, CHUNK // sizes[name]), rows - steps)
            del file[name]
            made = file.create_dataset(
                name, (rows - steps, *row), dtype, chunks=(inside, *row), compression="gzip"
            )
            packed = zlib.compress(bytes(inside * sizes[name]), 1)
            for first in range(0, rows - steps, inside):
                made.id.write_direct_chunk((first, *(0 for _ in row)), packed)


def parquet(folder):
    """Every table becomes one row, so often that a row group has too many."""
    for path in folder.rglob("*.parquet"):
        table = pq.read_table(path).slice(0, 1)
        pq.write_table(table.take([0] * (MOST_ROWS + 1)), path, row_group_size=2**30)


def npz(folder):
    (path,) = folder.glob("*.npz")
    with np.load(path) as arrays:
        known: Any = dict(arrays)
    rows = 2**26
    np.savez_compressed(path, **known | {"terminals": np.ones(rows, bool)})


def native(folder):
    header = "{'descr': '<i8', 'fortran_order': False, 'shape': (100000000000,), }".ljust(117)
    start = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little")
    (folder / "episode_ends.npy").write_bytes(start + header.encode())


def lance(folder):
    buffer = io.BytesIO()
    Image.new("1", (30_000, 30_000)).save(buffer, "PNG")
    path = str(folder / "swm.lance")
    table = lance_files.dataset(path).to_table()
    index = table.schema.get_field_index("pixels")
    pictures = [buffer.getvalue()] * len(table)
    table = table.set_column(index, table.schema.field(index), [pictures])
    lance_files.write_dataset(table, path, mode="overwrite")


def table(folder):
    """An .npz of zeros beside the video instead of its CSV."""
    (folder / "a.csv").unlink()
    np.savez_compressed(
        folder / "a.npz", action=np.zeros((2**27, 2), np.float32), b=np.zeros(2**27)
    )


BOMBS = {
    "native": native,
    "lerobot": parquet,
    "lerobot-v2": parquet,
    "minari": hdf5,
    "robomimic": hdf5,
    "ogbench": npz,
    "d4rl": hdf5,
    "swm-hdf5": hdf5,
    "swm-lance": lance,
    "video-folder": table,
}


def test_there_is_a_bomb_for_every_reader():
    assert BOMBS.keys() == READERS.keys()


@pytest.mark.slow
@pytest.mark.parametrize("name", READERS)
def test_a_bomb_is_refused_within_the_stated_memory(name, tmp_path):
    inside = SEEDS[name](tmp_path)
    BOMBS[name](tmp_path)
    assert sum(file.stat().st_size for file in tmp_path.rglob("*")) < DECLARED / 64
    command = [sys.executable, "-c", READ, str(tmp_path / inside), name]
    done = subprocess.run(command, capture_output=True, text=True, timeout=250)
    assert done.returncode == 0, done.stderr[-2000:]
    said, peak = json.loads(done.stdout.splitlines()[-1])
    assert peak < RESIDENT_BYTES, f"{peak / 2**30:.2f} GiB, {said}"
    assert said != "read", "nothing of it was refused"
