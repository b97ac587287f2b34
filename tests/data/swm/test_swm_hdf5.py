"""HDF5 of stable-worldmodel: which action leads where, episodes, columns, Blosc, damage."""

import sys

import fsspec
import h5py
import hdf5plugin
import numpy as np
import pytest

from wmpc.errors import WmpcError
from wmpc.wm.recordings.formats.swm.hdf5 import SwmHDF5


def rows_of(lengths, index):
    first = int(np.sum(lengths[:index]))
    return first, first + int(lengths[index])


@pytest.mark.parametrize("nan, shift", [("first", 1), ("last", 0), ("none", 0)])
def test_an_action_takes_a_frame_to_the_next(flat, write_hdf5, nan, shift):
    columns, lengths = flat(nan=nan)
    path = write_hdf5(columns, lengths)
    assert SwmHDF5.recognises(path)
    with SwmHDF5(path) as source:
        assert source.lengths.tolist() == [4, 2, 3]
        for index in range(3):
            first, stop = rows_of(lengths, index)
            episode = source.episode(index)
            action = columns["action"][first + shift : stop - 1 + shift]
            assert episode["action"].tobytes() == action.tobytes()
            assert episode["action"].shape == (len(action), 1, 2)
            assert np.array_equal(np.asarray(episode["pixels"]), columns["pixels"][first:stop])
        said = {"first": "lead into", "last": "lead out", "none": "no action is NaN"}[nan]
        assert any(said in note for note in source.about.notes)


def test_nan_at_both_ends_leaves_the_first_frame_out(flat, write_hdf5):
    columns, lengths = flat(nan="both")
    with SwmHDF5(write_hdf5(columns, lengths)) as source:
        episode = source.episode(1)
        assert source.lengths.tolist() == [3, 1, 2] and np.isfinite(episode["action"]).all()
        assert np.array_equal(episode["action"][:, 0], columns["action"][6:7])
        assert np.array_equal(episode["pixels"][:], columns["pixels"][6:8])
        assert np.array_equal(episode["reward"], columns["reward"][7:8])


def test_columns_keep_their_bits_and_names(flat, write_hdf5):
    columns, lengths = flat()
    with SwmHDF5(write_hdf5(columns, lengths)) as source:
        episode = source.episode(0)
        kept = {"pixels", "action", "proprio", "observation.state", "reward", "terminated", "id"}
        assert set(episode) == set(source.columns) == kept
        assert episode["proprio"].dtype == np.float32
        assert np.array_equal(episode["proprio"], columns["proprio"][:5].astype(np.float32))
        assert episode["observation.state"].tobytes() == columns["state"][:5].tobytes()
        assert episode["reward"].tobytes() == columns["reward"][1:5].tobytes()
        assert episode["terminated"].dtype == bool and episode["id"].dtype == np.int64
        assert set(source.about.left_out) == {"step_idx", "ep_idx"}
        for name, column in source.columns.items():
            steps = column.rows == "steps"
            assert episode[name].shape == (4 if steps else 5, *column.shape)
            assert episode[name].dtype == column.dtype


def test_several_cameras_strings_and_short_episodes(flat, write_hdf5):
    columns, lengths = flat([4, 1, 3])
    columns["pixels_wrist"] = columns["pixels"][::-1].copy()
    columns["goal"] = columns["pixels"].copy()
    columns["episode_idx"] = columns.pop("ep_idx")
    columns["task"] = np.array([b"push"] * 8)
    with SwmHDF5(write_hdf5(columns, lengths)) as source:
        assert source.cameras == ["pixels", "pixels/wrist"] and source.lengths.tolist() == [3, 2]
        assert source.about.left_out["task"] == "holds no rows of numbers"
        assert "1 episodes of a single row are left out" in source.about.notes
        episode = source.episode(1)
        assert np.array_equal(episode["pixels/wrist"][:], columns["pixels_wrist"][5:])
        assert np.array_equal(episode["goal"][1:], columns["goal"][6:])
    columns["pixels.top"] = columns.pop("pixels")
    del columns["pixels_wrist"], columns["goal"]
    with SwmHDF5(write_hdf5(columns, lengths, "one.h5")) as source:
        assert source.cameras == ["pixels"]


