"""robomimic's layout, made by h5py as its documentation says: demos by number, T+1 frames."""

import json
import re

import fsspec
import h5py
import numpy as np
import pytest

from wmpc.errors import WmpcError
from wmpc.wm.recordings.formats import open_source
from wmpc.wm.recordings.formats.robomimic.reader import Robomimic
from wmpc.wm.recordings.view import View

ENV = {"env_name": "Lift", "type": 1, "env_kwargs": {"control_freq": 20, "robots": ["Panda"]}}
DEMOS = 11
RNG = np.random.default_rng(1)


def demo(index, rng, steps, next_obs=True):
    """Datasets of a demo of `steps` samples; the numbers tell demo and time."""
    time = np.arange(steps + 1.0)[:, None]
    seen = {
        "agentview_image": rng.integers(0, 256, (steps + 1, 6, 8, 3), dtype=np.uint8),
        "robot0_eye_in_hand_image": rng.integers(0, 256, (steps + 1, 6, 8, 3), dtype=np.uint8),
        "robot0_eef_pos": index + time + np.zeros(3),
        "robot0_eef_quat": rng.normal(size=(steps + 1, 4)),
        "robot0_gripper_qpos": rng.normal(size=(steps + 1, 2)),
        "object": rng.normal(size=(steps + 1, 10)),
    }
    data = {
        "actions": rng.uniform(-1, 1, (steps, 7)),
        "rewards": np.arange(steps) / 2.0,
        "dones": (np.arange(steps) == steps - 1).astype(np.int64),
        "states": index * 100.0 + time[:-1] + np.zeros(5),
    }
    data |= {f"obs/{key}": array[:-1] for key, array in seen.items()}
    if next_obs:
        data |= {f"next_obs/{key}": array[1:].copy() for key, array in seen.items()}
    return data


def lay_out(rng, edit=None, **options):
    """Arrays and attributes of a file of eleven demos."""
    demos = {f"demo_{i}": demo(i, rng, 3 + i % 4, **options) for i in range(DEMOS)}
    if edit is not None:
        edit(demos)
    arrays = {f"data/{name}/{key}": a for name, data in demos.items() for key, a in data.items()}
    arrays["mask/train"] = np.array([b"demo_10", b"demo_2"])
    arrays["mask/valid"] = np.array([b"demo_0"])
    attributes = {f"data/{name}": {"num_samples": 3 + int(name[5:]) % 4} for name in demos}
    return arrays, {**attributes, "data": {"env_args": json.dumps(ENV), "total": 48}}


def test_demos_are_in_numeric_order_with_masks_and_environment(write_hdf5, rng):
    path = write_hdf5("demos.hdf5", *lay_out(rng))
    assert Robomimic.recognises(path)
    with Robomimic(path) as source:
        assert source.lengths.tolist() == [3 + i % 4 for i in range(DEMOS)]
        for index in range(DEMOS):
            assert source.episode(index, ["states"])["states"][0, 0] == index * 100
        about = source.about
    assert about.splits == {"train": [2, 10], "valid": [0]}
    assert about.env == {"id": "Lift", "kwargs": ENV["env_kwargs"]} and about.fps == 20
    assert about.names["proprio"][::3] == [
        "robot0_eef_pos/0",
        "robot0_eef_quat/0",
        "robot0_eef_quat/3",
    ]


@pytest.mark.parametrize("next_obs", [True, False])
def test_columns_are_the_files_own_to_the_bit(write_hdf5, rng, next_obs):
    arrays, attributes = lay_out(rng, next_obs=next_obs)
    with Robomimic(write_hdf5("demos.hdf5", arrays, attributes)) as source:
        episode, steps = source.episode(10), 5 if next_obs else 4
        assert source.lengths[10] == steps
        assert source.cameras == ["pixels/agentview", "pixels/robot0_eye_in_hand"]
        assert not {"obs/robot0_eef_pos", "obs/agentview_image"} & source.columns.keys()
        pixels = np.asarray(episode["pixels/agentview"])
        np.testing.assert_array_equal(episode["pixels/agentview"][[steps, 0]], pixels[[steps, 0]])
    with pytest.raises(WmpcError, match="was closed"):
        np.asarray(episode["pixels/agentview"])

    def seen(key):
        last = [arrays[f"data/demo_10/next_obs/{key}"][-1:]] if next_obs else []
        return np.concatenate([arrays[f"data/demo_10/obs/{key}"], *last])

    np.testing.assert_array_equal(pixels, seen("agentview_image"))
    np.testing.assert_array_equal(episode["obs/object"], seen("object"))
    parts = [seen(f"robot0_{key}") for key in ("eef_pos", "eef_quat", "gripper_qpos")]
    np.testing.assert_array_equal(episode["proprio"], np.concatenate(parts, 1).astype(np.float32))
    actions = arrays["data/demo_10/actions"][:steps].astype(np.float32)
    np.testing.assert_array_equal(episode["action"], actions[:, None])
    np.testing.assert_array_equal(episode["reward"], np.arange(steps) / 2)
    assert len(episode["dones"]) == steps and episode["states"].dtype == np.float64
    assert len(episode["states"]) == 5


