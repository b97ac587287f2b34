"""What is not stored, and that a refusal leaves the dataset as it was."""

import numpy as np
import pytest

from wmpc.errors import WmpcError
from wmpc.wm.data import EpisodeWriter, open_episodes


def broken(change):
    def apply(episode):
        change(episode)
        return episode

    return apply


def put(name, index, value):
    return broken(lambda e: e[name].__setitem__(index, value))


def replace(name, function):
    return broken(lambda e: e.__setitem__(name, function(e[name])))


EPISODES = {
    "nan": (put("proprio", (2, 1), np.nan), "column 'proprio' of episode 1 holds nan at step 2"),
    "infinite state": (put("state", (0, 0), -np.inf), "'state' of episode 1 holds -inf at step 0"),
    "nan variation": (put("variation", 0, np.nan), "'variation' of episode 1 holds nan"),
    "nan action": (put("action", (1, 0, 0), np.nan), "'action' of episode 1 holds nan at step 1"),
    "out of bounds": (put("action", (3, 1, 0), 1.5), r"1.5 \(dimension 0\) .* at step 3 .* \[-1.0"),
    "empty": (replace("action", lambda a: a[:0]), "T, m and A at least 1"),
    "flat action": (replace("action", lambda a: a[:, 0]), r"should be \(T, m, A\)"),
    "other m": (replace("action", lambda a: a[:, :1]), "'action' .* has shape"),
    "other size": (replace("action", lambda a: a[:, :, :1]), "'action' .* has shape"),
    "too few rows": (replace("proprio", lambda a: a[:-2]), r"should have 5 rows \(one a frame\)"),
    "steps for frames": (replace("proprio", lambda a: a[:-1]), "has rows frames, .* steps"),
    "float pixels": (replace("pixels", lambda a: a / 255), "float64; it should be uint8"),
    "float32 state": (replace("state", np.float32), "should be float64"),
    "other picture": (replace("pixels", lambda a: a[:, :2]), "'pixels' .* has shape"),
    "grey picture": (replace("pixels", lambda a: a[..., 0]), "pictures should be"),
    "objects": (replace("proprio", lambda a: a.astype(object)), "should be a plain number"),
    "missing column": (broken(lambda e: e.pop("proprio")), "lacks column 'proprio'"),
    "no action": (broken(lambda e: e.pop("action")), "no column 'action'"),
    "new column": (broken(lambda e: e.update(reward=np.zeros(4))), "additional column 'reward'"),
    "bad name": (broken(lambda e: e.update({"a b": np.zeros(4)})), "cannot be stored"),
    "reserved name": (broken(lambda e: e.update(digests=np.zeros(4))), "cannot be stored"),
}


@pytest.mark.parametrize("case", EPISODES)
def test_bad_episode_is_named_and_not_written(tmp_path, meta, make_episode, case):
    change, message = EPISODES[case]
    with EpisodeWriter(tmp_path / "set", meta) as writer:
        writer.append(make_episode(0, steps=4))
        before = open_episodes(tmp_path / "set").hash
        with pytest.raises(WmpcError, match=message):
            writer.append(change(make_episode(1, steps=4)))
        assert open_episodes(tmp_path / "set").hash == before
        assert writer.append(make_episode(1, steps=4)) == 1
    open_episodes(tmp_path / "set").verify()


def test_a_refused_first_episode_leaves_nothing(tmp_path, meta, make_episode):
    with EpisodeWriter(tmp_path / "set", meta) as writer, pytest.raises(WmpcError):
        writer.append(put("proprio", (0, 0), np.nan)(make_episode(0)))
    with pytest.raises(WmpcError, match="empty"):
        open_episodes(tmp_path / "set")


def test_a_full_disk_loses_only_the_episode_in_flight(tmp_path, meta, make_episode, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    with EpisodeWriter(tmp_path / "set", meta) as writer:
        for index in range(2):
            with monkeypatch.context() as patch:
                patch.setattr("os.pwrite" if index else "os.replace", full)
                with pytest.raises(OSError, match="No space left"):
                    writer.append(make_episode(5))
            assert writer.append(make_episode(index)) == index
    open_episodes(tmp_path / "set").verify()


SETTINGS = {
    "env": ({"env": "other"}, "env=made-up, now env=other"),
    "kwargs": ({"kwargs": {"image_size": 8}}, "kwargs.image_size=4, now kwargs.image_size=8"),
    "new kwarg": ({"kwargs": {"image_size": 4, "x": 1}}, "kwargs.x=None, now kwargs.x=1"),
    "render": ({"render": {"width": 4, "shadows": True}}, "shadows=False, now render.shadows=True"),
    "m": ({"m": 2}, "m=3, now m=2"),
    "fps": ({"fps": 20}, "fps=10.0, now fps=20"),
    "bounds": ({"action_low": [-2, -1]}, "action_low"),
}


@pytest.mark.parametrize("case", SETTINGS)
def test_other_settings_are_refused_with_both_values(tmp_path, meta, make_episode, case):
    change, message = SETTINGS[case]
    with EpisodeWriter(tmp_path / "set", meta) as writer:
        writer.append(make_episode(0))
    files = {f.name: f.read_bytes() for f in (tmp_path / "set").iterdir()}
    with pytest.raises(WmpcError, match=message):
        EpisodeWriter(tmp_path / "set", {**meta, **change})
    assert files == {f.name: f.read_bytes() for f in (tmp_path / "set").iterdir()}


@pytest.mark.parametrize(
    "change, message",
    [
        ({"colour": 1}, "unknown meta key 'colour'"),
        ({"action_low": [1, 1]}, "low < high"),
        ({"action_low": [-1]}, "should be"),
        ({"source": {"policy": object()}}, "cannot be written"),
    ],
)
def test_meta_that_makes_no_sense(tmp_path, meta, change, message):
    with pytest.raises(WmpcError, match=message):
        EpisodeWriter(tmp_path / "set", {**meta, **change})
    assert not (tmp_path / "set").exists()


def test_sources_are_recorded_where_they_change(tmp_path, meta, make_episode):
    for policy, count in (("random", 2), ("random", 1), ("scripted", 1), ("scripted", 0)):
        source = {"policy": policy, "seed": 0}
        with EpisodeWriter(tmp_path / "set", {**meta, "source": source}) as writer:
            for _ in range(count):
                writer.append(make_episode(len(writer)))
    assert open_episodes(tmp_path / "set").meta["sources"] == [
        {"first_episode": 0, "policy": "random", "seed": 0},
        {"first_episode": 3, "policy": "scripted", "seed": 0},
    ]


def test_one_writer_at_a_time(tmp_path, meta, make_episode):
    with EpisodeWriter(tmp_path / "set", meta) as writer:
        writer.append(make_episode(0))
        with pytest.raises(WmpcError, match="another process is writing"):
            EpisodeWriter(tmp_path / "set", meta)
    with pytest.raises(WmpcError, match="closed"):
        writer.append(make_episode(1))
    with EpisodeWriter(tmp_path / "set", meta) as writer:
        assert writer.append(make_episode(1)) == 1


def test_a_folder_of_something_else_is_left_alone(tmp_path, meta):
    (tmp_path / "thesis.tex").write_text("precious")
    with pytest.raises(WmpcError, match="not a wmpc dataset"):
        EpisodeWriter(tmp_path, meta)
    with pytest.raises(WmpcError, match="is a file"):
        EpisodeWriter(tmp_path / "thesis.tex", meta)
    assert [f.name for f in tmp_path.iterdir()] == ["thesis.tex"]
