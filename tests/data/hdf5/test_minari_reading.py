"""Datasets that Minari wrote, read without it: the same numbers, under names to be foretold."""

import json
import shutil

import fsspec
import gymnasium
import h5py
import numpy as np
import pytest
from gymnasium.wrappers import AddRenderObservation

from wmpc.wm.recordings.formats.minari.reader import Minari
from wmpc.wm.recordings.source import Frames

COLUMNS = {
    "pixels/front": ((40, 48, 3), "uint8", "frames"),
    "pixels/planes": ((8, 9, 3), "uint8", "frames"),
    "pixels/grey": ((33, 34, 3), "uint8", "frames"),
    "proprio": ((4,), "float32", "frames"),
    "observation/pair/0": ((), "int64", "frames"),
    "observation/pair/1": ((2, 3), "float64", "frames"),
    "observation/flags": ((3,), "int8", "frames"),
    "observation/kinds": ((2,), "int64", "frames"),
    "observation/level": ((), "float32", "frames"),
    "infos/pose": ((3,), "float64", "frames"),
    "infos/deep/count": ((), "int64", "frames"),
    "reward": ((), "float64", "steps"),
    "terminated": ((), "bool", "steps"),
    "truncated": ((), "bool", "steps"),
    "action": ((1, 4), "float32", "steps"),
}


def test_every_space_becomes_a_named_column(odd):
    with Minari(str(odd[0])) as source:
        columns = source.columns
        assert {n: (c.shape, str(c.dtype), c.rows) for n, c in columns.items()} == COLUMNS
        assert source.lengths.tolist() == [4] * 12
        about = source.about
    assert set(about.left_out) == {"observation/said"}
    assert about.names["action"] == ["arm/0", "arm/1", "grip/0", "grip/1/0"]
    assert (about.action_low, about.action_high) == ([-2, -2, 1, -1], [2, 2, 3, 1])
    assert any("Discrete" in note for note in about.notes)
    assert any("float64 proprio, as float32" in note for note in about.notes)


def test_numbers_and_pictures_are_minaris_own_in_numeric_order(odd):
    with Minari(str(odd[0])) as source:
        for index, theirs in enumerate(odd[1].iterate_episodes()):
            ours, seen = source.episode(index), theirs.observations
            expected = {
                "pixels/front": seen["front"],
                "pixels/planes": seen["planes"].transpose(0, 2, 3, 1),
                "pixels/grey": np.repeat(seen["grey"][..., None], 3, axis=3),
                "proprio": seen["proprio"].astype(np.float32),
                "observation/pair/0": seen["pair"][0],
                "observation/pair/1": seen["pair"][1],
                "observation/flags": seen["flags"],
                "observation/kinds": seen["kinds"],
                "observation/level": seen["level"],
                "infos/pose": theirs.infos["pose"],
                "reward": theirs.rewards,
                "terminated": theirs.terminations,
                "truncated": theirs.truncations,
            }
            for name, array in expected.items():
                np.testing.assert_array_equal(np.asarray(ours[name]), array, err_msg=name)
            parts = [theirs.actions["arm"], theirs.actions["grip"][0], theirs.actions["grip"][1]]
            flat = np.concatenate([part.reshape(4, -1) for part in parts], 1).astype(np.float32)
            np.testing.assert_array_equal(ours["action"], flat[:, None])


def test_pictures_are_decoded_as_they_are_asked_for(odd):
    with Minari(str(odd[0])) as source:
        episode = source.episode(10, ["pixels/front"])
        assert list(episode) == ["pixels/front"] and isinstance(episode["pixels/front"], Frames)
        whole = episode["pixels/front"][:]
        np.testing.assert_array_equal(episode["pixels/front"][[3, 0, 3]], whole[[3, 0, 3]])


def test_a_url_gives_the_same_as_the_path(odd, data_format):
    memory = fsspec.filesystem("memory")
    memory.put(str(odd[0]), f"/url-{odd[0].name}", recursive=True)
    with Minari(f"memory://url-{odd[0].name}") as far, Minari(str(odd[0])) as near:
        assert Minari.recognises(far.path) and far.columns == near.columns
        for name in near.columns:
            ours, theirs = far.episode(11)[name], near.episode(11)[name]
            np.testing.assert_array_equal(np.asarray(ours), np.asarray(theirs))


