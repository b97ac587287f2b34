"""A killed evaluation goes on from its rows, ends in the same results, and nothing is mixed in."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from wmpc.errors import TakenError
from wmpc.evaluation import preparation, write_results
from wmpc.evaluation.row import Row
from wmpc.evaluation.rows_file import Rows, RowsFile
from wmpc.evaluation.write_results import claim_folder
from wmpc.reporting import film

COMMAND = [sys.executable, "-m", "wmpc.cli.main", "eval"]
WORDS = [
    "cases.count=3", "cases.blocks=2", "cases.budget=3", "cold=1", "reference.cases=0",
    "videos=0", "planner.samples=4", "planner.elites=2", "planner.iterations=1", "name=it",
    "shift=colour", "shift.magnitudes=[0,1]",
]  # fmt: skip
WALL_TIME = ("latencies_ms", "latency_ms", "seconds", "command", "evaluation", "overhead_ms")


def timeless(value):
    """Results without what the clock decides."""
    if isinstance(value, dict):
        return {k: timeless(v) for k, v in value.items() if k not in WALL_TIME}
    return [timeless(v) for v in value] if isinstance(value, list) else value


@pytest.fixture
def words(trained, tmp_path):
    run = shutil.copytree(trained, tmp_path / "run")
    return [f"run={run}", *WORDS]


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "run" / "eval" / "it"


def results_in(folder):
    return json.loads((folder / "results.json").read_text())


class Killed(BaseException):
    pass


def test_killed_after_any_row_it_ends_in_the_same_results(words, folder, wmpc, monkeypatch):
    assert wmpc("eval", *words)[0] == 0
    whole = timeless(results_in(folder))
    pictures = {file.name: file.read_bytes() for file in folder.glob("*.png")}
    assert pictures and not (folder / "rows.jsonl").exists()
    shutil.rmtree(folder)
    plain, done = RowsFile.add, []

    def add(self, part, row):
        if len(done) == 4:
            done.clear()
            raise Killed
        plain(self, part, row)
        done.append(1)

    monkeypatch.setattr(RowsFile, "add", add)
    taken = []
    for _ in range(20):
        try:
            code, said = wmpc("eval", *words)
        except Killed:
            lines = (folder / "rows.jsonl").read_bytes().splitlines()
            taken.append(len(lines) - 1)
            with (folder / "rows.jsonl").open("ab") as file:
                file.write(b'{"part": "warm sta')  # torn
        else:
            break
    assert code == 0 and f"{taken[-1]} rows of this evaluation are in" in said
    assert taken == [4 * (i + 1) for i in range(len(taken))] and len(taken) >= 2
    assert timeless(results_in(folder)) == whole
    assert pictures == {file.name: file.read_bytes() for file in folder.glob("*.png")}
    assert not (folder / "rows.jsonl").exists()


def test_killed_right_after_its_results_it_leaves_nothing_beside_them(
    words, folder, wmpc, monkeypatch
):
    def killed(*_):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(write_results, "_remove_replaced", killed)
        with pytest.raises(Killed):
            wmpc("eval", *words)
    assert (folder / "rows.jsonl").exists()
    kept = (folder / "results.json").read_bytes()
    code, said = wmpc("eval", *words)
    assert code == 2 and "holds results" in said
    assert (folder / "results.json").read_bytes() == kept
    assert not (folder / "rows.jsonl").exists()


def test_ctrl_c_says_what_is_kept(words, folder, wmpc, monkeypatch):
    plain = Rows.add

    def add(self, part, row):
        plain(self, part, row)
        if len(self) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(Rows, "add", add)
    code, said = wmpc("eval", *words)
    assert code == 130 and "rows are kept in" in said and "goes on from there" in said
    kept = len((folder / "rows.jsonl").read_bytes().splitlines()) - 1
    assert kept == 1 and not (folder / "results.json").exists()


def test_rows_of_another_evaluation_are_not_mixed_in(words, folder, wmpc, monkeypatch):
    monkeypatch.setattr(film, "illustrate", lambda *_: (_ for _ in ()).throw(Killed()))
    with pytest.raises(Killed):
        wmpc("eval", *words)
    before = (folder / "rows.jsonl").read_bytes()
    monkeypatch.undo()
    for other, named in (("planner.samples=5", "config"), ("cases.seed=1", "manifest")):
        code, said = wmpc("eval", *words, other)
        assert code == 2 and "rows of another evaluation" in said and f"other {named}" in said
    with monkeypatch.context() as patch:
        patch.setattr(preparation, "checkpoint_hash", lambda run: "another")
        code, said = wmpc("eval", *words)
    assert code == 2 and "other checkpoint" in said
    assert (folder / "rows.jsonl").read_bytes() == before
    code, said = wmpc("eval", *words, "overwrite=true", "planner.samples=5")
    assert code == 0 and "going on" not in said and results_in(folder)["rows"]


def test_old_results_stay_until_the_new_ones_are_whole(words, folder, wmpc, monkeypatch):
    assert wmpc("eval", *words)[0] == 0

    def files():
        return {f.name: f.read_bytes() for f in folder.iterdir() if f.name not in extra}

    extra = (".lock", "rows.jsonl")
    before = files()

    def full(path, *_):
        raise OSError(28, "No space left on device", str(path))

    for place in ("write_strip", "write_imagined"):
        with monkeypatch.context() as patch:
            patch.setattr(film, place, full)
            code, said = wmpc("eval", *words, "overwrite=true", "agent.seed=5")
        assert code == 2 and "Traceback" not in said
        assert {name: files()[name] for name in before} == before
    assert wmpc("eval", *words, "overwrite=true", "agent.seed=5")[0] == 0
    results = results_in(folder)
    assert results["config"]["agent"]["seed"] == 5
    named = {entry["strip"] for entry in results["media"]} | {
        entry["imagined"] for entry in results["media"]
    }
    assert {name for name in files() if name.endswith(".png")} == named


def test_two_at_once_write_two_folders(tmp_path):
    first, second, third = (tmp_path / name for name in ("a", "a-2", "a-3"))
    with claim_folder([first, second], {"x": 1}, False) as one:
        with claim_folder([first, second], {"x": 1}, False) as two:
            assert (one.path.parent, two.path.parent) == (first, second)
            two.add("warm", Row(0, 9, "warm", 0))
        with pytest.raises(TakenError, match="another process is evaluating in"):
            claim_folder([first], {"x": 1}, True).__enter__()
    with claim_folder([second, third], {"x": 2}, False) as other:
        assert other.path.parent == third
    with claim_folder([second, third], {"x": 1}, False) as again:
        assert again.path.parent == second and again.taken == 1


def test_no_link_is_written_through(words, folder, wmpc, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    folder.parent.mkdir()
    folder.symlink_to(elsewhere)
    code, said = wmpc("eval", *words)
    assert code == 2 and "is a symbolic link" in said
    folder.unlink()
    folder.mkdir()
    (folder / "rows.jsonl").symlink_to(elsewhere / "precious")
    code, said = wmpc("eval", *words)
    assert code == 2 and "is a link" in said
    assert not list(elsewhere.iterdir())


def children(parent):
    """Process ids of the processes that `parent` started, and those that they did."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[1]) == parent and fields[0] != "Z":
            found += [int(stat.parent.name), *children(int(stat.parent.name))]
    return found