def test_next_observations_that_do_not_follow_are_not_used(write_hdf5, rng):
    def edit(demos):
        demos["demo_4"]["next_obs/robot0_gripper_qpos"][1] += 1

    with Robomimic(write_hdf5("demos.hdf5", *lay_out(rng, edit))) as source:
        assert source.lengths.tolist() == [2 + i % 4 for i in range(DEMOS)]
        assert any("next_obs" in note for note in source.about.notes)


def test_channels_first_and_missing_values_are_kept(write_hdf5, rng):
    def edit(demos):
        for data in demos.values():
            for key in ("obs/agentview_image", "next_obs/agentview_image"):
                data[key] = data[key].transpose(0, 3, 1, 2)
            data["obs/object"][1] = data["next_obs/object"][0] = np.nan

    arrays, attributes = lay_out(rng, edit)
    with Robomimic(write_hdf5("demos.hdf5", arrays, attributes)) as source:
        episode = source.episode(3)
        pixels = np.asarray(episode["pixels/agentview"])
        assert any("channels first" in note for note in source.about.notes)
    turned = arrays["data/demo_3/obs/agentview_image"].transpose(0, 2, 3, 1)
    np.testing.assert_array_equal(pixels[:-1], turned)
    assert np.isnan(episode["obs/object"][1]).all() and len(episode["obs/object"]) == 7


LEFT_OUT = {
    "demo_7 lacks obs/object": lambda demos: demos["demo_7"].pop("obs/object"),
    "has 2 rows, not one for each of the 4 actions in demo_1": lambda demos: demos["demo_1"].update(
        {"obs/object": np.zeros((2, 10))}
    ),
    r"float32 \(10,\), elsewhere float64 \(10,\) in demo_2": lambda demos: demos["demo_2"].update(
        {"obs/object": np.zeros((5, 10), np.float32)}
    ),
    r"float64 \(3,\), elsewhere .* in demo_3": lambda demos: demos["demo_3"].update(
        {"obs/object": np.zeros((6, 3)), "next_obs/object": np.zeros((6, 3))}
    ),
    "is a single value": lambda demos: demos["demo_4"].update({"obs/object": np.float64(1)}),
    "holds no rows of numbers": lambda demos: demos["demo_4"].update(
        {"obs/object": np.array([b"a", b"b", b"c"])}
    ),
}


@pytest.mark.parametrize("reason", LEFT_OUT)
def test_a_column_that_one_demo_holds_otherwise_is_left_out(write_hdf5, rng, reason):
    path = write_hdf5("demos.hdf5", *lay_out(rng, LEFT_OUT[reason], next_obs=False))
    index = int(next(iter(re.findall(r"demo_(\d+)", reason)), 4))
    with Robomimic(path) as source:
        assert re.search(reason, source.about.left_out["obs/object"])
        assert "obs/object" not in source.columns
        assert all(len(source.episode(i)) == len(source.columns) for i in range(len(source)))
    with open_source(path, exclude=[index]) as source:
        assert "obs/object" in source.columns and "obs/object" not in source.about.left_out
        with pytest.raises(WmpcError, match=reason):
            source.episode(index)
        assert source.episode((index + 1) % len(source))["obs/object"].shape[1:] == (10,)


