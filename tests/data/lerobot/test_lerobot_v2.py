import numpy as np
import pytest

from wmpc.errors import WmpcError
from wmpc.wm.recordings.formats import open_source
from wmpc.wm.recordings.formats.lerobot.v2 import LeRobotV2
from wmpc.wm.recordings.formats.lerobot.v3 import LeRobotV3

TWO = {"observation.image": ("video", (48, 64)), "image.still": ("image", (16, 24))}


@pytest.mark.parametrize("version", ["v2.1", "v2.0"])
def test_an_episode_is_its_own_table_and_videos(tmp_path, lerobot_sets, version):
    made = lerobot_sets.v2(tmp_path / "set", cameras=TWO, version=version)
    path = str(tmp_path / "set")
    assert LeRobotV2.recognises(path) and not LeRobotV3.recognises(path)
    with open_source(path) as source:
        assert source.format == "lerobot-v2"
        assert source.lengths.tolist() == [4, 6]
        assert source.about.labels["task_index"] == ["push", "lift"]
        assert source.cameras == ["pixels/image", "pixels/image.still"]
        for index in (1, 0):
            start, stop = made.first[index : index + 2]
            episode = source.episode(index)
            np.testing.assert_array_equal(
                episode["action"], made.table["action"][start : stop - 1][:, None]
            )
            np.testing.assert_array_equal(episode["jacobian"], made.table["jacobian"][start:stop])
            lerobot_sets.check(episode["pixels/image"], 0, range(start, stop))
            lerobot_sets.check(episode["pixels/image.still"], 1, range(start, stop))


def test_it_reads_behind_a_url(tmp_path, lerobot_sets, in_memory):
    made = lerobot_sets.v2(tmp_path / "set")
    with open_source(in_memory(tmp_path / "set")) as source:
        lerobot_sets.check(source.episode(1)["pixels"], 0, range(made.first[1], made.first[2]))


@pytest.mark.parametrize("version", ["v1.6", "v4.0", "2.1", None])
def test_other_versions_are_named(tmp_path, lerobot_sets, version):
    lerobot_sets.v2(tmp_path / "set", version=version)
    path = str(tmp_path / "set")
    assert not LeRobotV2.recognises(path) and not LeRobotV3.recognises(path)
    for kind in (LeRobotV2, LeRobotV3):
        with pytest.raises(WmpcError, match=f"of version {version!r}; this reader takes"):
            kind(path)


@pytest.mark.parametrize(
    ("file", "old", "new", "error"),
    [
        ("episodes.jsonl", '"length": 7', '"length": 6', "should have 6 rows; .* has 7"),
        ("episodes.jsonl", '"length": 7', '"length": -7', "episode 1 has length -7"),
        ("episodes.jsonl", '"episode_index": 1', '"episode_index": 2', "is not 0, 1, 2"),
        ("episodes.jsonl", '{"episode_index": 1', '{"episode', "is damaged"),
        ("info.json", '"total_episodes": 2', '"total_episodes": 3', "describes 2 episodes"),
        ("tasks.jsonl", '"task_index": 0', '"task_index": "x"', "is damaged"),
    ],
)
def test_damage_is_named(tmp_path, lerobot_sets, file, old, new, error):
    lerobot_sets.v2(tmp_path / "set")
    path = tmp_path / "set/meta" / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(WmpcError, match=error):
        LeRobotV2(str(tmp_path / "set")).episode(1)
