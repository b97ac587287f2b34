"""`wmpc collect` and `wmpc data`: whole sets, continued sets, the same bytes however recorded."""

import sys

import pytest

from wmpc.api import collect as verb
from wmpc.cli.main import main
from wmpc.wm.data import open_episodes

WORDS = ["collect", "task=reacher", "task.kwargs.image_size=16", "steps=3"]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def collected(*words, data="set"):
    assert main([*WORDS, f"data={data}", *words]) == 0
    return open_episodes(data)


def test_bytes_do_not_depend_on_workers_or_interruptions(capsys, monkeypatch, tmp_path):
    whole = collected("episodes=7", "workers=0", data="whole")
    whole.verify()
    assert (len(whole), set(whole.lengths)) == (7, {3})
    assert whole.meta["render"]["width"] == 16 and whole.meta["m"] == 5
    assert whole.meta["sources"][0]["versions"]["mujoco"]
    assert (tmp_path / "whole" / "coverage.png").read_bytes().startswith(b"\x89PNG")

    def interrupted(recipe, first, stop, workers, record=verb.record_episodes):
        for index, recording in enumerate(record(recipe, first, stop, workers), first):
            if index == 4:
                raise KeyboardInterrupt
            yield recording

    monkeypatch.setattr(verb, "record_episodes", interrupted)
    assert main([*WORDS, "data=set", "episodes=7", "workers=0"]) == 130
    assert "4 of 7 episodes are kept in set" in capsys.readouterr().err
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    assert collected("episodes=7", "workers=2").hash == whole.hash
    assert "going on from there" in capsys.readouterr().out


def test_nothing_left_to_do_is_fine(capsys):
    before = collected("episodes=2", "workers=0").hash
    assert collected("episodes=1", "workers=0").hash == before
    assert "nothing to collect" in capsys.readouterr().out


def test_other_settings_are_refused_and_nothing_is_overwritten(capsys):
    before = collected("episodes=2", "workers=0").hash
    for words, message in (
        (["task.kwargs.image_size=32"], "kwargs.image_size=16, now kwargs.image_size=32"),
        (["task.actions_per_frame=2"], "m=5, now m=2"),
        (["task=two_room"], "env=wmpc/Reacher-v0, now env=wmpc/TwoRoom-v0"),
    ):
        assert main([*WORDS, "data=set", "episodes=3", "workers=0", *words]) == 2
        error = capsys.readouterr().err
        assert message in error and error.count("\n") == 1
    assert open_episodes("set").hash == before


def test_inspect_and_check(capsys, tmp_path):
    episodes = collected("episodes=2", "workers=0")
    capsys.readouterr()
    assert main(["data", "inspect", "data=set"]) == 0
    shown = capsys.readouterr().out
    assert "wmpc/Reacher-v0" in shown and "pixels" in shown and episodes.hash[:16] in shown
    assert main(["data", "check", "data=set"]) == 0
    with (tmp_path / "set" / "pixels.npy").open("r+b") as file:
        file.seek(300)
        file.write(b"damage")
    assert main(["data", "check", "data=set"]) == 1
    assert "Episode 0 is damaged" in " ".join(capsys.readouterr().out.split())


@pytest.mark.slow
def test_a_sweep_records_apart(tmp_path):
    assert main([*WORDS, "-m", "seed=0,1", "episodes=1", "workers=0"]) == 0
    one, two = (open_episodes(f"data/reacher-seed={seed}") for seed in (0, 1))
    assert one.hash != two.hash


def test_the_example_writes_a_dataset(monkeypatch, pytestconfig):
    monkeypatch.setattr(sys, "argv", ["write_dataset.py", "mine"])
    code = (pytestconfig.rootpath / "examples" / "write_dataset.py").read_text()
    exec(compile(code, "write_dataset.py", "exec"), {"__name__": "__main__"})
    episodes = open_episodes("mine")
    episodes.verify()
    assert len(episodes) == 20
    assert main(["data", "inspect", "data=mine"]) == 0
