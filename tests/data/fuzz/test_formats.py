"""Every format by enumeration: known by its files alone, read alike, and on the page about data."""

import re
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
from fuzz_seeds import SEEDS

from wmpc.errors import WmpcError
from wmpc.wm.recordings.formats import READERS, open_source, reader

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    found = {}
    for name, build in SEEDS.items():
        folder = tmp_path_factory.mktemp(name)
        inside = build(folder)
        found[name] = str(folder / inside if inside else folder)
    return found


@pytest.mark.parametrize("name", READERS)
def test_its_own_reader_and_no_other_recognises_it(recordings, name):
    assert reader(name).format == name
    assert [other for other in READERS if reader(other).recognises(recordings[name])] == [name]
    with open_source(recordings[name]) as source:
        assert source.format == name and len(source) > 0


@pytest.mark.parametrize("name", ["lerobot", "lerobot-v2", "video-folder", "minari"])
def test_a_folder_may_be_called_anything(tmp_path, name):
    folder = tmp_path / "set [v2] of *"
    folder.mkdir()
    inside = SEEDS[name](folder)
    with open_source(str(folder / inside) if inside else str(folder)) as source:
        assert source.format == name
        assert {k: np.asarray(v).shape for k, v in source.episode(0).items()}


@pytest.mark.parametrize("name", READERS)
def test_columns_and_lengths_are_what_episodes_hold(recordings, name):
    with open_source(recordings[name]) as source:
        for index, steps in enumerate(source.lengths.tolist()):
            episode = source.episode(index)
            assert episode.keys() == source.columns.keys()
            for key, column in source.columns.items():
                array = np.asarray(episode[key])
                rows = {"frames": (steps + 1,), "steps": (steps,), "episode": ()}[column.rows]
                assert array.shape == (*rows, *column.shape) and array.dtype == column.dtype
            assert episode["action"].dtype == np.float32
            single = source.episode(index, ["action"])
            assert single.keys() == {"action"}
        with pytest.raises(WmpcError, match="no episode"):
            source.episode(len(source))
        with pytest.raises(WmpcError, match="no column 'colour'"):
            source.episode(0, ["colour"])


@pytest.mark.parametrize("name", READERS)
def test_nothing_is_recognised_in_an_empty_folder_or_a_foreign_file(tmp_path, name):
    (tmp_path / "notes.txt").write_text("precious")
    (tmp_path / "meta.json").write_text("{}") if name != "native" else None
    for path in (tmp_path, tmp_path / "notes.txt", tmp_path / "nowhere"):
        assert not reader(name).recognises(str(path))


@pytest.mark.parametrize("name", sorted(READERS.keys() - {"native"}))
def test_a_missing_library_is_named_with_the_command(recordings, name, monkeypatch):
    for module in [m for m in sys.modules if m.split(".")[0] in ("h5py", "av", "pyarrow", "lance")]:
        monkeypatch.setitem(sys.modules, module, None)
    for module in ("h5py", "av", "pyarrow", "lance"):
        monkeypatch.setitem(sys.modules, module, None)
    if name == "ogbench":  # numpy alone reads it
        assert len(open_source(recordings[name], name)) > 0
        return
    with pytest.raises(WmpcError, match=r"pip install 'wmpc\[(data|lance)\]'"):
        source = open_source(recordings[name], name)
        for camera in source.cameras:
            np.asarray(source.episode(0, [camera])[camera])


def test_the_pages_list_every_format_and_extra():
    page = (ROOT / "docs" / "data.md").read_text()
    assert re.findall(r"^\| `([\w-]+)` \|", page, re.MULTILINE) == list(READERS)
    weights = (ROOT / "docs" / "install.md").read_text()
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for extra in extras["optional-dependencies"].keys() - {"dev", "nevergrad"}:
        assert f"| `wmpc[{extra}]` | " in weights
