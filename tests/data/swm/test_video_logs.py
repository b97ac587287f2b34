"""Videos with a log that has a clock of its own, with one log of all, or with none at all."""

import csv

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from films import film, greys, table

from wmpc.errors import WmpcError
from wmpc.wm.recordings.formats import open_source
from wmpc.wm.recordings.formats.video_folder.merge import at_frames, has_frame_each
from wmpc.wm.recordings.formats.video_folder.reader import VideoFolder
from wmpc.wm.recordings.formats.video_folder.table import Table
from wmpc.wm.recordings.roles import Roles
from wmpc.wm.recordings.view import View

ROLES = Roles(actions=("vx", "vy"), proprio=("q1",))


def log(start=0.0, stop=0.85, rate=40.0, **more):
    """Rows of a log whose joint is its time, and whose command is the number of its tenth."""
    t = np.arange(start, stop, 1 / rate)
    tenth = np.floor(10 * t + 1e-9)
    return {"time": t, "vx": tenth, "vy": -tenth, "q1": t, "temp": t * 0 + 20, **more}


def write(path, columns):
    if path.suffix == ".parquet":
        pq.write_table(pa.table({name: list(values) for name, values in columns.items()}), path)
        return
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        cells = (["" if v != v else v for v in values] for values in columns.values())
        writer.writerows(zip(*cells, strict=True))


@pytest.fixture
def lab(tmp_path):
    """Three episodes of nine frames by two cameras."""
    for k in range(3):
        for camera in ("top", "side"):
            film(tmp_path / f"run_{k}.{camera}.mp4", 9)
    return tmp_path


def seen(folder, roles=ROLES, **looks):
    named = {"actions": list(roles.actions), "proprio": list(roles.proprio)}
    return View(open_source(str(folder), roles=roles), **named, **looks)


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_commands_hold_and_joints_are_interpolated(lab, ending):
    for k in range(3):
        write(lab / f"run_{k}.{ending}", log(0.012, 0.87, rate=97.0))
    with seen(lab) as view:
        assert view.source.format == "video-folder" and view.cameras == [
            "pixels/side",
            "pixels/top",
        ]
        assert view.lengths.tolist() == [7, 7, 7] and view.about.fps == 10  # 0.1 s to 0.8 s
        assert view.about.names["action"] == ["vx", "vy"]
        episode = view.episode(1)
        assert greys(episode["pixels/top"]) == greys(episode["pixels/side"]) == [*range(1, 9)]
        # A row lies up to 10 ms before a frame: the command is that of the tenth before, for sure.
        assert episode["action"].shape == (7, 1, 2) and episode["action"].dtype == np.float32
        assert np.isin(episode["action"][:, 0, 0] - np.arange(1, 8), (0, -1)).all()
        assert (episode["action"][:, 0, 0] == -episode["action"][:, 0, 1]).all()
        np.testing.assert_allclose(episode["proprio"][:, 0], np.arange(1, 9) / 10, atol=1e-6)
        assert view.columns["temp"].rows == "frames" and "vx" not in view.columns
        assert any("a clock of their own" in note for note in view.about.notes)
        assert any("3 frames are left out" in note for note in view.about.notes)
        np.testing.assert_allclose(view.source.times(1), np.arange(1, 9) / 10, atol=1e-6)


@pytest.mark.parametrize("episodes", [["run_0", "run_1", "run_2"], [0, 1, 2]])
@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_one_log_of_all_episodes(lab, ending, episodes):
    parts = [log(vy=np.full(34, k)) for k in range(3)]
    whole = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    write(lab / f"joints.{ending}", {"episode": np.repeat(episodes, 34), **whole})
    with seen(lab) as view:
        assert view.lengths.tolist() == [8, 8, 8]
        assert [float(view.episode(k)["action"][3, 0, 1]) for k in range(3)] == [0, 1, 2]


