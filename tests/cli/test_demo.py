"""The demo goes the whole way, and the second time it uses what stands."""

import json
from pathlib import Path

import pytest

from wmpc.cli import compose, demo, doctor
from wmpc.cli.main import main

WORDS = ["task.kwargs.image_size=32", "task.steps=25", "episodes=20", "preset=tiny", "minutes=0.02"]
SMALL = ["demo", *WORDS, "cases.count=3", "folder=here"]


def test_the_whole_way_and_again(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(doctor, "run", lambda config: 0)
    assert main(SMALL) == 0
    said = capsys.readouterr().out
    results = Path("here/run/eval/demo/results.json")
    assert "reached" in said and "Report: here/report.html" in said and "Minutes: " in said
    assert "<html" in Path("here/report.html").read_text()
    assert len(json.loads(results.read_bytes())["rows"]) >= 3

    kept = [results, Path("here/run/model.safetensors"), Path("here/data/episode_ends.npy")]
    written = [path.stat().st_mtime_ns for path in kept]
    assert main(SMALL) == 0
    assert [path.stat().st_mtime_ns for path in kept] == written

    config = compose.jobs("demo", SMALL[1:])[0].config
    asked = compose.jobs("eval", demo.commands(config)["eval"])[0].config
    assert demo.stands(results, asked, Path("here"))
    asked.cases.count = 4
    assert not demo.stands(results, asked, Path("here"))
    assert not demo.stands(Path("nowhere"), asked, Path("here"))


def test_it_ends_where_the_machine_is_not_ready(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(doctor, "run", lambda config: 1)
    assert main(["demo"]) == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("wrong", ["task=nope", "preset=nope", "episode=3"])
def test_wrong_words_stop_it_before_it_begins(tmp_path, monkeypatch, capsys, wrong):
    monkeypatch.chdir(tmp_path)
    assert main(["demo", wrong]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert not list(tmp_path.iterdir())
