"""LeRobot sets as hardware and converters leave them: clocks that are not quite the stated one,
depth that nothing states, tables with more columns, episodes too short to learn from."""

import json
from fractions import Fraction

import av
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from wmpc.cli.main import main
from wmpc.errors import WmpcError
from wmpc.wm.recordings.doctor import examine
from wmpc.wm.recordings.formats import open_source
from wmpc.wm.recordings.rate import pace
from wmpc.wm.recordings.view import View

CAMERA = "observation.images.top"
VIDEO = f"videos/{CAMERA}/chunk-000/file-000.mp4"
DATA, EPISODES = "data/chunk-000/file-000.parquet", "meta/episodes/chunk-000/file-000.parquet"
SIZE = (48, 64)


def film(path, times, greys, pixels="yuv420p", codec="libx264"):
    """A video whose frames are shown at `times`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    deep = pixels.startswith("gray1")
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=30)
        stream.height, stream.width, stream.pix_fmt = *SIZE, pixels
        stream.codec_context.time_base = Fraction(1, 90000)
        for time, grey in zip(times, greys, strict=True):
            value = np.full(SIZE, 16 * grey, np.uint16) if deep else np.full((*SIZE, 3), grey)
            picture = value if deep else value.astype(np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, pixels if deep else "rgb24")
            frame.time_base, frame.pts = Fraction(1, 90000), round(time * 90000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def with_clock(folder, lerobot_sets, lengths, clock):
    """A set of 30 frames a second, whose rows and pictures come at `clock(length)` instead."""
    made = lerobot_sets.v3(folder, lengths, data=(0,) * len(lengths), fps=30)
    clocks = [clock(n) for n in lengths]
    starts = np.cumsum([0, *(times[-1] + 0.1 for times in clocks)])
    greys = [lerobot_sets.grey(0, row) for row in range(sum(lengths))]
    film(
        folder / VIDEO, np.concatenate([s + t for s, t in zip(starts, clocks, strict=False)]), greys
    )
    rows = pq.read_table(folder / DATA).to_pylist()
    for row, time in zip(rows, np.concatenate(clocks), strict=True):
        row["timestamp"] = float(time)
    pq.write_table(pa.Table.from_pylist(rows), folder / DATA)
    episodes = pq.read_table(folder / EPISODES).to_pylist()
    for row, start, times in zip(episodes, starts, clocks, strict=False):
        row[f"videos/{CAMERA}/from_timestamp"] = float(start)
        row[f"videos/{CAMERA}/to_timestamp"] = float(start + times[-1] + 0.03)
    pq.write_table(pa.Table.from_pylist(episodes), folder / EPISODES)
    return made, clocks


def ntsc(n):
    return np.arange(n) * 1001 / 30000


def quick(n):
    return np.arange(n) / 31.0


def jittered(n):
    rng = np.random.default_rng(n)
    return np.arange(n) / 30 + np.where(np.arange(n), rng.uniform(-0.012, 0.012, n), 0)


def dropped(n):
    """Two frames are missing in the middle."""
    return (np.arange(n) + 2 * (np.arange(n) > n // 2)) / 30


CLOCKS = {
    ntsc: r"29\.97 frames a second where 30 are stated",
    quick: "31 frames a second where 30 are stated",
    jittered: "varying rate",
    dropped: None,
}


@pytest.mark.parametrize("clock", CLOCKS)
def test_time_stamps_are_believed_over_the_stated_rate(tmp_path, lerobot_sets, clock):
    lengths = (300, 40, 25, 30)
    made, clocks = with_clock(tmp_path, lerobot_sets, lengths, clock)
    with open_source(str(tmp_path)) as source:
        for index in range(len(lengths)):
            rows = range(made.first[index], made.first[index + 1])
            lerobot_sets.check(source.episode(index)["pixels"], 0, rows)
            np.testing.assert_allclose(source.times(index), clocks[index], atol=1e-5)
        said = pace(source)
        assert said is None if CLOCKS[clock] is None else CLOCKS[clock].replace("\\", "") in said
        kinds = {fault.kind for fault in examine(source).faults}
        assert kinds & {"time_gap", "uneven_time", "wrong_fps"} == {
            jittered: {"uneven_time"},
            dropped: {"time_gap"},
        }.get(clock, set())


@pytest.mark.parametrize("rate", [15, 28, 32, 60])
def test_a_rate_beyond_the_tolerance_is_refused_with_both(tmp_path, lerobot_sets, rate):
    with_clock(tmp_path, lerobot_sets, (200,), lambda n: np.arange(n) / rate)
    with (
        open_source(str(tmp_path)) as source,
        pytest.raises(WmpcError, match=rf"has {rate} rows a second by its time stamps.* says 30"),
    ):
        source.episode(0, ["action"])


@pytest.mark.parametrize("clock", [jittered, dropped])
def test_asked_for_a_rate_frames_are_taken_at_even_times(tmp_path, lerobot_sets, clock):
    made, clocks = with_clock(tmp_path, lerobot_sets, (60, 40), clock)
    with View(open_source(str(tmp_path)), fps=10.0) as view:
        for index, times in enumerate(clocks):
            episode = view.episode(index)
            wanted = np.arange(int(times[-1] * 10 + 1e-6) + 1) / 10
            rows = np.abs(times[None] - wanted[:, None]).argmin(1)
            lerobot_sets.check(episode["pixels"], 0, made.first[index] + rows)
            assert len(episode["action"]) == view.lengths[index] == len(rows) - 1
            recorded = made.table["action"][made.first[index] + rows[:-1]]
            assert np.array_equal(episode["action"][:, 0], recorded)


def test_a_gap_too_wide_for_the_rate_refuses_its_episode_alone(tmp_path, lerobot_sets):
    with_clock(
        tmp_path, lerobot_sets, (60, 40), lambda n: dropped(n) if n == 40 else np.arange(n) / 30
    )
    with View(open_source(str(tmp_path)), fps=20.0) as view:
        assert view.lengths[0] == 39 and len(view.episode(0)["pixels"]) == 40
        with pytest.raises(WmpcError, match=r"100 ms apart .* too far for fps=20: ask for 10"):
            view.episode(1)


@pytest.mark.parametrize(
    "pixels, codec, column",
    [
        ("gray12le", "libx265", None),
        ("gray10le", "libx265", None),
        ("gray", "libx265", "pixels/depth"),
        ("yuv420p", "libx264", "pixels/depth"),
        ("yuv420p10le", "libx265", "pixels/depth"),
    ],
)
def test_depth_that_nothing_states_is_told_by_the_video(
    tmp_path, lerobot_sets, pixels, codec, column
):
    cameras = dict.fromkeys((CAMERA, "observation.images.depth"), ("video", SIZE))
    made = lerobot_sets.v3(tmp_path, cameras=cameras, data=(0, 0, 0))
    film(
        tmp_path / VIDEO.replace("top", "depth"),
        np.arange(16) / lerobot_sets.fps,
        [lerobot_sets.grey(1, row) for row in range(16)],
        pixels,
        codec,
    )
    with open_source(str(tmp_path)) as source:
        if column is None:
            why = source.about.left_out["observation.images.depth"]
            assert "depth" in why and pixels in why
            assert source.cameras == ["pixels"]
        else:
            assert source.cameras == ["pixels/top", "pixels/depth"]
            assert len(source.episode(0)[column][:]) == 5
        lerobot_sets.check(source.episode(1)[source.cameras[0]], 0, range(*made.first[1:3]))


def test_more_columns_beside_the_tasks_are_ignored(tmp_path, lerobot_sets):
    lerobot_sets.v3(tmp_path)
    for words in ("__index_level_0__", "task", "words"):
        tasks = {"task_index": [1, 0], words: ["lift", "push"], "zone": ["kitchen", "hall"]}
        orders = [list(tasks), [words, "zone", "task_index"]]
        if words != "words":  # by its name, wherever it stands
            orders.append(["zone", words, "task_index"])
        for order in orders:
            table = pa.table({key: tasks[key] for key in order})
            pq.write_table(table, tmp_path / "meta/tasks.parquet")
            with open_source(str(tmp_path)) as source:
                assert source.about.labels["task_index"] == ["push", "lift"]


def test_a_video_without_time_for_an_episode_refuses_its_pictures_alone(tmp_path, lerobot_sets):
    cameras = dict.fromkeys((CAMERA, "observation.images.side"), ("video", SIZE))
    lerobot_sets.v3(tmp_path, cameras=cameras, data=(0, 0, 0))
    rows = pq.read_table(tmp_path / EPISODES).to_pylist()
    rows[1][f"videos/{CAMERA}/to_timestamp"] = rows[1][f"videos/{CAMERA}/from_timestamp"]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / EPISODES)
    with View(open_source(str(tmp_path)), cameras=["side"]) as view:
        assert [len(view.episode(i)["pixels"]) for i in range(3)] == [5, 7, 4]
    with open_source(str(tmp_path)) as source:
        source.episode(0)
        with pytest.raises(WmpcError, match="no time for its frames in episode 1"):
            source.episode(1)


def test_episodes_of_a_single_frame_are_left_out_of_an_import(tmp_path, lerobot_sets, capsys):
    lengths = (1, 2, 9, 1, 8)
    lerobot_sets.v3(tmp_path / "set", lengths, data=(0,) * 5)
    assert (
        main(["data", "import", str(tmp_path / "set"), f"data={tmp_path / 'in'}", "size=16"]) == 0
    )
    assert "hold no step and are left out: 0, 3." in capsys.readouterr().out
    with open_source(str(tmp_path / "in")) as source:
        assert source.lengths.tolist() == [1, 8, 7]


def test_an_import_that_meets_a_damaged_picture_says_which_episode_to_exclude(
    tmp_path, lerobot_sets, capsys
):
    lerobot_sets.v3(tmp_path / "set", (9, 9, 9), data=(0, 1, 2))
    (tmp_path / "set" / VIDEO.replace("000.mp4", "001.mp4")).write_bytes(b"no video")
    arguments = ["data", "import", str(tmp_path / "set"), "size=16"]
    assert main([*arguments, f"data={tmp_path / 'a'}"]) == 2
    assert "exclude=[1]" in capsys.readouterr().err
    assert main([*arguments, f"data={tmp_path / 'b'}", "exclude=[1]"]) == 0


def test_grey_pictures_of_eight_bits_are_pictures_and_others_are_not(tmp_path, lerobot_sets):
    lerobot_sets.v3(tmp_path, cameras={CAMERA: ("image", SIZE)}, data=(0, 0, 0))
    info = json.loads((tmp_path / "meta/info.json").read_text())
    info["features"][CAMERA]["shape"] = [*SIZE, 1]
    (tmp_path / "meta/info.json").write_text(json.dumps(info))
    with open_source(str(tmp_path)) as source:
        assert source.columns["pixels"].shape == (*SIZE, 3)
        assert any("are grey" in note for note in source.about.notes)
        lerobot_sets.check(source.episode(0)["pixels"], 0, range(5))