def test_blosc_is_read_and_its_lack_named(flat, write_hdf5, monkeypatch):
    columns, lengths = flat()
    path = write_hdf5(columns, lengths, **hdf5plugin.Blosc(cname="lz4"))
    with SwmHDF5(path) as source:
        assert np.array_equal(source.episode(2)["pixels"][:], columns["pixels"][8:])
    monkeypatch.setattr(h5py.h5z, "filter_avail", lambda code: False)
    monkeypatch.setitem(sys.modules, "hdf5plugin", None)
    with pytest.raises(WmpcError, match=r"filter 32001 \(.*\), needs hdf5plugin.*pip install"):
        SwmHDF5(path)


def test_read_from_a_url(flat, write_hdf5):
    columns, lengths = flat()
    url = "memory://swm/set.h5"
    with open(write_hdf5(columns, lengths), "rb") as file, fsspec.open(url, "wb") as out:
        out.write(file.read())
    assert SwmHDF5.recognises(url)
    with SwmHDF5(url) as source:
        assert np.array_equal(source.episode(1)["pixels"][:], columns["pixels"][5:8])


def change(name, index, value):
    def apply(file):
        file[name][index] = value

    return apply


def shorten(file):
    file["pixels"].resize(7, axis=0)


def unlink(name):
    def apply(file):
        del file[name]

    return apply


@pytest.mark.parametrize(
    "damage, match",
    [
        (change("ep_offset", 1, 6), "episode 1 starts at row 6"),
        (change("ep_len", 2, 400), "has 12 rows, not one for each of the 408"),
        (change("ep_len", 1, -3), "damaged"),
        (shorten, "pixels of .* rows, not one for each of the 12"),
        (unlink("ep_len"), "lacks ep_len"),
        (unlink("action"), "no column action"),
        (change("action", 5, np.nan), "mixes episodes"),
        (change("ep_idx", 6, 7), "row 6 is within episode 1, but ep_idx"),
        (change("step_idx", 6, 0), "row 6 is within episode 1, but step_idx"),
    ],
)
def test_damage_is_named(flat, write_hdf5, damage, match):
    columns, lengths = flat()
    path = write_hdf5(columns, lengths)
    with h5py.File(path, "r+") as file:
        damage(file)
    with pytest.raises(WmpcError, match=match), SwmHDF5(path) as source:
        for index in range(3):
            source.episode(index)


def test_a_nan_start_among_many_episodes_is_found_when_it_is_read(flat, write_hdf5):
    columns, lengths = flat([2] * 200)
    columns["action"][2] = np.nan  # episode 1, which is not among those sampled
    with SwmHDF5(write_hdf5(columns, lengths)) as source:
        source.episode(0)
        with pytest.raises(WmpcError, match=r"first action of episode 1 .* is NaN, unlike"):
            source.episode(1)


def test_what_lies_beside_the_rows_is_no_column_and_the_rate_is_taken(flat, write_hdf5):
    columns, lengths = flat()
    path = write_hdf5(columns, lengths)
    with h5py.File(path, "r+") as file:
        file["action_mean"], file["action_std"] = np.zeros(2), np.ones(2)
        file["proprio"].resize(7, axis=0)
        file["version"] = 3
        file["fps"] = np.array([10.0])
    with SwmHDF5(path) as source:
        beside = {"action_mean", "action_std", "proprio", "version", "fps"}
        assert beside <= source.about.left_out.keys() and not beside & source.columns.keys()
        assert "2 rows, not one for each of the 12 frames" in source.about.left_out["action_mean"]
        assert source.about.fps == 10 and source.episode(0).keys() == source.columns.keys()


@pytest.mark.parametrize("stated", [0.0, -5.0, np.nan, np.inf, 1e9, np.zeros(3), b"fast"])
def test_a_rate_that_makes_no_sense_is_not_taken(flat, write_hdf5, stated):
    path = write_hdf5(*flat())
    with h5py.File(path, "r+") as file:
        file["fps"] = stated
    with SwmHDF5(path) as source:
        assert source.about.fps is None
