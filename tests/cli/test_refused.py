"""What the system refuses, whenever, to any verb: one sentence, nothing lost, and it goes on."""

import os
import re
import shutil

import pytest
from refusals import COMMANDS, ERRORS, MAKE, Refusing, contents, largest_file

from wmpc.cli import main as cli
from wmpc.cli.main import VERBS, main
from wmpc.system.disk import TEMPORARY
from wmpc.wm.data import open_episodes

REFUSING = Refusing()
SLOW = pytest.mark.slow


def some(commands, quick):
    """The commands as parameters: `quick` ones every time, the others in the slow tests."""
    assert {*quick} <= {*commands}
    return [c if c in quick else pytest.param(c, marks=SLOW) for c in commands]


GROWS = (".npy", ".lock", "meta.json", "coverage.png", "train.jsonl")
"""What grows by what comes before a refusal; of a dataset the committed part has a hash."""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for words in MAKE:
            assert main(words) == 0, words
    return folder


def refused(world, capsys, words, context, allowed=(2,)):
    """Run `words` where the system refuses something: a sentence and nothing lost."""
    before = {k: v for k, v in contents(world).items() if not k.endswith(GROWS)}
    was = open_episodes("set").hash
    capsys.readouterr()
    with context:
        code = main(words)
    error = capsys.readouterr().err
    assert "Traceback" not in error and "Exception ignored" not in error, error
    assert code in allowed, (code, error)
    if code == 2:
        assert error.count("\n") <= 2 and error.splitlines()[-1].startswith("wmpc "), error
    after = contents(world)
    assert {name: after.get(name) for name in before} == before
    assert open_episodes("set").hash == was or words[0] == "collect"
    if code == 2:
        left = [name for name in after if TEMPORARY in name or name.endswith((".part", ".tmp"))]
        assert not left and not [p for p in world.rglob(f"{TEMPORARY}*")]
    return code, error


def test_every_verb_is_tried():
    tried = {words[0] for words in COMMANDS.values()}
    assert tried == VERBS.keys() - {"doctor", "check", "demo"}  # two write nothing, one is these


@pytest.fixture
def again(made, tmp_path, monkeypatch):
    """again(): another copy, and there."""

    def go():
        shutil.rmtree(tmp_path / "w", ignore_errors=True)
        shutil.copytree(made, tmp_path / "w")
        monkeypatch.chdir(tmp_path / "w")
        return tmp_path / "w"

    return go


@pytest.mark.parametrize("command", some(COMMANDS, ["collect", "report"]))
def test_a_full_disk(again, capsys, command):
    for size in (9_000, 0):
        code, error = refused(again(), capsys, COMMANDS[command], largest_file(size), (0, 2))
        assert code == 0 or ("File too large" in error and "ulimit -f" in error)
    assert code == 2
    assert main(COMMANDS[command]) == 0, "the same command goes on"


@pytest.mark.parametrize("command", some(COMMANDS, ["train", "data import"]))
def test_any_moment(again, capsys, command):
    """The first write is refused, the third, and so on, each for another reason."""
    begin = list(COMMANDS).index(command)
    for place in range(3):
        world, moment, number = again(), 3**place, ERRORS[(begin + place) % len(ERRORS)]
        context = REFUSING.at(world, moment, number)
        code, error = refused(world, capsys, COMMANDS[command], context, (0, 2))
        if REFUSING.seen < moment:
            assert code == 0 and place > 0
            return  # it writes no more often
        named = re.match(r"wmpc \w+: (\S+): .*\((.*)\)$", error.splitlines()[-1] if error else "")
        assert code == 0 or (named and named[2] == os.strerror(number)), error
        # 0: what was refused can be done without, as what is only kept for the next time
        assert code == 0 or main(COMMANDS[command]) == 0, "the same command goes on"


@pytest.mark.parametrize("command", some(["collect", "data import"], ["data import"]))
def test_what_is_kept_on_a_full_disk_is_said(again, capsys, command):
    world = again()
    with largest_file(120_000):  # pixels reach it after a few episodes
        assert main([*COMMANDS[command], *["episodes=40"] * (command == "collect")]) == 2
    said = " ".join(capsys.readouterr().out.split())
    kept = len(open_episodes(world / "new"))
    assert kept and re.search(rf"{kept} of 40|what was imported", said), said


READS = ["data inspect", "data check", "eval", "plan", "report", "train", "data export to=swm"]


@pytest.mark.parametrize("command", some(READS, ["eval", "report"]))
def test_a_read_only_dataset_and_run(again, monkeypatch, capsys, command):
    world = again()
    closed = (world / "set", world / "run")
    can = os.access

    def access(path, mode, **more):
        inside = any((world / path).is_relative_to(folder) for folder in closed)
        return not (inside and mode & os.W_OK) and can(path, mode, **more)

    monkeypatch.setattr(os, "access", access)
    before = contents(world)
    with REFUSING.at(world, closed=closed):
        assert main(COMMANDS[command]) == 0, capsys.readouterr().err
    said = "".join(capsys.readouterr())
    after = contents(world)
    assert {name: after[name] for name in before} == before
    new = [name for name in after if name not in before]
    assert new and not [name for name in new if name.startswith(("set/", "run/"))]
    if command not in ("train", "data export to=swm"):
        assert any(name in "".join(said.split()) for name in new)


LACKING = [
    MemoryError(),
    RuntimeError("[enforce fail at alloc_cpu.cpp:1] DefaultCPUAllocator: can't allocate memory"),
    RuntimeError("CUDA out of memory. Tried to allocate 3 GiB"),
]


@pytest.mark.parametrize("trouble", [*LACKING, RuntimeError("a bug")], ids=range(4))
def test_no_memory_names_what_to_lower(monkeypatch, capsys, trouble):
    def fail(*_):
        raise trouble

    monkeypatch.setattr(cli, "_run", fail)
    if trouble in LACKING:
        assert main(["train"]) == 2
        assert "train.batch" in capsys.readouterr().err
    else:
        assert main(["train"]) == 1
        assert "Traceback" in capsys.readouterr().err
