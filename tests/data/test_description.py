"""A dataset's meta.json is believed in nothing: whatever it states, one sentence or good arrays."""

import contextlib
import json
import shutil

import numpy as np
import pytest

from wmpc.errors import WmpcError
from wmpc.wm.data import EpisodeWriter, open_episodes

DTYPES = [
    *("|O", "O", "object", "|V8", "<U4", "|S4", "<M8[s]", "<m8[s]", "<c8", "<c16", "f", "<f4,<f4"),
    *("(3,)<f4", "|V0", "|S0", "<f3", "", "<f4 ", "float32\0", None, 4, ["<f4"], {"names": []}),
]
SHAPES = [
    *([-1], [2.0], [True], "3", None, [2**40], [2**63], [10**30], [0, 10**30], [1] * 40, [None]),
    *([2, -3], {"0": 1}, [[1]]),
]
NAMES = ["../x", "/etc/passwd", "a\0b", "..", "pixels/../../x", "a b", "", "x" * 300, "\ud800"]
SETTINGS = {
    "env": [None, 3, [], {}],
    "kwargs": [3, [], "x"],
    "render": [3, [1], "x"],
    "fps": [None, "10", 0, -1, float("nan"), float("inf"), True, 10**400, []],
    "m": [None, 0, -1, 2.0, "2", True, 10**30, []],
    "action_low": [
        None,
        1,
        [],
        ["a"],
        [None],
        [float("nan")] * 2,
        [10**400] * 2,
        [1.0],
        [[1], [1]],
    ],
    "action_high": [None, "ab", [-5.0, -5.0], [True, True]],
    "sources": [None, 3, {}, [3], [{}], [{"first_episode": "0"}]],
    "columns": [None, 3, [], {}, "x"],
    "version": [None, "1", [1]],
    "format": [None, 1, ["wmpc-episodes"]],
}


@pytest.fixture
def dataset(tmp_path, meta, make_episode):
    with EpisodeWriter(tmp_path / "set", meta) as writer:
        writer.append(make_episode(0))
    return tmp_path / "set"


def stated(dataset, change):
    """The dataset with a changed meta.json; whatever it says is refused in one line or correct."""
    meta = json.loads((dataset / "meta.json").read_text())
    change(meta)
    (dataset / "meta.json").write_text(json.dumps(meta))
    with pytest.raises(WmpcError) as caught:
        open_episodes(dataset).verify()
    assert len(str(caught.value).splitlines()) == 1
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize("dtype", DTYPES, ids=repr)
@pytest.mark.parametrize("column", ["proprio", "state"])
def test_only_plain_numbers_are_columns(dataset, column, dtype):
    # The file's own header agrees: nothing but the type itself is wrong.
    file = dataset / f"{column}.npy"
    if isinstance(dtype, str) and len(dtype) < 6:
        head = file.read_bytes()[:256].replace(b"'<f4'", repr(dtype).encode().ljust(5))
        head = head.replace(b"'<f8'", repr(dtype).encode().ljust(5))
        file.write_bytes(head[:256].ljust(256) + file.read_bytes()[256:])
    stated(dataset, lambda meta: meta["columns"][column].update(dtype=dtype))


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: repr(shape)[:20])
def test_rows_have_shapes(dataset, shape):
    stated(dataset, lambda meta: meta["columns"]["proprio"].update(shape=shape))


@pytest.mark.parametrize("rows", [None, "", "frame", 3, [], {}], ids=repr)
def test_rows_stand_for_something(dataset, rows):
    stated(dataset, lambda meta: meta["columns"]["proprio"].update(rows=rows))


@pytest.mark.parametrize("name", NAMES, ids=lambda name: ascii(name)[:20])
def test_names_stay_in_the_folder(dataset, name):
    with contextlib.suppress(OSError, ValueError):  # so that nothing but the name is wrong
        shutil.copy(dataset / "proprio.npy", dataset / f"{name.replace('/', '@')}.npy")
    stated(dataset, lambda meta: meta["columns"].update({name: meta["columns"]["proprio"]}))


def test_no_two_columns_share_a_file(dataset):
    stated(dataset, lambda meta: meta["columns"].update(Proprio=meta["columns"]["proprio"]))


@pytest.mark.parametrize(
    ("key", "value"),
    [(key, value) for key, values in SETTINGS.items() for value in values],
    ids=lambda given: repr(given)[:20],
)
def test_settings_make_sense(dataset, key, value):
    stated(dataset, lambda meta: meta.update({key: value}))


@pytest.mark.parametrize(
    "ends", [[2, 2**63 - 1], [2**63 - 1, -(2**63) + 5, 4], [5, 3], [0, 2], [2**62], []], ids=repr
)
def test_ends_ascend(dataset, ends):
    np.save(dataset / "episode_ends.npy", np.array(ends, np.int64))
    stated(dataset, lambda meta: None)


def test_ends_that_declare_what_is_not_there_take_no_memory(dataset):
    header = "{'descr': '<i8', 'fortran_order': False, 'shape': (100000000000,), }"
    bomb = b"\x93NUMPY\x01\x00" + len(header.ljust(117)).to_bytes(2, "little")
    (dataset / "episode_ends.npy").write_bytes(bomb + header.ljust(117).encode())
    stated(dataset, lambda meta: None)