UNREADABLE = {
    "demo_5 .*states 4 samples": lambda demos: demos.update(demo_5=demo(5, RNG, 3)),
    "demo_5 .*lacks actions": lambda demos: demos["demo_5"].pop("actions"),
    "demo_5 lacks obs/agentview_image": lambda demos: demos["demo_5"].pop("obs/agentview_image"),
    "demo_5 lacks obs/robot0_eef_pos": lambda demos: demos["demo_5"].pop("obs/robot0_eef_pos"),
}


@pytest.mark.parametrize("message", UNREADABLE)
def test_a_demo_that_lacks_what_is_learned_from_is_refused_alone(write_hdf5, rng, message):
    with Robomimic(write_hdf5("demos.hdf5", *lay_out(rng, UNREADABLE[message]))) as source:
        assert source.cameras == ["pixels/agentview", "pixels/robot0_eye_in_hand"]
        with pytest.raises(WmpcError, match=message):
            source.episode(5)
        others = [source.episode(i) for i in range(DEMOS) if i != 5]
        assert all(episode.keys() == source.columns.keys() for episode in others)


def test_what_no_row_belongs_to_is_left_out_and_labels_are_kept(write_hdf5, rng):
    def edit(demos):
        for data in demos.values():
            data["src_demo_inds"] = rng.integers(0, 10, 2)
            data["src_demo_labels"] = rng.integers(0, 10, (len(data["actions"]), 1))
            data["datagen_info/eef_pose"] = rng.normal(size=(len(data["actions"]), 4, 4))

    with Robomimic(write_hdf5("demos.hdf5", *lay_out(rng, edit))) as source:
        assert "2 rows" in source.about.left_out["src_demo_inds"]
        assert source.columns["src_demo_labels"].shape == (1,)
        assert source.episode(0)["datagen_info/eef_pose"].shape == (3, 4, 4)


def test_a_camera_that_is_not_asked_for_may_be_lacking(write_hdf5, rng):
    path = write_hdf5(
        "demos.hdf5", *lay_out(rng, lambda demos: demos["demo_5"].pop("obs/agentview_image"))
    )
    with View(Robomimic(path), cameras=["robot0_eye_in_hand"]) as view:
        assert len(view.episode(5)["pixels"]) == view.lengths[5] + 1


def test_a_mask_that_names_no_demo_is_left_out(write_hdf5, rng):
    arrays, attributes = lay_out(rng)
    arrays["mask/valid"] = np.array([b"demo_99"])
    with Robomimic(write_hdf5("demos.hdf5", arrays, attributes)) as source:
        assert source.about.splits == {"train": [2, 10]}
        assert "demo_99" in source.about.left_out["mask/valid"]


def test_raw_demos_without_observations_still_have_states(write_hdf5, rng):
    def edit(demos):
        for name, data in demos.items():
            demos[name] = {key: a for key, a in data.items() if "obs/" not in key}

    with Robomimic(write_hdf5("demos.hdf5", *lay_out(rng, edit))) as source:
        assert source.cameras == [] and source.columns["states"].rows == "frames"


def test_a_url_and_a_truncated_file(write_hdf5, rng):
    path = write_hdf5("demos.hdf5", *lay_out(rng))
    with open(path, "rb") as stream:
        data = stream.read()
    memory = fsspec.filesystem("memory")
    memory.pipe("/robomimic.hdf5", data)
    with Robomimic("memory://robomimic.hdf5") as far, Robomimic(path) as near:
        ours, theirs = far.episode(10), near.episode(10)
        for name in near.columns:
            np.testing.assert_array_equal(np.asarray(ours[name]), np.asarray(theirs[name]))
    for size in np.linspace(0, len(data) - 1, 12).astype(int):
        memory.pipe("/robomimic.hdf5", data[:size])
        with pytest.raises(WmpcError, match="robomimic"):
            Robomimic("memory://robomimic.hdf5")


def test_chunks_that_were_never_written_are_no_zeros(write_hdf5, rng):
    path = write_hdf5("demos.hdf5", *lay_out(rng))
    with h5py.File(path, "r+") as file:
        del file["data/demo_2/obs/agentview_image"]
        file["data/demo_2/obs"].create_dataset(
            "agentview_image", (5, 6, 8, 3), np.uint8, chunks=(1, 6, 8, 3)
        )[:3] = 1
    with Robomimic(path) as source:
        source.episode(1)
        with pytest.raises(WmpcError, match=r"agentview_image of demo_2 .*3 of its 5 chunks"):
            source.episode(2)
