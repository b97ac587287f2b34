"""An export appears whole or not at all; a killed one's rest is swept; two at once do not mix."""

import errno
import multiprocessing
import os
import resource
import signal

import numpy as np
import pytest

from wmpc.errors import WmpcError
from wmpc.system.disk import TEMPORARY
from wmpc.wm.data import EpisodeWriter, open_episodes
from wmpc.wm.recordings.export.folder import new_file, new_folder
from wmpc.wm.recordings.export.lerobot import export_lerobot
from wmpc.wm.recordings.export.minari import export_minari
from wmpc.wm.recordings.export.swm import export_swm

WRITERS = {
    "lerobot": (lambda e, p: export_lerobot(e, p / "out"), "out"),
    "lerobot png": (lambda e, p: export_lerobot(e, p / "out", codec="png"), "out"),
    "minari": (lambda e, p: export_minari(e, p / "out-v0"), "out-v0"),
    "minari arrow": (lambda e, p: export_minari(e, p / "out-v0", data_format="arrow"), "out-v0"),
    "swm": (lambda e, p: export_swm(e, p / "out.h5"), "out.h5"),
}


@pytest.fixture(scope="module")
def episodes(tmp_path_factory):
    path, rng = tmp_path_factory.mktemp("made") / "set", np.random.default_rng(0)
    meta = {"env": "any", "fps": 5, "action_low": [-1, -1], "action_high": [1, 1]}
    with EpisodeWriter(path, meta) as writer:
        for _ in range(6):
            pixels = rng.integers(0, 256, (9, 32, 32, 3), dtype=np.uint8)
            action = rng.uniform(-1, 1, (8, 1, 2)).astype(np.float32)
            writer.append({"pixels": pixels, "action": action, "state": rng.normal(size=(9, 50))})
    return open_episodes(path)


def tree(path):
    files = [path] if path.is_file() else [p for p in path.rglob("*") if p.is_file()]
    return {str(p.relative_to(path)): p.read_bytes() for p in files}


@pytest.mark.parametrize("name", WRITERS)
def test_a_full_disk_names_what_was_asked_for_and_leaves_nothing(tmp_path, episodes, capfd, name):
    write, out = WRITERS[name]
    write(episodes, tmp_path)
    whole = tree(tmp_path / out)
    largest = max(map(len, whole.values()))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    for part in range(8):
        folder = tmp_path / str(part)
        folder.mkdir()
        resource.setrlimit(resource.RLIMIT_FSIZE, (part * largest // 8, before[1]))
        try:
            with pytest.raises(OSError, match="File too large") as caught:
                write(episodes, folder)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert caught.value.filename == str(folder / out)
        del caught
        assert os.listdir(folder) == []
        write(episodes, folder)
        assert tree(folder / out) == whole
    assert "Exception ignored" not in capfd.readouterr().err


def hang(path, make, ready):
    with make(path) as temporary:
        target = temporary / "half" if temporary.is_dir() else temporary
        target.write_bytes(b"half")
        ready.set()
        signal.pause()


@pytest.mark.parametrize("make", [new_folder, new_file])
def test_a_killed_export_is_swept_by_the_next_and_a_live_one_refuses_it(tmp_path, make):
    context = multiprocessing.get_context("fork")
    ready, path = context.Event(), tmp_path / "out"
    (tmp_path / f"{TEMPORARY}0123456789abcdef-other").mkdir()  # of another name: not ours to judge
    other = context.Process(target=hang, args=(path, make, ready), daemon=True)
    other.start()
    assert ready.wait(60)
    with pytest.raises(WmpcError, match="another process is exporting to"), make(path):
        pass
    assert len(os.listdir(tmp_path)) == 2 and not path.exists()
    other.kill()
    other.join()
    assert len(os.listdir(tmp_path)) == 2 and not path.exists()
    with make(path) as temporary:
        (temporary / "whole" if temporary.is_dir() else temporary).write_bytes(b"whole")
    assert sorted(os.listdir(tmp_path)) == [f"{TEMPORARY}0123456789abcdef-other", "out"]
    assert list(tree(path).values()) == [b"whole"]
    (tmp_path / f"{TEMPORARY}0123456789abcdef-out").mkdir()  # killed after it had become whole
    with pytest.raises(WmpcError, match="exists"), make(path):
        pass
    assert sorted(os.listdir(tmp_path)) == [f"{TEMPORARY}0123456789abcdef-other", "out"]


def test_a_link_in_the_way_is_neither_followed_nor_swept(tmp_path):
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "thesis.tex").write_text("precious")
    (tmp_path / f"{TEMPORARY}0123456789abcdef-out").symlink_to(tmp_path / "precious")
    with new_folder(tmp_path / "out") as temporary:
        (temporary / "whole").write_bytes(b"whole")
    assert (tmp_path / "precious" / "thesis.tex").read_text() == "precious"


def test_what_appeared_meanwhile_is_not_overwritten(tmp_path):
    with pytest.raises(WmpcError, match="another process"), new_folder(tmp_path / "a") as temporary:
        (temporary / "whole").write_bytes(b"whole")
        (tmp_path / "a").mkdir()
        (tmp_path / "a" / "theirs").write_bytes(b"theirs")
    with pytest.raises(WmpcError, match="another process"), new_file(tmp_path / "b") as temporary:
        temporary.write_bytes(b"whole")
        (tmp_path / "b").write_bytes(b"theirs")
    assert sorted(os.listdir(tmp_path)) == ["a", "b"]
    assert tree(tmp_path) == {"a/theirs": b"theirs", "b": b"theirs"}


@pytest.mark.parametrize("moment", [1, 2, 5, 11, 23])
@pytest.mark.parametrize("name", ["minari", "swm"])
def test_hdf5_survives_a_write_that_fails_alone(
    tmp_path, episodes, monkeypatch, capfd, name, moment
):
    """A disk may be full for one write, and for no later one, nor at the close."""
    write, out = WRITERS[name]
    pwrite, count = os.pwrite, iter(range(1, 10**9))

    def full(*arguments):
        if next(count) == moment:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return pwrite(*arguments)

    monkeypatch.setattr("os.pwrite", full)
    with pytest.raises(OSError, match="No space left") as caught:
        write(episodes, tmp_path)
    assert caught.value.filename == str(tmp_path / out)
    assert os.listdir(tmp_path) == []
    assert "Exception ignored" not in capfd.readouterr().err
