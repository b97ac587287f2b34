"""A run that was saved: whatever dies or fills up at whatever moment, it goes on to the same bits.

Deaths and full disks are tried at every call that changes a file, by enumeration.
"""

import errno
import json
import os
import shutil
from pathlib import Path

import pytest
import torch
from square import SETTINGS, record_square, smallest

import wmpc
from wmpc.errors import WmpcError
from wmpc.system.disk import hold
from wmpc.wm.data import open_episodes
from wmpc.wm.training.checkpoint import read_weights
from wmpc.wm.training.log import read_log
from wmpc.wm.training.run import finished, train
from wmpc.wm.training.state import read_state
from wmpc.wm.training.stop import Stopped

OLD = Path(__file__).parent / "old_runs"
SHORT = {"steps": 4, "batch": 4, "evaluate_every": 2, "save_every": 2, "accelerator": "cpu"}
CHANGES = ("open", "write", "replace", "fsync", "unlink")


class Died(BaseException):
    """Nothing of the process comes after this."""


class Disk:
    """A disk that fails at the n-th call that changes it, and at every later one.

    As a death (`full` False) each fails without a trace, clean-up included; a write leaves half.
    As a full disk only what takes room fails.
    """

    def __init__(self, patch, n, full):
        self.n, self.full, self.calls = n, full, 0
        for name in CHANGES:
            patch.setattr(os, name, self.wrapped(name, getattr(os, name)))
        patch.setattr(Path, "write_bytes", lambda path, data: self.write_bytes(path, data))

    def fails(self):
        self.calls += 1
        return self.calls > self.n

    def fail(self, path=None):
        if self.full:
            raise OSError(errno.ENOSPC, "No space left on device", path)
        raise Died

    def wrapped(self, name, call):
        def changed(*args, **kwargs):
            if name == "open" and not args[1] & os.O_CREAT:
                return call(*args, **kwargs)
            if self.full and name in ("replace", "unlink"):
                return call(*args, **kwargs)
            if self.fails():
                if name == "write":
                    call(args[0], args[1][: len(args[1]) // 2])
                self.fail(str(args[0]) if name == "open" else None)
            return call(*args, **kwargs)

        return changed

    def write_bytes(self, path, data):
        fails = self.fails()
        with open(path, "wb") as stream:
            stream.write(data[: len(data) // 2] if fails else data)
        if fails:
            self.fail()
        return len(data)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return record_square(tmp_path_factory.mktemp("data") / "square")


@pytest.fixture(scope="module")
def whole(data, tmp_path_factory):
    """An undisturbed run of SHORT."""
    run = tmp_path_factory.mktemp("whole") / "run"
    go(data, run)
    return run


def go(data, run, **changes):
    return train(open_episodes(data), run, *smallest(), **SHORT | changes)


def weights(run):
    return (run / "model.safetensors").read_bytes()


@pytest.mark.parametrize("apart", [4, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize("full", [False, True], ids=["death", "full disk"])
def test_failing_at_any_change_of_any_file_ends_in_the_same_weights(
    data, whole, tmp_path, full, apart
):
    """Every save, the log and the config are among them; quickly, every fourth change."""
    for n in range(0, 300, apart):
        run = tmp_path / str(n)
        with pytest.MonkeyPatch.context() as patch:
            disk = Disk(patch, n, full)
            try:
                go(data, run)
            except (Died, WmpcError, OSError) as error:
                failed = error
            else:
                break
        if full:
            assert isinstance(failed, WmpcError) or str(run) in str(failed), repr(failed)
        if n % 3 == 0 and (run / "model.safetensors").is_file():
            wmpc.load(run)  # whatever moment it was, the weights there are whole
        was_finished = run.is_dir() and finished(run)
        lines = []
        go(data, run, report=lines.append)
        assert was_finished == (not lines)
        assert weights(run) == weights(whole), n
        names = {path.name for path in run.iterdir()}
        assert names == {".lock", *(path.name for path in whole.iterdir())}
        shutil.rmtree(run)
    assert n > 25 and disk.calls <= n < disk.calls + apart, "every change was tried"


def test_the_state_is_the_last_to_change_in_a_save(data, tmp_path, monkeypatch):
    order, replace = [], os.replace
    monkeypatch.setattr(os, "replace", lambda a, b: (order.append(Path(b).name), replace(a, b)))
    go(data, tmp_path / "run")
    assert order == ["config.json", "train.jsonl", *["model.safetensors", "training_state.pt"] * 2]


def flipped(data):
    """Places in a file of which at least one holds a number, and not the space between two."""
    return {len(data) * part // 97 for part in range(20, 80, 7)}


DAMAGES = {
    "removed": lambda path, data: path.unlink(),
    "emptied": lambda path, data: path.write_bytes(b""),
    "truncated": lambda path, data: path.write_bytes(data[: len(data) // 2]),
    "one byte short": lambda path, data: path.write_bytes(data[:-1]),
    "bits flipped": lambda path, data: path.write_bytes(
        bytes(x ^ (i in flipped(data)) for i, x in enumerate(data))
    ),
    "of an earlier step": None,
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("old", [False, True], ids=["new", "old"])
def test_lost_weights_come_back_from_the_state(data, whole, tmp_path, damage, old):
    settings = SETTINGS | {"save_every": 5} if old else SHORT
    run = shutil.copytree(OLD / "finished" if old else whole, tmp_path / "run")
    path, lines = run / "model.safetensors", []
    before = {name: x.clone() for name, x in read_weights(run)[1].items()}
    if DAMAGES[damage] is None:
        cut = OLD / "interrupted"
        if not old:
            cut = tmp_path / "cut"
            with pytest.raises(Stopped):
                go(data, cut, stop=lambda: (cut / "training_state.pt").is_file())
        shutil.copy(cut / "model.safetensors", path)
    else:
        DAMAGES[damage](path, path.read_bytes())
    model = train(open_episodes(data), run, *smallest(), **settings, report=lines.append)
    after = read_weights(run)[1]
    assert before.keys() == after.keys() and not lines and finished(run)
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert all(torch.equal(before[name], x) for name, x in model.state_dict().items())


@pytest.mark.parametrize("damage", [name for name in DAMAGES if DAMAGES[name] is not None])
def test_final_weights_stand_without_their_state(data, whole, tmp_path, damage):
    run = shutil.copytree(whole, tmp_path / "run")
    path, lines = run / "training_state.pt", []
    DAMAGES[damage](path, path.read_bytes())
    assert finished(run)
    go(data, run, report=lines.append)
    assert weights(run) == weights(whole) and not lines
    (run / "model.safetensors").write_bytes(weights(run)[:-9])
    assert not finished(run)
    if damage == "removed":
        go(data, run)
        assert weights(run) == weights(whole)
    else:
        with pytest.raises(WmpcError, match=r"training_state\.pt is damaged"):
            go(data, run)


SPOILT = {
    "torn": lambda log: log + b'{"kind": "eval", "step": 300, "rankme": 3.42, "spread": ',
    "torn in the middle": lambda log: log[:200] + log[260:],
    "no UTF-8": lambda log: log + b"\xff\xfe\xff\n",
    "NULs": lambda log: log + bytes(500),
    "no JSON": lambda log: b"<html>\n" + log,
    "no objects": lambda log: b'[]\n3\nnull\n{}\n"step"\n{"step": 3}\n' + log,
    "odd values": lambda log: (
        b'{"kind": "step", "step": 9, "loss": "x"}\n{"kind": "eval", "step": 9, "rankme": 1.0}\n'
        b'{"kind": [], "step": 9}\n{"kind": "step", "step": 1e400}\n' + log
    ),
    "nested": lambda log: b"[" * 100_000 + b"\n" + log,
    "a long number": lambda log: b'{"kind": "step", "step": ' + b"9" * 9999 + b"}\n" + log,
    "empty": lambda log: b"",
}


@pytest.mark.parametrize("spoilt", [*SPOILT, "missing"])
def test_a_spoilt_log_stops_nothing(data, whole, tmp_path, spoilt):
    run = tmp_path / "run"
    with pytest.raises(Stopped):
        go(data, run, log_every=1, stop=lambda: (run / "training_state.pt").is_file())
    log = run / "train.jsonl"
    good = read_log(run)
    if spoilt == "missing":
        log.unlink()
    else:
        log.write_bytes(SPOILT[spoilt](log.read_bytes()))
    assert all(line in good for line in read_log(run))
    assert len(read_log(run)) >= len(good) - 2 or spoilt in ("empty", "missing")
    go(data, run, log_every=1)
    assert weights(run) == weights(whole)
    assert [json.loads(line) for line in log.read_bytes().splitlines()] == read_log(run)


def test_a_run_is_held_before_anything_is_read(data, whole, tmp_path):
    run = shutil.copytree(whole, tmp_path / "run")
    with hold(run, "training in"), pytest.raises(WmpcError, match="another process is training in"):
        go(data, run)
    go(data, run)


def test_a_finished_run_that_cannot_be_written_is_trained(data, whole, tmp_path, monkeypatch):
    run, lines, opened = shutil.copytree(whole, tmp_path / "run"), [], os.open
    (run / ".lock").unlink()

    def refused(path, flags, *args, **kwargs):
        if flags & (os.O_CREAT | os.O_WRONLY | os.O_RDWR):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return opened(path, flags, *args, **kwargs)

    monkeypatch.setattr(os, "open", refused)
    go(data, run, report=lines.append)
    assert not lines and not (run / ".lock").exists()
    (run / "model.safetensors").unlink()
    with pytest.raises(WmpcError, match=r"training_state\.pt holds the weights"):
        go(data, run)
    (run / "training_state.pt").unlink()
    with pytest.raises(WmpcError, match="cannot be written"):
        go(data, run)


@pytest.mark.parametrize("asked", range(1, 12))
def test_asked_to_stop_anywhere_it_saves_and_goes_on_to_the_same_weights(
    data, whole, tmp_path, asked
):
    """Between steps and within evaluations, the last one included."""
    run, calls, lines = tmp_path / "run", iter(range(1, 99)), []
    try:
        go(data, run, save_every=100, stop=lambda: next(calls) == asked)
    except Stopped as stopped:
        state = read_state(run)
        kept = "nothing is saved" if state is None else f"keeps step {state['step']} of 4"
        assert kept in str(stopped) and not finished(run)
    else:
        assert next(calls) <= asked
    go(data, run, save_every=100, report=lines.append)
    assert finished(run) and weights(run) == weights(whole)
    evaluated = [line["step"] for line in read_log(run) if line["kind"] == "eval"]
    assert evaluated == [2, 4]


def test_threads_are_those_that_the_run_began_with(data, tmp_path, monkeypatch):
    run, seen = tmp_path / "run", []
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        with pytest.raises(Stopped):
            go(data, run, stop=lambda: (run / "training_state.pt").is_file())
        torch.set_num_threads(1)
        go(data, run, report=lambda line: seen.append(torch.get_num_threads()))
        assert torch.get_num_threads() == 1 and set(seen) == {2}
    finally:
        torch.set_num_threads(before)
