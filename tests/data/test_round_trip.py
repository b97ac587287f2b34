"""What is appended is what is read, and the files are plain .npy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wmpc.wm.data import EpisodeWriter, column_statistics, open_episodes
from wmpc.wm.data.format import digest

shapes = st.fixed_dictionaries(
    {
        "height": st.integers(1, 5),
        "width": st.integers(1, 5),
        "m": st.integers(1, 3),
        "actions": st.integers(1, 3),
        "proprio": st.integers(0, 3),
        "variation": st.integers(0, 2),
        "steps": st.lists(st.integers(1, 5), min_size=1, max_size=5),
        "split": st.integers(0, 5),
    }
)


@settings(max_examples=40, deadline=None)
@given(shapes)
def test_all_shapes_round_trip_over_several_writers(tmp_path_factory, same, sizes):
    path = tmp_path_factory.mktemp("data") / "set"
    rng = np.random.default_rng(0)
    a = sizes["actions"]
    meta = {"env": "any", "fps": 5, "action_low": [-1] * a, "action_high": [1] * a}
    written = [
        {
            "pixels/left": rng.integers(
                0, 256, (t + 1, sizes["height"], sizes["width"], 3), dtype=np.uint8
            ),
            "proprio": rng.normal(size=(t + 1, sizes["proprio"])).astype(np.float32),
            "action": rng.uniform(-1, 1, (t, sizes["m"], a)).astype(np.float32),
            "reward": rng.normal(size=t),
            "contact": rng.random(t + 1) < 0.5,
            "variation": rng.normal(size=sizes["variation"]),
        }
        for t in sizes["steps"]
    ]
    for part in (written[: sizes["split"]], written[sizes["split"] :]):
        with EpisodeWriter(path, meta) as writer:
            for episode in part:
                assert writer.append(episode) == len(writer) - 1
    episodes = open_episodes(path)
    episodes.verify()
    assert len(episodes) == len(written)
    assert episodes.lengths.tolist() == sizes["steps"]
    for index, episode in enumerate(written):
        same(episodes.episode(index), episode)


def test_files_are_plain_npy_stating_the_committed_rows(tmp_path, meta, make_episode):
    with EpisodeWriter(tmp_path / "set", meta) as writer:
        for index in range(3):
            writer.append(make_episode(index))
            plain = np.load(tmp_path / "set" / "pixels.npy", mmap_mode="r")
            assert plain.shape == (writer.ends[-1], 4, 4, 3)
    parts = [make_episode(index)["action"] for index in range(3)]
    np.testing.assert_array_equal(np.load(tmp_path / "set" / "action.npy"), np.concatenate(parts))


def test_hash_tells_content_and_settings_but_not_the_writer(tmp_path, meta, make_episode):
    def written(name, changed, count=3):
        with EpisodeWriter(tmp_path / name, {**meta, **changed}) as writer:
            for index in range(count):
                writer.append(make_episode(index))
        return open_episodes(tmp_path / name).hash

    one = written("one", {})
    assert one == written("two", {"source": {"policy": "other"}})
    assert len({one, written("three", {"fps": 20.0}), written("four", {}, count=2)}) == 3


def test_held_out_is_every_tenth(tmp_path, meta, make_episode):
    with EpisodeWriter(tmp_path / "set", meta) as writer:
        for index in range(25):
            writer.append(make_episode(index))
    episodes = open_episodes(tmp_path / "set")
    assert episodes.held_out_ids.tolist() == [9, 19]
    assert sorted([*episodes.held_out_ids, *episodes.train_ids]) == list(range(25))
    train = np.concatenate([make_episode(i)["action"].reshape(-1, 2) for i in episodes.train_ids])
    mean, deviation = column_statistics(episodes, "action")
    np.testing.assert_allclose(mean, train.mean(0, np.float64), rtol=1e-12)
    np.testing.assert_allclose(deviation, train.std(0, dtype=np.float64), rtol=1e-9)


@pytest.mark.parametrize("change", ["name", "dtype", "shape", "bytes"])
def test_digest_depends_on_everything(make_episode, change):
    episode = make_episode(0, steps=4)
    other = dict(episode)
    if change == "name":
        other["velocity"] = other.pop("proprio")
    elif change == "dtype":
        other["proprio"] = other["proprio"].view(np.int32)
    elif change == "shape":
        other["proprio"] = other["proprio"].reshape(2, 5)
    else:
        other["proprio"] = -other["proprio"]
    assert digest(other) != digest(episode)
