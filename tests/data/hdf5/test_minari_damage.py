"""A Minari dataset that is not what it should be ends in one sentence that names what is wrong."""

import json
import re
import shutil

import h5py
import numpy as np
import pytest

from wmpc.errors import WmpcError
from wmpc.wm.recordings.formats import open_source
from wmpc.wm.recordings.formats.minari.reader import Minari


@pytest.fixture(scope="module")
def recorded(record, odd_env):
    return record(odd_env(), "sound-v0", 2, record_infos=True)[0]


@pytest.fixture(scope="module")
def tables(record, odd_env):
    return record(odd_env(), "sound-arrow-v0", 2, data_format="arrow")[0]


@pytest.fixture
def copy(recorded, tmp_path):
    """A copy to damage."""
    return shutil.copytree(recorded, tmp_path / "copy")


def change(path, edit):
    with h5py.File(path / "data/main_data.hdf5", "r+") as file:
        edit(file)


def shorten(file, key):
    values = file[key][:-1]
    del file[key]
    file[key] = values


REFUSED = {
    "episode 1 of .* lacks actions/arm": lambda file: file.__delitem__("episode_1/actions/arm"),
    "episode 1 .*states 9 steps": lambda file: file["episode_1"].attrs.modify("total_steps", 9),
    "a link": lambda file: file.__setitem__("episode_1/x", h5py.ExternalLink("/etc/x.h5", "/x")),
    "observations/proprio has 4 rows.*episode 1": lambda file: shorten(
        file, "episode_1/observations/proprio"
    ),
    "observations/front is lacking in episode 1": lambda file: file.__delitem__(
        "episode_1/observations/front"
    ),
}


@pytest.mark.parametrize("named", REFUSED)
def test_an_episode_that_lacks_what_is_learned_from_is_refused_alone(copy, named):
    change(copy, REFUSED[named])
    with Minari(str(copy)) as source:
        assert source.episode(0).keys() == source.columns.keys() >= {"action", "proprio"}
        with pytest.raises(WmpcError, match=named):
            source.episode(1)


LEFT_OUT = {
    "reward": (lambda file: shorten(file, "episode_1/rewards"), "has 3 rows.*episode 1"),
    "observation/level": (
        lambda file: file.__delitem__("episode_1/observations/level"),
        "is lacking in episode 1",
    ),
}


@pytest.mark.parametrize("name", LEFT_OUT)
def test_another_column_that_one_episode_lacks_is_left_out(copy, name):
    edit, reason = LEFT_OUT[name]
    change(copy, edit)
    with Minari(str(copy)) as source:
        assert name not in source.columns and re.search(reason, source.about.left_out[name])
        assert all(source.episode(i).keys() == source.columns.keys() for i in (0, 1))
    with open_source(str(copy), exclude=[1]) as source:
        assert name in source.episode(0)


def test_a_damaged_picture_is_named(copy):
    def edit(file):
        file["episode_1/observations/front"][2] = np.zeros(40, np.uint8)

    change(copy, edit)
    with Minari(str(copy)) as source, pytest.raises(WmpcError, match=r"picture 2 of .*front.*1"):
        np.asarray(source.episode(1)["pixels/front"])


def test_infos_that_not_all_episodes_have_are_left_out_with_the_reason(copy):
    change(copy, lambda file: file.__delitem__("episode_1/infos/pose"))
    with Minari(str(copy)) as source:
        assert "infos/pose" not in source.columns and "infos/deep/count" in source.columns
        assert source.about.left_out["infos/pose"] == "episode 1 lacks infos/pose"
    with open_source(str(copy), exclude=[1]) as source:
        assert "infos/pose" in source.episode(0)


@pytest.mark.parametrize(
    "meta",
    [
        "no JSON",
        "[1]",
        '{"data_format": "tar"}',
        '{"data_format": "hdf5", "observation_space": "{}", "action_space": "{}"}',
        '{"data_format": "hdf5", "action_space": {"type": "Graph"}}',
    ],
)
def test_metadata_that_makes_no_sense_is_refused(copy, meta):
    (copy / "data/metadata.json").write_text(meta)
    with pytest.raises(WmpcError):
        Minari(str(copy))


def test_a_space_that_is_too_large_is_refused_before_it_is_made(copy):
    stated = json.loads((copy / "data/metadata.json").read_text())
    huge = {"type": "MultiBinary", "n": [2**40, 2]}
    (copy / "data/metadata.json").write_text(json.dumps({**stated, "action_space": huge}))
    with pytest.raises(WmpcError):
        Minari(str(copy))


def test_a_truncated_file_is_damaged_wherever_it_ends(copy):
    file = copy / "data/main_data.hdf5"
    data = file.read_bytes()
    for size in np.linspace(0, len(data) - 1, 12).astype(int):
        file.write_bytes(data[:size])
        with pytest.raises(WmpcError, match=r"main_data\.hdf5"):
            Minari(str(copy))


def test_a_truncated_table_is_damaged_wherever_it_ends(tables, tmp_path):
    copy = shutil.copytree(tables, tmp_path / "copy")
    file = copy / "data/1/part-0.arrow"
    data = file.read_bytes()
    for size in np.linspace(0, len(data) - 1, 12).astype(int):
        file.write_bytes(data[:size])
        with Minari(str(copy)) as source, pytest.raises(WmpcError, match=r"part-0\.arrow"):
            source.episode(1)


def test_an_arrow_episode_in_two_files_has_no_order(tables, tmp_path):
    copy = shutil.copytree(tables, tmp_path / "copy")
    shutil.copy(copy / "data/1/part-0.arrow", copy / "data/1/part-1.arrow")
    with Minari(str(copy)) as source, pytest.raises(WmpcError, match="in 2 files"):
        source.episode(1)


def test_other_folders_are_not_recognised(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data/metadata.json").write_text("{}")
    assert not Minari.recognises(str(tmp_path)) and not Minari.recognises(str(tmp_path / "none"))
    with pytest.raises(WmpcError, match="no Minari dataset"):
        Minari(str(tmp_path))
