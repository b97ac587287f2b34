"""Videos beside tables: names, cameras, rows, time stamps, what does not fit."""

import json
import re
from pathlib import Path

import fsspec
import numpy as np
import pytest
from films import SIZE, film, greys, table

from wmpc.errors import WmpcError
from wmpc.wm.recordings.formats import open_source
from wmpc.wm.recordings.formats.video_folder.reader import VideoFolder
from wmpc.wm.recordings.view import View


def test_the_example_of_the_page_about_data_is_read(tmp_path):
    page = (Path(__file__).parents[3] / "docs" / "data.md").read_text()
    (example,) = re.findall(r"^```csv\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    for camera in ("wrist", "top"):
        film(tmp_path / f"pick_1.{camera}.mp4", 6)
    (tmp_path / "pick_1.csv").write_text(example)
    with VideoFolder(str(tmp_path)) as source:
        episode = source.episode(0)
        shapes = {name: np.shape(array) for name, array in episode.items()}
        assert source.about.fps == pytest.approx(10) and source.lengths.tolist() == [3]
    assert shapes == {
        "pixels/top": (4, SIZE, SIZE, 3), "pixels/wrist": (4, SIZE, SIZE, 3),
        "action": (3, 1, 3), "proprio": (4, 2), "force": (4,),
    }  # fmt: skip


def test_rows_as_many_as_frames_or_one_less(tmp_path):
    for folder, rows in (("even", 5), ("short", 4)):
        (tmp_path / folder).mkdir()
        film(tmp_path / folder / "take.mp4", 5)
        table(tmp_path / folder / "take.csv", rows, count=range(rows))
        assert VideoFolder.recognises(str(tmp_path / folder))
        with VideoFolder(str(tmp_path / folder)) as source:
            episode = source.episode(0)
            assert source.lengths.tolist() == [4] and source.about.fps == 10
            assert greys(episode["pixels"]) == [0, 1, 2, 3, 4]
            assert np.array_equal(episode["action"][:, 0, 0], np.arange(4) / 8)
            assert episode["action"].shape == (4, 1, 2) and episode["action"].dtype == np.float32
            assert episode["count"].tolist() == list(range(rows))
            assert source.columns["count"].rows == ("frames" if rows == 5 else "steps")
            assert source.about.names["action"] == ["action_0", "action_1"]
    assert not VideoFolder.recognises(str(tmp_path))


def test_proprioception_of_every_frame(tmp_path):
    film(tmp_path / "a.mp4", 5)
    table(tmp_path / "a.csv", 4, **{"state.x": np.arange(4.0), "state.y": np.ones(4)})
    with VideoFolder(str(tmp_path)) as source:
        episode = source.episode(0)
        assert source.lengths.tolist() == [3] and greys(episode["pixels"]) == [0, 1, 2, 3]
        assert np.array_equal(episode["proprio"], np.stack([np.arange(4), np.ones(4)], 1))


def test_order_cameras_and_arrays(tmp_path):
    (tmp_path / "wrist").mkdir()
    for k, name in enumerate(("take_10", "take_2")):
        film(tmp_path / f"{name}.top.mov", 4 + k)
        film(tmp_path / "wrist" / f"{name}.mkv", 4 + k)
        np.savez(
            tmp_path / f"{name}.npz", actions=np.full((4 + k, 2), k), force=np.ones((4 + k, 3))
        )
    (tmp_path / "info.json").write_text(json.dumps({"fps": 12.5}))
    with VideoFolder(str(tmp_path)) as source:
        assert source.names == ["take_2", "take_10"] and source.lengths.tolist() == [4, 3]
        assert source.cameras == ["pixels/top", "pixels/wrist"] and source.about.fps == 12.5
        episode = source.episode(0, ["pixels/wrist", "action", "force"])
        assert greys(episode["pixels/wrist"]) == [0, 1, 2, 3, 4]
        assert (episode["action"] == 1).all() and episode["force"].dtype == np.float64


@pytest.mark.parametrize("tables", [True, False])
def test_a_folder_an_episode(tmp_path, tables):
    for k in (10, 9):
        (tmp_path / f"run_{k}").mkdir()
        for camera in ("front", "side"):
            film(tmp_path / f"run_{k}" / f"{camera}.mp4", k)
        if tables:
            table(tmp_path / f"run_{k}" / "joints.csv", k)
    with open_source(str(tmp_path)) as source:
        assert source.format == "video-folder" and source.names == ["run_9", "run_10"]
        assert source.cameras == ["pixels/front", "pixels/side"]
        assert source.lengths.tolist() == [8, 9] and ("action" in source.columns) == tables
    if tables:  # two tables, and nobody says which is meant
        table(tmp_path / "run_9" / "forces.csv", 9)
        assert not VideoFolder.recognises(str(tmp_path))


def test_numbered_cameras_are_no_episodes(tmp_path):
    for camera in ("1", "2"):
        (tmp_path / camera).mkdir()
        film(tmp_path / camera / "pick.mp4", 4)
    table(tmp_path / "pick.csv", 4)
    with open_source(str(tmp_path)) as source:
        assert source.names == ["pick"] and source.cameras == ["pixels/1", "pixels/2"]
    (tmp_path / "pick.csv").unlink()
    for camera in ("1", "2"):
        (tmp_path / camera).rename(tmp_path / f"cam_{camera}")
    with open_source(str(tmp_path)) as source:
        assert source.cameras == ["pixels/cam_1", "pixels/cam_2"]


def test_time_stamps_pick_the_frames(tmp_path):
    film(tmp_path / "a.mp4", 9)
    table(tmp_path / "a.csv", 4, time=[0.02, 0.21, 0.38, 0.8])
    with VideoFolder(str(tmp_path)) as source:
        assert greys(source.episode(0)["pixels"]) == [0, 2, 4, 8] and source.lengths[0] == 3
        assert source.about.fps == pytest.approx(1 / 0.19)  # the table's rate, not the video's


def test_the_one_of_many_whose_time_stamps_are_no_frames_is_refused(tmp_path):
    for name, last in (("a", 0.8), ("b", 1.8), ("c", 0.8)):
        film(tmp_path / f"{name}.mp4", 9)
        table(tmp_path / f"{name}.csv", 4, time=[0.0, 0.2, 0.4, last])
    with VideoFolder(str(tmp_path)) as source:
        assert source.lengths.tolist() == [3, 3, 3] and not source.merged
        assert greys(source.episode(2)["pixels"]) == [0, 2, 4, 8]
        with pytest.raises(WmpcError, match=r"no frame at 1.8000 s"):
            np.asarray(source.episode(1)["pixels"])


def test_a_stated_rate_that_is_not_that_of_the_time_stamps_is_refused(tmp_path):
    film(tmp_path / "a.mp4", 9)
    table(tmp_path / "a.csv", 4, time=[0.0, 0.2, 0.4, 0.6])
    (tmp_path / "info.json").write_text(json.dumps({"fps": 10}))
    with pytest.raises(WmpcError, match="states 10 frames a second"):
        VideoFolder(str(tmp_path))


def test_words_are_left_out_and_npy_is_actions(tmp_path):
    film(tmp_path / "a.mp4", 3)
    table(tmp_path / "a.csv", 3, note=["x", "y", "z"])
    with VideoFolder(str(tmp_path)) as source:
        assert source.about.left_out == {"note": "holds words"} and "note" not in source.columns
    (tmp_path / "a.csv").unlink()
    np.save(tmp_path / "a.npy", np.arange(2, dtype=np.float32))
    with VideoFolder(str(tmp_path)) as source:
        assert source.episode(0)["action"].tolist() == [[[0.0]], [[1.0]]]


def test_read_from_a_url(tmp_path):
    film(tmp_path / "a.mp4", 3)
    table(tmp_path / "a.csv", 3)
    memory = fsspec.filesystem("memory")
    for name in ("a.mp4", "a.csv"):
        memory.pipe(f"/home/{name}", (tmp_path / name).read_bytes())
    assert VideoFolder.recognises("memory://home")
    with VideoFolder("memory://home") as source:
        assert greys(source.episode(0)["pixels"]) == [0, 1, 2]


def spoil(folder, name, text):
    (folder / name).write_text(text)


@pytest.mark.parametrize(
    "change, match",
    [
        (lambda f: table(f / "a.csv", 7), r"a.mp4 .* has 5 frames, its table 7 rows"),
        (lambda f: spoil(f, "a.csv", "action\n1\n2\nhalf\n4\n"), "action holds what is no number"),
        (lambda f: spoil(f, "a.csv", "action\n1\n2,3\n3\n4\n"), "line 3 has 2 cells"),
        (lambda f: spoil(f, "a.csv", "action,action\n1,1\n"), "two columns of one name"),
        (lambda f: spoil(f, "a.csv", ""), "is empty"),
        (lambda f: table(f / "a.csv", 4, time=[0, 0.1, 0.1, 0.2]), "do not ascend"),
        (lambda f: np.save(f / "a.npy", np.zeros(4)), "both a.csv and a.npy"),
        (lambda f: spoil(f, "meta.json", '{"fps": -1}'), "states fps -1"),
        (lambda f: spoil(f, "a.mp4", "no video"), "a.mp4 is damaged"),
        (lambda f: (f / "a.mp4").unlink(), "holds no episode"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path, change, match):
    film(tmp_path / "a.mp4", 5)
    table(tmp_path / "a.csv", 4)
    change(tmp_path)
    with pytest.raises(WmpcError, match=match):
        VideoFolder(str(tmp_path))


@pytest.mark.parametrize(
    "change, match",
    [
        (lambda f: film(f / "b.mp4", 5) or spoil(f, "b.csv", ""), "is empty"),
        (lambda f: spoil(f, "b.mp4", "no video") or table(f / "b.csv", 4), "b.mp4 is damaged"),
        (lambda f: film(f / "b.mp4", 1) or table(f / "b.csv", 1), "1 frames: no step"),
    ],
)
def test_an_episode_unlike_the_first_is_refused_alone(tmp_path, change, match):
    for name in ("a", "c"):
        film(tmp_path / f"{name}.mp4", 5)
        table(tmp_path / f"{name}.csv", 4)
    change(tmp_path)
    with VideoFolder(str(tmp_path)) as source:
        assert greys(source.episode(0)["pixels"]) == greys(source.episode(2)["pixels"])
        with pytest.raises(WmpcError, match=match):
            source.episode(1)


@pytest.mark.parametrize(
    "rows, columns, reason",
    [
        (4, {}, "b lacks force"),
        (5, {"force": range(5)}, "for each of the frames, elsewhere the steps in b"),
    ],
)
def test_a_column_that_one_episode_holds_otherwise_is_left_out(tmp_path, rows, columns, reason):
    for name in ("a", "b", "c"):
        film(tmp_path / f"{name}.mp4", 5)
        count, held = (rows, columns) if name == "b" else (4, {"force": range(4)})
        table(tmp_path / f"{name}.csv", count, **held)
    with VideoFolder(str(tmp_path)) as source:
        assert re.search(reason, source.about.left_out["force"])
        assert source.lengths.tolist() == [4, 4, 4] and "force" not in source.episode(1)
    with open_source(str(tmp_path), exclude=[1]) as source:
        assert source.episode(2)["force"].tolist() == [0, 1, 2, 3]
        table(tmp_path / "a.csv", 4)
        with pytest.raises(WmpcError, match=r"a of .* has changed since"):
            source.episode(0)


def test_a_camera_that_one_episode_lacks_is_needed_only_where_it_is_asked_for(tmp_path):
    for name, cameras in (("a", ("", ".wrist")), ("b", ("",)), ("c", ("", ".wrist"))):
        table(tmp_path / f"{name}.csv", 4)
        for camera in cameras:
            film(tmp_path / f"{name}{camera}.mp4", 5)
    with VideoFolder(str(tmp_path)) as source:
        assert source.cameras == ["pixels/main", "pixels/wrist"]
        assert source.episode(0).keys() == source.episode(2).keys()
        with pytest.raises(WmpcError, match="b has no video of wrist"):
            source.episode(1)
        assert len(View(source, cameras=["main"]).episode(1)["pixels"]) == 5


def test_the_first_episode_may_be_the_one_that_cannot_be_read(tmp_path):
    for name in ("a", "b", "c"):
        film(tmp_path / f"{name}.mp4", 5)
        table(tmp_path / f"{name}.csv", 4)
    spoil(tmp_path, "a.mp4", "no video")
    with VideoFolder(str(tmp_path)) as source:
        assert source.lengths.tolist() == [0, 4, 4] and len(source.episode(1)["action"]) == 4
        with pytest.raises(WmpcError, match=r"a.mp4 is damaged"):
            source.episode(0)