def test_numbers_of_episodes_are_those_in_names_or_else_their_places(tmp_path):
    for name in ("b_7", "a_9"):
        film(tmp_path / f"{name}.mp4", 5)
    for numbers, first in (([9, 7], 9), ([0, 1], 0)):
        columns = {"episode": np.repeat(numbers, 4), "action": np.repeat(numbers, 4)}
        write(tmp_path / "log.csv", columns)
        with VideoFolder(str(tmp_path)) as source:
            assert source.names == ["a_9", "b_7"]
            assert source.episode(0)["action"][0, 0, 0] == first
    write(tmp_path / "log.csv", {"episode": np.repeat([9, 1], 4), "action": np.ones(8)})
    with pytest.raises(WmpcError, match=r"says episode 9, .* has the videos of a_9, b_7"):
        VideoFolder(str(tmp_path))
    write(tmp_path / "log.csv", {"episode": np.repeat(["a_9", "c"], 4), "action": np.ones(8)})
    with pytest.raises(WmpcError, match=r"says episode 'c'"):
        VideoFolder(str(tmp_path))
    write(tmp_path / "log.csv", {"episode": np.repeat(["a_9"], 4), "action": np.ones(4)})
    with VideoFolder(str(tmp_path)) as source, pytest.raises(WmpcError, match="no row of b_7"):
        source.episode(1)
    write(tmp_path / "more.csv", {"episode": ["a_9"], "action": [1]})
    with pytest.raises(WmpcError, match=r"both .*log.csv and .*more.csv"):
        VideoFolder(str(tmp_path))


def test_a_gap_is_refused_with_the_file_and_the_seconds_and_may_be_allowed(lab):
    for k in range(3):
        columns = log()
        if k == 1:
            keep = (columns["time"] < 0.2) | (columns["time"] > 0.79)
            columns = {name: values[keep] for name, values in columns.items()}
        write(lab / f"run_{k}.csv", columns)
    with seen(lab) as view:
        assert view.lengths.tolist() == [8, 0, 8]
        said = view.unreadable[1]
        assert "run_1.csv has no value of vx between 0.175 s and 0.800 s" in said
        assert "0.625 s are more than the 0.5 s that are bridged" in said
    with seen(lab, Roles(ROLES.actions, ROLES.proprio, gap_s=0.7)) as view:
        assert view.lengths.tolist() == [8, 8, 8]
        np.testing.assert_allclose(view.episode(1)["proprio"][:, 0], np.arange(9) / 10, atol=1e-6)


def test_rows_of_several_sensors_in_one_table(lab):
    """An empty cell is no row of its column."""
    t = np.arange(0, 0.85, 0.0125)
    commands, joints = np.arange(len(t)) % 2 == 0, np.arange(len(t)) % 2 == 1
    columns = {
        "time": t,
        "vx": np.where(commands, 1.0, np.nan),
        "vy": np.where(commands, 2.0, np.nan),
        "q1": np.where(joints, t, np.nan),
        "temp": np.where(t == 0, 20.0, np.nan),
    }
    for k in range(3):
        write(lab / f"run_{k}.csv", columns)
    with seen(lab) as view:
        episode = view.episode(0)
        assert len(episode["proprio"]) == 8  # joints begin after the first frame
        np.testing.assert_allclose(episode["proprio"][:, 0], np.arange(1, 9) / 10, atol=1e-6)
        assert (episode["action"] == [1.0, 2.0]).all()
        assert episode["temp"][0] == 20 and np.isnan(episode["temp"][-1])  # 0.8 s later


def test_what_holds_and_what_is_interpolated():
    times, frames = np.array([0.0, 0.4, 1.0]), np.array([0.0, 0.1, 0.4, 0.7, 1.0])
    made = Table(
        "log", 3, {"a": np.array([0.0, 4.0, 10.0]), "n": np.array([3, 5, 7])}, times, {}, {}
    )
    assert at_frames(made, "a", frames, False, 9).tolist() == [0, 0, 4, 4, 10]
    np.testing.assert_allclose(at_frames(made, "a", frames, True, 9), [0, 1, 4, 7, 10])
    assert at_frames(made, "n", frames, False, 9).tolist() == [3, 3, 5, 5, 7]
    held = at_frames(made, "a", np.array([0.7, 0.95]), False, 0.5)
    assert held[0] == 4 and np.isnan(held[1])
    assert np.isnan(at_frames(made, "a", np.array([0.7]), True, 0.5)).all()
    shown = np.arange(5) / 10
    assert has_frame_each(shown, 0.05, np.array([0.02, 0.31]))
    assert not has_frame_each(shown, 0.05, np.array([0.02, 0.03]))
    assert not has_frame_each(shown, 0.05, np.array([0.0, 0.46]))


def test_a_column_of_time_stamps_by_its_name(lab):
    for k in range(3):
        columns = log()
        write(lab / f"run_{k}.csv", {"stamp": columns.pop("time"), **columns})
    with pytest.raises(WmpcError, match=r"table 34 rows.*time=... names it; the table has stamp"):
        open_source(str(lab))
    with seen(lab, Roles(ROLES.actions, ROLES.proprio, time="stamp")) as view:
        assert view.lengths.tolist() == [8, 8, 8]
    with pytest.raises(WmpcError, match=r"time=clock came; .*run_0.csv has stamp, vx"):
        open_source(str(lab), roles=Roles(time="clock"))


