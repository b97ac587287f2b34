import numpy as np
import pytest

from wmpc.errors import WmpcError
from wmpc.wm.recordings.formats import open_source
from wmpc.wm.recordings.formats.lerobot.v2 import LeRobotV2
from wmpc.wm.recordings.formats.lerobot.v3 import LeRobotV3

TWO = {
    "observation.images.top": ("video", (48, 64)),
    "observation.images.wrist": ("video", (32, 32)),
    "observation.images.still": ("image", (16, 24)),
}


def test_the_columns_follow_the_conventions(tmp_path, lerobot_sets):
    made = lerobot_sets.v3(tmp_path / "set")
    with open_source(str(tmp_path / "set")) as source:
        assert source.format == "lerobot"
        assert source.lengths.tolist() == [4, 6, 3]
        about, columns = source.about, source.columns
        assert source.cameras == ["pixels"]
        assert columns["action"].shape == (1, 2)
        assert columns["next.reward"].rows == "steps"
        assert about.fps == lerobot_sets.fps
        assert about.names["proprio"] == ["x", "y", "z"]
        assert about.names["action"] == ["u", "v"]
        assert about.labels["task_index"] == ["push", "lift"]
        assert about.splits == {"train": [0, 1, 2]}
        assert set(about.left_out) == {"remark", "index", "episode_index"}
        assert any("so100" in note for note in about.notes)
        for index, (start, stop) in enumerate(zip(made.first[:-1], made.first[1:], strict=True)):
            episode = source.episode(index)
            assert set(episode) == set(columns)
            rows, steps = slice(start, stop), slice(start, stop - 1)
            table = made.table
            same(episode["proprio"], table["observation.state"][rows])
            same(episode["action"], table["action"][steps][:, None])
            same(episode["next.reward"], table["next.reward"][steps])
            same(episode["next.done"], table["next.done"][steps])
            for name in ("jacobian", "timestamp", "frame_index", "task_index"):
                same(episode[name], table[name][rows])
            lerobot_sets.check(episode["pixels"], 0, range(start, stop))


def test_each_camera_has_its_own_files_and_offsets(tmp_path, lerobot_sets):
    files = {"observation.images.top": (0, 0, 0), "observation.images.wrist": (0, 1, 1)}
    made = lerobot_sets.v3(tmp_path / "set", cameras=TWO, videos=files)
    with LeRobotV3(str(tmp_path / "set")) as source:
        assert source.cameras == ["pixels/top", "pixels/wrist", "pixels/still"]
        for index in (2, 0, 1):
            episode = source.episode(index, source.cameras)
            rows = range(made.first[index], made.first[index + 1])
            for number, name in enumerate(source.cameras):
                assert episode[name].shape[1:] == source.columns[name].shape
                lerobot_sets.check(episode[name], number, rows)
                lerobot_sets.check(SliceOf(episode[name], [3, 0]), number, [rows[3], rows[0]])


def test_templates_are_followed(tmp_path, lerobot_sets):
    templates = {
        "data_path": "rows/{file_index:d}_of_{chunk_index}.parquet",
        "video_path": "films/{chunk_index:02d}/{file_index:04d}/{video_key}.mp4",
    }
    made = lerobot_sets.v3(tmp_path / "set", **templates)
    assert (tmp_path / "set/films/00/0001/observation.images.top.mp4").is_file()
    with open_source(str(tmp_path / "set")) as source:
        lerobot_sets.check(source.episode(2)["pixels"], 0, range(made.first[2], made.first[3]))


def test_row_groups_may_end_anywhere(tmp_path, lerobot_sets):
    made = lerobot_sets.v3(tmp_path / "set", cameras=TWO, group=3)
    with open_source(str(tmp_path / "set")) as source:
        for index in (1, 2, 0):
            rows = range(made.first[index], made.first[index + 1])
            episode = source.episode(index)
            same(episode["proprio"], made.table["observation.state"][rows.start : rows.stop])
            lerobot_sets.check(episode["pixels/still"], 2, rows)


def test_it_reads_behind_a_url(tmp_path, lerobot_sets, in_memory):
    made = lerobot_sets.v3(tmp_path / "set", cameras=TWO)
    url = in_memory(tmp_path / "set")
    assert LeRobotV3.recognises(url) and not LeRobotV2.recognises(url)
    with open_source(url) as source:
        episode = source.episode(1)
        rows = range(made.first[1], made.first[2])
        same(episode["proprio"], made.table["observation.state"][rows.start : rows.stop])
        for number, name in enumerate(source.cameras):
            lerobot_sets.check(episode[name], number, rows)


def test_pictures_can_be_decoded_at_another_size(tmp_path, lerobot_sets):
    lerobot_sets.v3(tmp_path / "set")
    with open_source(str(tmp_path / "set")) as source:
        frames = source.episode(0)["pixels"]
        small = frames.resized(24, 32)
        assert small.shape == (5, 24, 32, 3) and frames.shape == (5, 48, 64, 3)
        lerobot_sets.check(small, 0, range(5))
        lerobot_sets.check(frames, 0, range(5))


def test_only_columns_asked_for_are_read(tmp_path, lerobot_sets):
    lerobot_sets.v3(tmp_path / "set")
    for video in (tmp_path / "set").rglob("*.mp4"):
        video.unlink()
    with open_source(str(tmp_path / "set")) as source:
        assert set(source.episode(0, ["action"])) == {"action"}
        with pytest.raises(WmpcError, match=r"lacks its video videos/.*file-000\.mp4"):
            source.episode(0)


def same(ours, theirs):
    assert ours.dtype == theirs.dtype
    np.testing.assert_array_equal(ours, theirs)


class SliceOf:
    """Chosen rows of frames, in the order asked for."""

    def __init__(self, frames, rows):
        self.frames, self.rows = frames, rows

    def __getitem__(self, _):
        return self.frames[self.rows]
