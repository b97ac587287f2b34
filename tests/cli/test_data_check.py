"""`wmpc data check`: what it prints, its exit code, and the page."""

import os
import re
from pathlib import Path

import numpy as np
import pytest

from wmpc.cli.main import main
from wmpc.wm.data import EpisodeWriter

META = {"env": "made-up", "fps": 10, "action_low": [-1, -1], "action_high": [1, 1]}


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def write(path, dead=False):
    rng = np.random.default_rng(0)
    with EpisodeWriter(path, META) as writer:
        for _ in range(12):
            action = rng.uniform(-1, 1, (20, 1, 2)).astype(np.float32)
            action[..., 1] *= not dead
            steps = np.concatenate([np.zeros((1, 2)), np.cumsum(0.1 * action[:, 0], 0)])
            pixels = rng.integers(80, 120, (21, 16, 16, 3), dtype=np.uint8)
            writer.append({"pixels": pixels, "proprio": steps.astype(np.float32), "action": action})


def test_a_sound_dataset(tmp_path, capsys):
    write(tmp_path / "set")
    assert main(["data", "check", "data=set"]) == 0
    said = capsys.readouterr().out
    assert "score 100 of 100" in said and "set-check.html" in said
    page = Path("set-check.html").read_text()
    assert "100" in page and "<svg" in page and "data:image/png;base64," in page
    assert not re.search(r"(src|href)=.?(http|//|/)", page)


def test_warnings_do_not_fail_and_errors_do(tmp_path, capsys):
    write(tmp_path / "set", dead=True)
    assert main(["data", "check", "data=set", "out=pages/of.html"]) == 0
    said = capsys.readouterr().out
    assert "warning" in said and "Action 1 is 0" in " ".join(said.split())
    assert "dead action" in (tmp_path / "pages" / "of.html").read_text()
    assert not any("check" in file.name for file in (tmp_path / "set").iterdir())
    with (tmp_path / "set" / "pixels.npy").open("r+b") as file:
        file.seek(300)
        file.write(b"damage")
    assert main(["data", "check", "data=set"]) == 1
    assert "Episode 0 is damaged" in " ".join(capsys.readouterr().out.split())


def test_bad_input(capsys):
    assert main(["data", "check", "data=nowhere"]) == 2
    assert "there is no dataset at nowhere" in capsys.readouterr().err


def test_a_file_that_ends_early_is_said_once_and_the_episodes_before_are_used(tmp_path, capsys):
    write(tmp_path / "set")
    pixels = tmp_path / "set" / "pixels.npy"
    os.truncate(pixels, pixels.stat().st_size - 1)
    for words in (["data", "check", "data=set"], ["data", "inspect", "set"]):
        assert main(words) == 0
        streams = capsys.readouterr()
        assert streams.err.count("ends within episode 11 of 12") == streams.err.count("\n") == 1
        assert re.search(r"\b11\b", streams.out)