def lines(folder):
    """How many lines the rows that are kept have."""
    file = folder / "rows.jsonl"
    return len(file.read_bytes().splitlines()) if file.exists() else 0


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_killed_again_and_again_with_workers(words, folder):
    """Half of the kills come when a row was written, the others at some moment before."""
    command = [*COMMAND, *words, "workers=2"]
    subprocess.run([*COMMAND, *words], check=True, capture_output=True)
    whole = timeless(results_in(folder))
    shutil.rmtree(folder)
    for kill in range(8):
        there, kept = lines(folder), 0
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        until = time.monotonic() + (100 if kill % 2 else 1.7 * kill)
        while time.monotonic() < until and process.poll() is None and kept <= there + 1:
            time.sleep(0.02)
            kept = lines(folder)
        started = children(process.pid)
        if process.poll() is not None:
            break
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        deadline = time.monotonic() + 10
        while any(os.path.exists(f"/proc/{pid}") for pid in started):
            assert time.monotonic() < deadline, "workers outlive their parent"
            time.sleep(0.05)
    assert kill > 1  # of these, the second came after a row
    if not (folder / "results.json").exists():
        kept = lines(folder)
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        assert "going on from there" in done.stdout and kept > 1
    found = timeless(results_in(folder))
    different = ("workers", "notes", "config", "versions")
    assert {k: v for k, v in found.items() if k not in different} == {
        k: v for k, v in whole.items() if k not in different
    }