@pytest.mark.parametrize(
    ("scale", "shift", "said"),
    [
        (1000, 0, "look like milliseconds: divide them by 1,000"),
        (1e9, 1.7e18, "look like nanoseconds"),
        (1, 1.7e9, "seconds since the video began: subtract the time at which it did"),
    ],
)
def test_a_clock_that_is_not_the_videos_is_said(lab, scale, shift, said):
    for k in range(3):
        columns = log()
        write(lab / f"run_{k}.csv", columns | {"time": columns["time"] * scale + shift})
    with pytest.raises(WmpcError, match=said):
        open_source(str(lab))


def test_named_columns_are_not_taken_for_others(lab):
    for k in range(3):
        columns = log(action_vx=np.arange(34), action_grip=np.zeros(34), state_1=np.zeros(34))
        write(lab / f"run_{k}.csv", columns)
    with seen(lab, Roles(("action_vx",), ("q1",))) as view:
        assert view.columns["action"].shape == (1, 1) and view.columns["proprio"].shape == (1,)
        assert view.about.names["action"] == ["action_vx"]
        assert {"action_grip", "state_1"} <= view.columns.keys()
    with pytest.raises(WmpcError, match=r"actions=v came; .* has .*vx"):
        seen(lab, Roles(("v",)))
    write(lab / "run_1.csv", {k: v for k, v in log().items() if k != "vx"})
    with pytest.raises(WmpcError, match=r"actions=vx came.*left out: run_1 lacks vx"):
        seen(lab)


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"gap_s": "long"}, "gap_s=long came; it is a number"),
        ({"gap_s": 0}, "gap_s=0 came"),
        ({"gap_s": True}, "gap_s=True came"),
        ({"actions": "vx"}, "actions=vx came; it is a list of columns"),
        ({"proprio": {"q": 1}}, "it is a list of columns"),
    ],
)
def test_roles_that_make_no_sense_are_refused(said, sentence):
    with pytest.raises(WmpcError, match=sentence):
        Roles.of(**said)
    assert Roles.of([1, "a"]).actions == ("1", "a") and Roles.of(gap_s=2).gap_s == 2.0


def test_videos_alone(lab):
    assert VideoFolder.recognises(str(lab))
    with open_source(str(lab)) as source:
        assert source.columns.keys() == {"pixels/side", "pixels/top"}
        assert source.lengths.tolist() == [8, 8, 8]
        assert any("no table, and so no actions" in note for note in source.about.notes)
        assert greys(source.episode(2)["pixels/top"]) == [*range(9)]
    film(lab / "run_1.side.mp4", 7)
    with open_source(str(lab)) as source:
        assert source.lengths.tolist() == [8, 6, 8]
        assert any("2 frames are left out" in note for note in source.about.notes)
        assert greys(source.episode(1)["pixels/top"]) == [*range(7)]
    film(lab / "run_1.side.mp4", 9)
    film(lab / "run_1.top.mp4", 5, fps=5)
    with (
        open_source(str(lab)) as source,
        pytest.raises(WmpcError, match="no frame of its own near"),
    ):
        source.episode(1)


def test_cameras_in_folders_alone_and_what_is_left_out_is_said(tmp_path):
    for camera in ("front", "back"):
        (tmp_path / camera).mkdir()
        film(tmp_path / camera / "run.v2.mp4", 4)
    with open_source(str(tmp_path)) as source:
        assert source.names == ["run.v2"] and source.cameras == ["pixels/back", "pixels/front"]
    (tmp_path / "notes.csv").write_text("day,who\nmonday,me\n")
    with open_source(str(tmp_path)) as source:
        assert any("notes.csv; a table is called as its video is" in n for n in source.about.notes)
    table(tmp_path / "run.v2.csv", 4)
    film(tmp_path / "front" / "other.mp4", 4)
    with open_source(str(tmp_path)) as source:
        assert source.names == ["run.v2"] and "action" in source.columns
        assert any("videos without a table are left out" in n for n in source.about.notes)


def test_a_table_without_actions_says_how_to_name_them(tmp_path):
    film(tmp_path / "a.mp4", 4)
    (tmp_path / "a.csv").write_text("x,y\n1,2\n3,4\n5,6\n7,8\n")
    with open_source(str(tmp_path)) as source:
        assert source.lengths.tolist() == [3] and "action" not in source.columns
        assert any("actions=[...] names them, of x, y" in note for note in source.about.notes)
    with View(open_source(str(tmp_path)), actions=["y"]) as view:
        assert view.episode(0)["action"].tolist() == [[[2.0]], [[4.0]], [[6.0]]]
