import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from wmpc.errors import WmpcError
from wmpc.wm.recordings.formats import open_source
from wmpc.wm.recordings.formats.lerobot.info import fill
from wmpc.wm.recordings.formats.lerobot.v3 import LeRobotV3

EPISODES = "meta/episodes/chunk-000/file-000.parquet"
DATA = "data/chunk-000/file-000.parquet"
START = "videos/observation.images.top/from_timestamp"
STOP = "videos/observation.images.top/to_timestamp"


def edit_json(root, change):
    path = root / "meta/info.json"
    info = json.loads(path.read_text())
    change(info)
    path.write_text(json.dumps(info))


def edit_table(root, file, change):
    rows = pq.read_table(root / file).to_pylist()
    rows = change(rows) or rows
    pq.write_table(pa.Table.from_pylist(rows), root / file)


def swap(rows):
    rows[6], rows[7] = rows[7], rows[6]


def put(row, key, value):
    def change(rows):
        rows[row][key] = value

    return change


def drop(key):
    def change(rows):
        for row in rows:
            del row[key]

    return change


TABLES = {
    "swapped rows": (DATA, swap, r"frame_index 2 in its row 1, 1 was expected"),
    "another episode's row": (DATA, put(8, "episode_index", 0), "episode_index 0 in its row 3"),
    "a lost row": (DATA, lambda rows: rows[:-1], "has 11 rows; 5 to 12 are asked for"),
    "a lost column": (DATA, drop("action"), "lacks column 'action'"),
    "no value": (DATA, put(7, "action", None), "column 'action' .* missing values"),
    "a short vector": (DATA, put(7, "action", [1.0]), r"has 1 numbers in row 2; .* \(2,\)"),
    "a text for a number": (DATA, lambda rows: [r | {"next.reward": "x"} for r in rows], "string"),
    "a late timestamp": (DATA, put(9, "timestamp", 0.45), "no frame at 0.9500 s"),
    "a timestamp again": (DATA, put(9, "timestamp", 0.3), "timestamp 0.3 s in its row 4"),
    "no timestamp": (DATA, put(9, "timestamp", float("nan")), "not after that of the row before"),
    "a wrong length": (EPISODES, put(1, "length", 6), "episode 1: .* is not its length"),
    "a lost episode": (EPISODES, lambda rows: rows[:2], "describes 2 episodes; .* counts 3"),
    "a double episode": (EPISODES, put(1, "episode_index", 0), "is not 0, 1, 2"),
    "a negative file": (EPISODES, put(1, "data/file_index", -1), "an index is negative"),
    "a missing file": (EPISODES, put(1, "data/file_index", 7), "file-007.parquet: no such file"),
    "a clip too short": (EPISODES, put(1, STOP, 0.7), "has no time for its frames"),
    "a clip not a number": (EPISODES, put(1, START, float("nan")), "has no time for its frames"),
    "a clip after the end": (
        EPISODES,
        lambda rows: [rows[0], rows[1] | {START: 9.5, STOP: 10.2}, rows[2]],
        "has no frame at",
    ),
    "half a frame off": (
        EPISODES,
        lambda rows: [rows[0], rows[1] | {START: 0.55, STOP: 1.25}, rows[2]],
        r"no frame at 0\.5500 s: the nearest is at 0\.[56]000 s",
    ),
    "no file index": (EPISODES, drop("data/file_index"), "lacks column 'data/file_index'"),
}


@pytest.mark.parametrize("name", TABLES)
def test_tables_that_disagree_are_named(tmp_path, lerobot_sets, name):
    file, change, error = TABLES[name]
    lerobot_sets.v3(tmp_path)
    edit_table(tmp_path, file, change)
    with pytest.raises(WmpcError, match=error), open_source(str(tmp_path)) as source:
        np.asarray(source.episode(1)["pixels"])


def without(key):
    return lambda info: info.pop(key)


def setting(key, value):
    return lambda info: info.update({key: value})


def feature(key, **values):
    return lambda info: info["features"][key].update(values)


INFOS = {
    "no fps": (without("fps"), "lacks 'fps'"),
    "no features": (without("features"), "lacks 'features'"),
    "no action": (lambda info: info["features"].pop("action"), "no feature 'action'"),
    "another fps": (setting("fps", 30), "10 rows a second by its time stamps, info.json says 30"),
    "no number": (setting("fps", "ten"), "its 'fps' is 'ten'"),
    "endless": (setting("fps", float("inf")), "its 'fps' is 'inf'"),
    "shape": (feature("action", shape=[3]), r"has 2 numbers in row 0; info.json says \(3,\)"),
    "no shape": (feature("action", shape="2"), "feature 'action' has no dtype and shape"),
    "huge": (feature("action", shape=[2**30]), "actions of 1073741824 numbers"),
    "size": (feature("observation.images.top", shape=[64, 48, 3]), "pictures of 48 x 64"),
    "attribute": (setting("data_path", "{chunk_index.__class__}"), "its fields may be"),
    "item": (setting("data_path", "{file_index[0]}"), "its fields may be"),
    "position": (setting("data_path", "{}/{0}"), "its fields may be"),
    "padding": (setting("data_path", "{file_index:9999999d}"), "its fields may be"),
    "conversion": (setting("data_path", "{file_index!r}"), "its fields may be"),
    "nested": (setting("data_path", "{file_index:{chunk_index}}"), "its fields may be"),
    "brace": (setting("data_path", "data/{"), "which is no template"),
    "absolute": (setting("data_path", "/etc/passwd"), "leads out of"),
    "parent": (setting("video_path", "a/../../{video_key}.mp4"), "leads out of"),
    "no video": (setting("video_path", None), "lacks 'video_path'"),
    "split": (setting("splits", {"train": "0:9"}), "split 'train' .* is '0:9'"),
    "wmpc": (setting("wmpc", {"columns": {"action": {}}}), "'wmpc' in .* is damaged"),
}


@pytest.mark.parametrize("name", INFOS)
def test_an_info_that_makes_no_sense_is_named(tmp_path, lerobot_sets, name):
    change, error = INFOS[name]
    lerobot_sets.v3(tmp_path)
    edit_json(tmp_path, change)
    with pytest.raises(WmpcError, match=error), open_source(str(tmp_path)) as source:
        np.asarray(source.episode(0)["pixels"])


def test_a_camera_may_not_lead_out(tmp_path, lerobot_sets):
    values = {"video_key": "../../x", "chunk_index": 0}
    with pytest.raises(WmpcError, match="leads out"):
        fill("videos/{video_key}/{chunk_index:03d}.mp4", values, "video_path")


@pytest.mark.parametrize("file", [DATA, EPISODES, "meta/tasks.parquet", "meta/info.json"])
@pytest.mark.parametrize("part", [0.0, 0.5, 0.95])
def test_a_truncated_file_is_named(tmp_path, lerobot_sets, file, part):
    lerobot_sets.v3(tmp_path)
    whole = (tmp_path / file).read_bytes()
    (tmp_path / file).write_bytes(whole[: int(len(whole) * part)])
    with pytest.raises(WmpcError), open_source(str(tmp_path), "lerobot") as source:
        source.episode(0)


def test_pictures_of_another_size_in_the_table_are_named(tmp_path, lerobot_sets):
    cameras = {"observation.image": ("image", (16, 24))}
    lerobot_sets.v3(tmp_path, cameras=cameras)
    edit_json(tmp_path, feature("observation.image", shape=[24, 16, 3]))
    with (
        LeRobotV3(str(tmp_path)) as source,
        pytest.raises(WmpcError, match="is a picture of 16 x 24"),
    ):
        source.episode(0)["pixels"][0]
