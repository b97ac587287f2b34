"""Files are replaced whole or not at all; a folder is written by one process at a time."""

import errno
import multiprocessing
import os
import subprocess
import sys
import time

import pytest

from wmpc.errors import WmpcError
from wmpc.system.disk import LOCK, TEMPORARY, hold, remove_leftovers, replace_file, replacing
from wmpc.wm.recordings.export.folder import new_folder


def test_a_file_is_replaced_and_nothing_else_is_left(tmp_path):
    replace_file(tmp_path / "a", b"old")
    replace_file(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["a"]


def test_what_raises_half_way_leaves_the_old_file(tmp_path):
    replace_file(tmp_path / "a.png", b"old")
    with pytest.raises(ZeroDivisionError), replacing(tmp_path / "a.png") as temporary:
        temporary.write_bytes(b"half")
        assert temporary.suffix == ".png"
        raise ZeroDivisionError
    assert (tmp_path / "a.png").read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a.png"]


def test_a_link_is_replaced_and_never_followed(tmp_path):
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    (tmp_path / "a").symlink_to(victim)
    replace_file(tmp_path / "a", b"new")
    assert victim.read_bytes() == b"precious"
    assert not (tmp_path / "a").is_symlink()


def test_temporary_names_cannot_be_foretold(tmp_path):
    seen = set()
    for _ in range(20):
        with replacing(tmp_path / "a") as temporary:
            seen.add(temporary.name)
    assert len(seen) == 20 and all(name.startswith(TEMPORARY) for name in seen)


def test_a_name_that_the_filesystem_takes_is_not_too_long(tmp_path):
    name = "a" * 251 + ".png"
    replace_file(tmp_path / name, b"new")
    assert os.listdir(tmp_path) == [name]
    with new_folder(tmp_path / ("b" * 255)) as folder:
        (folder / "whole").write_bytes(b"whole")
    with pytest.raises(OSError) as caught:
        replace_file(tmp_path / ("c" * 256), b"new")
    assert caught.value.errno == errno.ENAMETOOLONG


def test_a_full_disk_names_the_file_that_was_wanted(tmp_path):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with (
        pytest.raises(OSError, match="No space left") as caught,
        replacing(tmp_path / "a"),
    ):
        full()
    assert caught.value.filename == str(tmp_path / "a")
    assert os.listdir(tmp_path) == []


def write_often(path, letter, until, found):
    try:
        while time.monotonic() < until:
            replace_file(path, letter * 50_000)
            found.value += 1
    except BaseException:
        found.value = -1
        raise


def test_many_writers_of_one_name_never_meet(tmp_path):
    """Neither does an error occur, nor does a reader see bytes of two of them, or too few."""
    context, path = multiprocessing.get_context("fork"), tmp_path / "a"
    replace_file(path, b"0" * 50_000)
    until = time.monotonic() + 1.5
    counts = [context.Value("q", 0) for _ in range(4)]
    writers = [
        context.Process(target=write_often, args=(path, bytes([97 + i]), until, count))
        for i, count in enumerate(counts)
    ]
    for writer in writers:
        writer.start()
    seen = set()
    while any(writer.is_alive() for writer in writers):
        data = path.read_bytes()
        assert len(data) == 50_000 and len(set(data)) == 1
        seen.add(data[0])
    for writer, count in zip(writers, counts, strict=True):
        writer.join()
        assert writer.exitcode == 0 and count.value > 0
    assert len(seen) > 1 and os.listdir(tmp_path) == ["a"]


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_without_flock_the_other_lock_is_taken(tmp_path, monkeypatch, number):
    def none(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("fcntl.flock", none)
    with hold(tmp_path, "busy in"):
        without = HOLD.format("print('held')").replace("import sys;", f"import sys, fcntl; {LACK}")
        command = [sys.executable, "-c", without, tmp_path]
        other = subprocess.run(command, capture_output=True, text=True)
        assert "another process is busy in" in other.stderr and "held" not in other.stdout
    assert subprocess.run(command, capture_output=True, text=True).stdout == "held\n"
    monkeypatch.setattr("fcntl.lockf", none)
    sentence = "has no locks, .* choose a folder on another"
    with pytest.raises(WmpcError, match=sentence), hold(tmp_path, "busy in"):
        pass


LACK = "fcntl.flock = lambda *_: (_ for _ in ()).throw(OSError(37, 'no locks'));"
HOLD = "import sys; from wmpc.system.disk import hold\nwith hold(sys.argv[1], 'busy in'): {}"


def test_a_folder_is_held_by_one_process_and_let_go_by_its_death(tmp_path):
    command = [sys.executable, "-c", HOLD.format("print('held', flush=True); input()"), tmp_path]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None and other.stdout.readline() == "held\n"
        with (
            pytest.raises(WmpcError, match="another process is busy in"),
            hold(tmp_path, "busy in"),
        ):
            pass
        other.kill()
    with hold(tmp_path, "busy in"):
        pass


def test_a_lock_that_is_a_link_is_refused(tmp_path):
    (tmp_path / LOCK).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError), hold(tmp_path, "busy in"):
        pass
    assert not (tmp_path / "elsewhere").exists()


def test_leftovers_are_removed_and_links_not_followed(tmp_path):
    (tmp_path / f"{TEMPORARY}1-a").write_bytes(b"half")
    (tmp_path / "a").write_bytes(b"whole")
    (tmp_path / f"{TEMPORARY}2-a").symlink_to(tmp_path / "a")
    remove_leftovers(tmp_path)
    assert os.listdir(tmp_path) == ["a"]