def test_the_inner_folder_will_do(odd):
    with Minari(str(odd[0] / "data")) as source:
        assert len(source) == 12 and Minari.recognises(str(odd[0] / "data"))


def test_rendered_gymnasium_environments_give_pixels_and_proprio(record):
    env = gymnasium.make("InvertedPendulum-v5", render_mode="rgb_array", width=32, height=36)
    env = AddRenderObservation(env, render_only=False)
    path, theirs = record(env, "rendered-v0", 2, jpeg_encoding=False)
    with Minari(str(path)) as source:
        assert source.cameras == ["pixels"] and source.columns["proprio"].shape == (4,)
        assert source.about.env["id"] == "InvertedPendulum-v5"
        assert source.about.env["kwargs"]["width"] == 32 and source.about.fps is None
        pixels = np.asarray(source.episode(1)["pixels"])
    np.testing.assert_array_equal(pixels, theirs[1].observations["pixels"])


def test_environments_of_this_project_keep_their_state_and_variation(record):
    env = gymnasium.make("wmpc/TwoRoom-v0", max_episode_steps=3, variation="random")
    path, theirs = record(env, "ours-v0", 2)
    with Minari(str(path)) as source:
        episode, seen = source.episode(1), theirs[1].observations
        assert source.columns["variation"].rows == "episode"
    np.testing.assert_array_equal(episode["state"], seen["state"])
    np.testing.assert_array_equal(episode["variation"], seen["variation"][0])
    assert episode["state"].dtype == np.float64


def test_vectors_alone_have_no_camera(record):
    path, theirs = record(gymnasium.make("CartPole-v1"), "vectors-v0", 2)
    with Minari(str(path)) as source:
        assert source.cameras == [] and source.columns["proprio"].shape == (4,)
        assert (source.about.action_low, source.about.action_high) == ([0], [1])
        action = source.episode(0)["action"]
    assert action.shape[1:] == (1, 1) and action.dtype == np.float32
    np.testing.assert_array_equal(action[:, 0, 0], theirs[0].actions)


@pytest.fixture
def old(record, tmp_path):
    """A dataset as Minari 0.4 left it: no metadata.json, all in the attributes of the file."""
    path, theirs = record(gymnasium.make("Pendulum-v1"), f"old-{tmp_path.name}-v0", 2)
    shutil.copytree(path, tmp_path / "old")
    meta = tmp_path / "old/data/metadata.json"
    stated = json.loads(meta.read_text())
    meta.unlink()
    return tmp_path / "old", stated, theirs


@pytest.mark.parametrize("lacks", [[], ["observation_space", "action_space"]])
def test_old_datasets_without_metadata_or_spaces_are_read(old, lacks):
    path, stated, theirs = old
    with h5py.File(path / "data/main_data.hdf5", "r+") as file:
        file.attrs.update({key: value for key, value in stated.items() if key not in lacks})
    with Minari(str(path)) as source:
        assert source.about.env["id"] == "Pendulum-v1"
        assert source.about.action_low == (None if lacks else [-2])
        episode = source.episode(1)
    np.testing.assert_array_equal(episode["action"][:, 0], theirs[1].actions)
    np.testing.assert_array_equal(episode["proprio"], theirs[1].observations)


def test_jpeg_files_of_one_length_lie_side_by_side(record, tmp_path, odd_env):
    path, theirs = record(odd_env(), f"even-{tmp_path.name}-v0", 1)
    file = path / "data/main_data.hdf5"
    with h5py.File(file, "r+") as opened:
        group = opened["episode_0/observations"]
        longest = max(map(len, group["front"][:]))
        padded = [np.pad(data, (0, longest - len(data))) for data in group["front"][:]]
        del group["front"]
        group["front"] = np.stack(padded)
    with Minari(str(path)) as source:
        pictures = np.asarray(source.episode(0)["pixels/front"])
    np.testing.assert_array_equal(pictures, theirs[0].observations["front"])
