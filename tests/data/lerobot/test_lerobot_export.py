import json

import numpy as np
import pyarrow.parquet as pq
import pytest

from wmpc.errors import WmpcError
from wmpc.wm.data import EpisodeWriter, open_episodes
from wmpc.wm.recordings.export.lerobot import export_lerobot
from wmpc.wm.recordings.formats import open_source


def scene(frames, size, shift):
    """A coloured disc that moves over a floor of two colours, as a simulator would draw it."""
    y, x = np.mgrid[:size, :size]
    out = np.empty((frames, size, size, 3), np.uint8)
    for i in range(frames):
        floor = ((x * 4 // size + y * 4 // size) % 2)[..., None]
        out[i] = np.where(floor, (90, 130, 170), (60, 90, 120))
        centre = size / 2 + size / 4 * np.array([np.cos(i / 3 + shift), np.sin(i / 3 + shift)])
        out[i][(x - centre[0]) ** 2 + (y - centre[1]) ** 2 < (size / 8) ** 2] = (220, 60, 40)
    return out


@pytest.fixture
def native(tmp_path, meta, make_episode):
    """A function that records three episodes with m = 3 actions a frame."""

    def record(cameras=("pixels",), size=64, **columns):
        with EpisodeWriter(tmp_path / "native", meta) as writer:
            for index, steps in enumerate((6, 9, 5)):
                episode = make_episode(index, steps)
                del episode["pixels"]
                for number, camera in enumerate(cameras):
                    episode[camera] = scene(steps + 1, size, index + number)
                episode["reward"] = np.linspace(0, 1, steps)
                episode["grid/depth"] = np.arange((steps + 1) * 6).reshape(-1, 2, 3).astype("u2")
                episode["contact"] = np.arange(steps + 1) % 2 == 0
                writer.append(episode)
        return open_episodes(tmp_path / "native")

    return record


def psnr(ours, theirs):
    error = ((ours.astype(float) - theirs) ** 2).mean((1, 2, 3))
    return 10 * np.log10(255**2 / np.maximum(error, 1e-9))


@pytest.mark.parametrize(
    ("codec", "size", "floor"),
    [("h264", 64, 38), ("av1", 64, 28), ("h264", 128, 33), ("av1", 128, 33), ("png", 64, 90)],
)
def test_the_way_there_and_back(tmp_path, native, same, codec, size, floor):
    cameras = ("pixels/front", "pixels/wrist")
    episodes = native(cameras, size)
    done = []
    export_lerobot(episodes, tmp_path / "out", codec=codec, progress=done.append)
    assert done == [1, 2, 3]
    with open_source(str(tmp_path / "out")) as source:
        assert source.format == "lerobot" and source.columns == episodes.columns
        assert source.about.env == {"id": "made-up", "kwargs": {"image_size": 4}}
        assert source.about.fps == 10 and list(source.about.action_low) == [-1, -1]
        assert source.lengths.tolist() == [6, 9, 5]
        for index in (1, 2, 0):
            wanted, found = episodes.episode(index), source.episode(index)
            for name in cameras:
                assert psnr(found[name][:], wanted[name]).min() >= floor
            numbers = [name for name in wanted if name not in cameras]
            same({n: found[n] for n in numbers}, {n: wanted[n] for n in numbers})


def test_files_end_at_their_limit(tmp_path, native):
    episodes = native()
    export_lerobot(episodes, tmp_path / "one")
    export_lerobot(
        episodes, tmp_path / "out", data_files_size_in_mb=1e-3, video_files_size_in_mb=5e-3,
        chunks_size=2,
    )  # fmt: skip
    assert len(list((tmp_path / "one").rglob("*.mp4"))) == 1
    parts = ["chunk-000/file-000", "chunk-000/file-001", "chunk-001/file-000"]
    for kind, top in (("mp4", "videos/observation.image"), ("parquet", "data")):
        for part in parts:
            assert (tmp_path / "out" / top / f"{part}.{kind}").is_file()
        assert len(list((tmp_path / "out" / top).rglob(f"*.{kind}"))) == len(parts)
    with open_source(str(tmp_path / "out")) as source:
        for index in range(3):
            found, wanted = source.episode(index), episodes.episode(index)
            np.testing.assert_array_equal(found["action"], wanted["action"])
            assert psnr(found["pixels"][:], wanted["pixels"]).min() >= 38


def test_without_our_note_it_is_a_plain_set(tmp_path, native):
    episodes = native()
    export_lerobot(episodes, tmp_path / "out", task="push")
    path = tmp_path / "out/meta/info.json"
    info = json.loads(path.read_text())
    assert "repeats" in info["wmpc"].pop("note")
    del info["wmpc"]
    path.write_text(json.dumps(info))
    with open_source(str(tmp_path / "out")) as source:
        found, wanted = source.episode(0), episodes.episode(0)
        assert source.about.labels["task_index"] == ["push"]
        assert source.about.names["action"][:3] == ["t0.a0", "t0.a1", "t1.a0"]
        np.testing.assert_array_equal(found["action"].reshape(6, 3, 2), wanted["action"])
        np.testing.assert_array_equal(found["proprio"], wanted["proprio"])
        np.testing.assert_array_equal(found["wmpc.state"], wanted["state"])
        np.testing.assert_array_equal(found["next.reward"], wanted["reward"])


def test_the_statistics_are_those_of_the_rows(tmp_path, native):
    episodes = native()
    export_lerobot(episodes, tmp_path / "out")
    stats = json.loads((tmp_path / "out/meta/stats.json").read_text())
    proprio = np.asarray(episodes.frames("proprio"), np.float64)
    np.testing.assert_allclose(stats["observation.state"]["mean"], proprio.mean(0))
    np.testing.assert_allclose(stats["observation.state"]["std"], proprio.std(0))
    np.testing.assert_allclose(stats["observation.state"]["max"], proprio.max(0))
    assert stats["observation.state"]["count"] == [len(proprio)]
    assert np.shape(stats["observation.image"]["mean"]) == (3, 1, 1)
    rows = pq.read_table(tmp_path / "out/meta/episodes").to_pylist()
    assert [row["length"] for row in rows] == [7, 10, 6]
    own = np.asarray(episodes.episode(1)["proprio"], np.float64)
    np.testing.assert_allclose(rows[1]["stats/observation.state/q50"], np.median(own, 0))


def test_nothing_is_left_of_an_export_that_fails(tmp_path, native):
    episodes = native(size=63)
    with pytest.raises(WmpcError, match="63 x 63; av1 in yuv420p takes even sizes only"):
        export_lerobot(episodes, tmp_path / "out", codec="av1")
    with pytest.raises(WmpcError, match="no codec 'gif'"):
        export_lerobot(episodes, tmp_path / "out", codec="gif")
    with pytest.raises(WmpcError, match="av1 takes yuv420p"):
        export_lerobot(episodes, tmp_path / "out", codec="av1", pixel_format="yuv444p")

    def stop(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export_lerobot(episodes, tmp_path / "out", progress=stop)
    assert [path.name for path in tmp_path.iterdir()] == ["native"]
    (tmp_path / "out").mkdir()
    export_lerobot(episodes, tmp_path / "out")
    with pytest.raises(WmpcError, match="exists already"):
        export_lerobot(episodes, tmp_path / "out")
