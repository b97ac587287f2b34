"""HDF5 files are told apart, and what they are made of is checked before it is read."""

import sys

import h5py
import hdf5plugin
import numpy as np
import pytest

from wmpc.errors import WmpcError
from wmpc.wm.recordings.formats.d4rl.reader import D4RL
from wmpc.wm.recordings.formats.minari.reader import Minari
from wmpc.wm.recordings.formats.ogbench.reader import OGBench
from wmpc.wm.recordings.formats.robomimic.reader import Robomimic
from wmpc.wm.recordings.io import hdf5
from wmpc.wm.recordings.io.files import Place
from wmpc.wm.recordings.io.hdf5_array import HDF5Array, spans

MINE = (Minari, Robomimic, OGBench, D4RL)
LAYOUTS = {
    D4RL: {"observations": np.zeros((3, 2)), "actions": np.zeros((3, 1)), "terminals": [0, 0, 1]},
    Robomimic: {"data/demo_0/actions": np.zeros((3, 2))},
    Minari: {"episode_0/observations": np.zeros((3, 2)), "episode_0/actions": np.zeros((2, 1))},
    None: {
        **{key: np.zeros((3, 2)) for key in ("observations", "actions", "terminals")},
        **{"pixels": np.zeros((3, 4, 4, 3), np.uint8), "ep_len": [3], "ep_offset": [0]},
    },
}


@pytest.mark.parametrize("reader", LAYOUTS, ids=lambda r: r.format if r else "stable-worldmodel")
def test_one_layout_is_of_one_format(write_hdf5, tmp_path, reader):
    path = write_hdf5("main_data.hdf5", LAYOUTS[reader])
    path = str(tmp_path) if reader is Minari else path
    assert [mine for mine in MINE if mine.recognises(path)] == ([reader] if reader else [])


def test_nothing_is_recognised_in_what_is_no_hdf5(tmp_path):
    (tmp_path / "a.hdf5").write_bytes(hdf5.SIGNATURE + bytes(100))
    (tmp_path / "b.hdf5").write_bytes(b"x")
    for name in ("a.hdf5", "b.hdf5", "none.hdf5", ""):
        assert not any(mine.recognises(str(tmp_path / name)) for mine in MINE)


def test_without_h5py_opening_says_what_to_install(write_hdf5, monkeypatch):
    path = write_hdf5("a.hdf5", LAYOUTS[D4RL])
    monkeypatch.setitem(sys.modules, "h5py", None)
    assert D4RL.recognises(path)
    with pytest.raises(WmpcError, match=r"needs h5py.*pip install 'wmpc\[data\]'"):
        D4RL(path)


@pytest.fixture
def blosc(tmp_path):
    """A file whose chunks HDF5 alone cannot read."""
    path = tmp_path / "blosc.h5"
    numbers = np.arange(700, dtype=np.uint8).reshape(100, 7)
    with h5py.File(path, "w") as file:
        file.create_dataset("x", data=numbers, chunks=(9, 7), **hdf5plugin.Blosc())
    return str(path), numbers


def test_blosc_chunks_are_read_through_hdf5plugin(blosc):
    path, numbers = blosc
    with hdf5.open_hdf5(Place(path)) as file:
        array = hdf5.arrays(file, path)["x"]
        np.testing.assert_array_equal(array.read(5, 40), numbers[5:40])


def test_rows_that_are_not_there_or_too_many_are_refused(blosc, monkeypatch):
    path, _ = blosc
    with hdf5.open_hdf5(Place(path)) as file:
        whole = hdf5.arrays(file, path)["x"]
        for first, stop in ((5, 101), (-1, 3), (4, 3)):
            with pytest.raises(WmpcError, match=f"has 100 rows; rows {first} to {stop}"):
                whole.read(first, stop)
        monkeypatch.setattr("wmpc.wm.recordings.io.array.LARGEST", 100 * 7 - 1)
        assert whole.read(0, 99).shape == (99, 7)
        with pytest.raises(WmpcError, match="more than 699 bytes"):
            whole.read()


def test_without_hdf5plugin_the_error_names_it(blosc, monkeypatch):
    path, _ = blosc
    monkeypatch.setitem(sys.modules, "hdf5plugin", None)
    monkeypatch.setattr(h5py.h5z, "filter_avail", lambda code: False)
    with hdf5.open_hdf5(Place(path)) as file, pytest.raises(WmpcError, match=r"32001.*hdf5plugin"):
        hdf5.arrays(file, "a")["x"].check()


def test_filters_that_nobody_has_are_named(blosc, monkeypatch):
    path, _ = blosc
    monkeypatch.setattr(h5py.h5z, "filter_avail", lambda code: False)
    with hdf5.open_hdf5(Place(path)) as file, pytest.raises(WmpcError, match="does not know"):
        hdf5.arrays(file, "a")["x"].check()


def test_data_in_other_files_is_refused(tmp_path):
    (tmp_path / "secret").write_bytes(bytes(80))
    with h5py.File(tmp_path / "a.h5", "w") as file:
        external = [(str(tmp_path / "secret"), 0, 80)]
        file.create_dataset("external", (10,), "f8", external=external)
        file["link"] = h5py.ExternalLink("b.h5", "/x")
        file["soft"] = h5py.SoftLink("/external")
        layout = h5py.VirtualLayout((10,), "f8")
        layout[:] = h5py.VirtualSource("b.h5", "x", (10,))
        file.create_virtual_dataset("virtual", layout)
    with hdf5.open_hdf5(Place(str(tmp_path / "a.h5"))) as file:
        for name in ("external", "virtual"):
            with pytest.raises(WmpcError, match="other files"):
                HDF5Array(file[name], name).check()
        for name in ("link", "soft"):
            with pytest.raises(WmpcError, match="elsewhere"):
                hdf5.member(file, name, "a.h5")


@pytest.mark.parametrize(
    ("shape", "chunks", "message"),
    [
        ((3, 2**31), (1, 64), "rows of shape"),
        ((2**20, 2**10), (2**20, 2**9), "chunks of shape"),
        ((2**40,), (2**20,), "incomplete"),
        ((9, 4), None, "incomplete"),
    ],
)
def test_what_is_stated_is_compared_with_what_is_there(tmp_path, shape, chunks, message):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("x", shape, np.uint8, chunks=chunks)
    with (
        hdf5.open_hdf5(Place(str(tmp_path / "a.h5"))) as file,
        pytest.raises(WmpcError, match=message),
    ):
        hdf5.arrays(file, "a")["x"].check()


def test_groups_without_end_are_refused(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_group("loop")["loop"] = file["/"]
    with (
        hdf5.open_hdf5(Place(str(tmp_path / "a.h5"))) as file,
        pytest.raises(WmpcError, match="more"),
    ):
        hdf5.arrays(file, "a.h5")


def test_spans_read_no_chunk_twice_and_no_needless_row():
    assert spans(np.array([0, 1, 2, 9]), 1, 2) == [(0, 2), (2, 3), (9, 10)]
    assert spans(np.array([0, 5, 9, 10, 30]), 10, 8) == [(0, 10), (10, 11), (30, 31)]
    assert spans(np.zeros(0, int), 10, 8) == []
