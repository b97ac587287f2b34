"""How an array's rows are pictures, by enumeration of shapes; and each reader that has them."""

import h5py
import numpy as np
import pytest

from wmpc.wm.recordings.formats import open_source
from wmpc.wm.recordings.io.pictures import picture_layout, stacked

KINDS = {
    "colours": [(48, 64, 3), (3, 48, 64), (8, 9, 3), (3, 8, 9)],
    "grey": [(48, 64, 1), (48, 64), (1, 48, 64), (5, 6, 1)],
    "more": [(48, 64, 4), (4, 48, 64)],
    "stack": [(2, 64, 64), (64, 64, 2), (5, 48, 64), (48, 64, 6), (16, 64, 64)],
    None: [(7,), (31, 64), (17, 64, 64), (4, 15, 64), (2, 8, 9), (0, 64, 64), (2, 3, 64, 64), ()],
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_shape_tells_the_kind(kind):
    for row in KINDS[kind]:
        layout = picture_layout(row, np.dtype(np.uint8))
        assert (layout.kind if layout else None) == kind, row
        for dtype in (np.float32, np.int8, np.uint16, bool):
            assert picture_layout(row, np.dtype(dtype)) is None
        if layout is None:
            continue
        value = np.random.default_rng(0).integers(0, 255, row, np.uint8)
        picture = layout.rgb(value)
        last = (
            value[..., None] if len(row) == 2 else np.moveaxis(value, 0, -1 if layout.first else 0)
        )
        wanted = last[..., :3] if kind in ("colours", "more") else last[..., -1:].repeat(3, -1)
        assert picture.shape == layout.shape and np.array_equal(picture, wanted)
        assert (layout.note("eye") is None) == (row[-1] == 3)


def stack(frames, channels, first):
    """Each frame (n, H, W) with those before it as channels, the newest last, as gymnasium does."""
    rows = np.concatenate([frames[:1].repeat(channels - 1, 0), frames])
    rows = np.stack([rows[i : i + channels] for i in range(len(frames))])
    return rows if first else np.moveaxis(rows, 1, -1)


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("channels", [3, 4])
def test_grey_pictures_stacked_are_told_by_their_shift(rng, channels, first):
    grey = rng.integers(0, 255, (6, 48, 64), np.uint8)
    rows = stack(grey, channels, first)
    layout = picture_layout(rows.shape[1:], rows.dtype)
    told = stacked(layout, rows[:3])
    assert told.kind == "stack"
    assert np.array_equal(told.rgb(rows[4]), grey[4][..., None].repeat(3, -1))
    colours = rng.integers(0, 255, rows.shape, np.uint8)
    assert stacked(layout, colours) == layout
    assert stacked(layout, rows[:1]) == layout
    still = np.broadcast_to(grey[:1, None] if first else grey[:1, ..., None], rows.shape)
    assert stacked(layout, still) == layout, "a grey scene in which nothing moves"


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def flat(path, rows):
    with h5py.File(path, "w") as file:
        file["observations"], file["actions"] = rows, np.zeros((len(rows), 2), np.float32)
        file["terminals"] = np.arange(len(rows)) == len(rows) - 1


def zipped(path, rows):
    ends = np.arange(len(rows)) == len(rows) - 1
    np.savez(path, observations=rows, actions=np.zeros((len(rows), 2), np.float32), terminals=ends)


def lewm(path, rows):
    with h5py.File(path, "w") as file:
        file["ep_len"], file["ep_offset"] = [len(rows)], [0]
        file["pixels"], file["action"] = rows, np.zeros((len(rows), 2), np.float32)


def demos(path, rows):
    with h5py.File(path, "w") as file:
        file["data/demo_0/actions"] = np.zeros((len(rows), 2))
        file["data/demo_0/obs/eye_image"] = rows


def minari(path, rows):
    (path / "data").mkdir(parents=True)
    with h5py.File(path / "data/main_data.hdf5", "w") as file:
        file["episode_0/observations"], steps = rows, len(rows) - 1
        file["episode_0/actions"] = np.zeros((steps, 2), np.float32)
        file["episode_0"].attrs["total_steps"] = steps


FILES = {"set": minari, "a.hdf5": flat, "a.npz": zipped, "b.hdf5": lewm, "c.hdf5": demos}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("row", [r for kind in KINDS if kind for r in KINDS[kind] if min(r) != 5])
def test_every_reader_takes_every_kind_of_picture(tmp_path, rng, name, row):
    rows = rng.integers(0, 255, (7, *row), np.uint8)
    FILES[name](tmp_path / name, rows)
    with open_source(str(tmp_path / name)) as source:
        layout = picture_layout(row, np.dtype(np.uint8))
        assert source.columns["pixels"].shape == layout.shape
        seen = source.episode(0)["pixels"]
        assert np.array_equal(seen[[2, 0]], [layout.rgb(rows[2]), layout.rgb(rows[0])])
        said = layout.note("X")
        assert said is None or any(said.split("X")[-1] in note for note in source.about.notes)


@pytest.mark.parametrize("name", ["a.hdf5", "a.npz", "set"])
def test_a_stack_of_four_is_read_as_its_newest_picture(tmp_path, rng, name):
    grey = rng.integers(0, 255, (7, 84, 84), np.uint8)
    FILES[name](tmp_path / name, stack(grey, 4, first=False))
    with open_source(str(tmp_path / name)) as source:
        assert np.array_equal(source.episode(0)["pixels"][3][..., 1], grey[3])
        assert any("stacked as channels" in note for note in source.about.notes)
