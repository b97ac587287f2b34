"""The reader of docs/new-format.md, executed as it stands: found in its folder, and read."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from wmpc.errors import WmpcError
from wmpc.wm.recordings import formats

DOC = Path(__file__).parents[2] / "docs" / "new-format.md"


@pytest.fixture
def rover(tmp_path, monkeypatch):
    """A recording of two episodes, whose format is a folder beside ours."""
    (code,) = re.findall(r"^```python\n(.*?)^```", DOC.read_text(), re.DOTALL | re.MULTILINE)
    (tmp_path / "code/rover").mkdir(parents=True)
    (tmp_path / "code/rover/__init__.py").write_text('"""Rovers."""\n')
    (tmp_path / "code/rover/reader.py").write_text(code)
    monkeypatch.setattr(formats, "__path__", [*formats.__path__, str(tmp_path / "code")])
    found = {reader.format: reader for reader in formats.find_readers()}
    assert found.keys() - formats.READERS.keys() == {"rover"}
    monkeypatch.setattr(formats, "READERS", found)
    folder, rng = tmp_path / "drives", np.random.default_rng(0)
    folder.mkdir()
    (folder / "rover.json").write_text(json.dumps({"fps": 20}))
    for index, steps in enumerate((3, 5)):
        image = rng.integers(0, 256, (steps + 1, 16, 16, 3), dtype=np.uint8)
        np.savez(folder / f"{index}.npz", image=image, command=rng.normal(size=(steps, 2)))
    return folder


def test_a_folder_is_a_format(rover):
    with formats.open_source(str(rover)) as source:
        assert (source.format, source.about.fps) == ("rover", 20)
        assert source.lengths.tolist() == [3, 5]
        episode = source.episode(1)
        stored = np.load(rover / "1.npz")
    assert np.array_equal(episode["action"][:, 0], stored["command"].astype(np.float32))
    with formats.open_source(str(rover)) as source:
        assert np.array_equal(source.episode(1, ["pixels"])["pixels"][:], stored["image"])


def test_its_damage_is_a_sentence(rover):
    np.savez(rover / "1.npz", image=np.zeros((5, 16, 16, 3), np.uint8), command=np.zeros((5, 2)))
    with (
        formats.open_source(str(rover)) as source,
        pytest.raises(WmpcError, match=r"image of .*1\.npz is \(5, 16, 16, 3\), not \(6, "),
    ):
        source.episode(1)
    (rover / "0.npz").write_bytes((rover / "0.npz").read_bytes()[:100])
    with pytest.raises(WmpcError, match="is damaged"):
        formats.open_source(str(rover))
