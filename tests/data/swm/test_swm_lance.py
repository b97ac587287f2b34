"""Lance tables of stable-worldmodel: the same actions, JPEG pictures, URLs, damage."""

import io
import shutil
import sys

import fsspec
import lance
import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from wmpc.errors import WmpcError
from wmpc.wm.recordings.formats.swm.lance import SwmLance


def jpeg(picture):
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=95)
    return buffer.getvalue()


@pytest.fixture
def table(flat):
    """table(nan) -> (columns, lengths, an Arrow table as LanceWriter makes it)."""

    def make(nan="last"):
        columns, lengths = flat(nan=nan)
        files = [jpeg(picture) for picture in columns["pixels"]]
        data = {
            "episode_idx": pa.array(columns["ep_idx"], pa.int32()),
            "step_idx": pa.array(columns["step_idx"], pa.int32()),
            "pixels": pa.array(files, pa.binary()),
            "task": pa.array(["push"] * len(files)),
        }
        for name in ("action", "proprio", "reward", "terminated"):
            values = np.asarray(columns[name], np.float32).reshape(len(files), -1)
            columns[name] = values
            flat_values = pa.array(values.ravel(), pa.float32())
            data[name] = pa.FixedSizeListArray.from_arrays(flat_values, values.shape[1])
        columns["pixels"] = np.stack([np.asarray(Image.open(io.BytesIO(f))) for f in files])
        return columns, lengths, pa.table(data)

    return make


@pytest.mark.parametrize("nan, shift", [("first", 1), ("last", 0)])
def test_rows_become_episodes(table, tmp_path, nan, shift):
    columns, lengths, data = table(nan)
    lance.write_dataset(data, str(tmp_path / "set.lance"), max_rows_per_file=5)
    assert SwmLance.recognises(str(tmp_path)) and SwmLance.recognises(str(tmp_path / "set.lance"))
    for path in (tmp_path, tmp_path / "set.lance"):
        with SwmLance(str(path)) as source:
            assert source.lengths.tolist() == (lengths - 1).tolist()
            assert set(source.about.left_out) == {"task", "step_idx"}
            for index in range(3):
                first = int(lengths[:index].sum())
                stop = first + int(lengths[index])
                episode = source.episode(index)
                action = columns["action"][first + shift : stop - 1 + shift]
                assert episode["action"].tobytes() == action.tobytes()
                assert episode["proprio"].tobytes() == columns["proprio"][first:stop].tobytes()
                assert episode["reward"].tobytes() == columns["reward"][first + 1 : stop].tobytes()
                assert np.array_equal(np.asarray(episode["pixels"]), columns["pixels"][first:stop])
                assert np.array_equal(
                    episode["pixels"][[1, 0]], columns["pixels"][[first + 1, first]]
                )


def test_a_table_on_another_filesystem_is_copied(table, tmp_path):
    columns, _, data = table()
    lance.write_dataset(data, str(tmp_path / "set.lance"))
    fsspec.filesystem("memory").put(str(tmp_path / "set.lance"), "/lance/set.lance", recursive=True)
    assert SwmLance.recognises("memory://lance/set.lance")
    with SwmLance("memory://lance/set.lance") as source:
        assert np.array_equal(source.episode(1)["pixels"][:], columns["pixels"][5:8])


def test_without_lance_the_extra_is_named(table, tmp_path, monkeypatch):
    lance.write_dataset(table()[2], str(tmp_path / "set.lance"))
    monkeypatch.setitem(sys.modules, "lance", None)
    assert SwmLance.recognises(str(tmp_path))
    with pytest.raises(WmpcError, match=r"needs lance.*pip install 'wmpc\[lance\]'"):
        SwmLance(str(tmp_path))


def replaced(data, name, values):
    return data.set_column(data.schema.get_field_index(name), name, values)


@pytest.mark.parametrize(
    "change, match",
    [
        (lambda t: t.drop_columns(["episode_idx"]), "lacks episode_idx"),
        (lambda t: t.drop_columns(["action"]), "no column action"),
        (lambda t: t.take([5, 6, 7, 0, 1]), "episode_idx of .* decreases at row 3"),
        (lambda t: t.take([0, 2, 1, 3, 4, 5, 6]), "step_idx"),
        (lambda t: replaced(t, "pixels", pa.array([b"no"] * 12)), "pixels of .* is damaged"),
        (
            lambda t: replaced(t, "pixels", pa.array([jpeg(np.zeros((8 + (i == 2), 8, 3), "u1"))
                                                      for i in range(12)])),
            r"picture 2 of pixels of .* is a picture of 9 x 8",
        ),
        (lambda t: replaced(t, "pixels", pa.array([t["pixels"][0].as_py(), None] * 6)), "no pict"),
    ],
)  # fmt: skip
def test_damage_is_named(table, tmp_path, change, match):
    lance.write_dataset(change(table()[2]), str(tmp_path / "set.lance"))
    with pytest.raises(WmpcError, match=match), SwmLance(str(tmp_path)) as source:
        for index in range(len(source)):
            np.asarray(source.episode(index)["pixels"])


def test_a_missing_file_is_named(table, tmp_path):
    lance.write_dataset(table()[2], str(tmp_path / "set.lance"))
    shutil.rmtree(tmp_path / "set.lance/data")
    with pytest.raises(WmpcError, match="damaged"):
        SwmLance(str(tmp_path))
