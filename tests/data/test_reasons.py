"""A recording that cannot be opened says why, whatever asked for it: a reason is never hidden
behind "in no format that is recognised"."""

import errno
import json
import os
import subprocess
import sys
import zipfile

import av
import h5py
import numpy as np
import pytest

from wmpc.errors import WmpcError
from wmpc.wm.recordings.formats import open_source
from wmpc.wm.recordings.io.files import FULL, MACHINE, damage


def fill(path, **options):
    with h5py.File(path, "w", **options) as file:
        file["ep_len"], file["ep_offset"] = np.full(3, 4), np.arange(3) * 4
        file["action"] = np.zeros((12, 2), np.float32)
        file["pixels"] = np.zeros((12, 16, 16, 3), np.uint8)


def elsewhere(code, path):
    """Run Python in another process until it says so."""
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    process.stdout.readline()
    return process


def cut(path):
    fill(path)
    path.write_bytes(path.read_bytes()[:6000])


def killed(path):
    code = """if True:
        import os, sys, h5py
        file = h5py.File(sys.argv[1], "w", libver="latest")
        file["ep_len"] = [1]
        file.flush()
        os._exit(9)"""
    elsewhere(code, path).communicate()


def matlab(path):
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, shape in (("observations", (2, 9)), ("actions", (1, 9)), ("terminals", (1, 9))):
            file[name] = np.zeros(shape)
            file[name].attrs["MATLAB_class"] = np.bytes_("double")


def unknown(path):
    with h5py.File(path, "w") as file:
        file["spectra"] = np.zeros((3, 2))


HDF5 = {
    cut: r"cut short, 6000 of \d+ bytes.*again",
    killed: r"stopped before it closed it.*h5clear",
    matlab: r"written by MATLAB.*permute",
    unknown: r"HDF5 file that holds spectra: in no layout",
}


@pytest.mark.parametrize("kind", HDF5, ids=lambda kind: kind.__name__)
def test_an_hdf5_file_that_cannot_be_read_says_why(tmp_path, kind):
    kind(tmp_path / "a.h5")
    with pytest.raises(WmpcError, match=HDF5[kind]):
        open_source(str(tmp_path / "a.h5"))


def test_a_file_that_another_process_writes_says_so(tmp_path):
    fill(tmp_path / "a.h5")
    code = "import sys, h5py; f = h5py.File(sys.argv[1], 'a'); print(flush=True); sys.stdin.read()"
    other = elsewhere(code, tmp_path / "a.h5")
    try:
        with pytest.raises(WmpcError, match=r"another program has it open.*close that program"):
            open_source(str(tmp_path / "a.h5"))
    finally:
        other.communicate()
    assert len(open_source(str(tmp_path / "a.h5"))) == 3


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_a_filesystem_without_locks_is_read_without(tmp_path, monkeypatch, number):
    fill(tmp_path / "a.h5")
    real = h5py.File

    def without_locks(*args, locking=None, **options):
        if locking is not False:
            raise OSError(number, f"unable to lock file, errno = {number}, error message = '...'")
        return real(*args, locking=locking, **options)

    monkeypatch.setattr(h5py, "File", without_locks)
    with open_source(str(tmp_path / "a.h5"), "swm-hdf5") as source:
        assert len(source) == 3


def version_1(folder):
    (folder / "meta").mkdir()
    (folder / "meta" / "info.json").write_text(json.dumps({"codebase_version": "v1.6"}))


def no_json(folder):
    (folder / "meta").mkdir()
    (folder / "meta" / "info.json").write_text('{"codebase_version": "v3.0", ')


def no_metadata(folder):
    (folder / "data").mkdir()
    (folder / "data" / "metadata.json").write_text("{")


def folders_of_their_own(folder):
    (folder / "monday").mkdir()
    for ending in ("mp4", "csv"):
        (folder / f"monday/take_1.{ending}").write_bytes(b"x")


def two_tables(folder):
    for ending in ("mp4", "csv", "npz"):
        (folder / f"take_1.{ending}").write_bytes(b"x")


FOLDERS = {
    version_1: r"looks like lerobot.*version 'v1.6'.*convert",
    no_json: r"looks like lerobot.*info.json is damaged",
    no_metadata: r"looks like minari.*metadata.json is damaged",
    folders_of_their_own: r"looks like video-folder.*only in folders with tables of their own",
    two_tables: r"looks like video-folder.*which is meant",
}


@pytest.mark.parametrize("kind", FOLDERS, ids=lambda kind: kind.__name__)
def test_a_folder_that_resembles_a_format_says_what_is_wrong_with_it(tmp_path, kind):
    kind(tmp_path)
    with pytest.raises(WmpcError, match=FOLDERS[kind]):
        open_source(str(tmp_path))


def test_an_archive_that_is_cut_or_holds_something_else_says_so(tmp_path):
    whole = tmp_path / "a.npz"
    np.savez(whole, observations=np.zeros((9, 2)), actions=np.zeros((9, 1)))
    with pytest.raises(WmpcError, match=r"looks like ogbench.*lacks terminals"):
        open_source(str(whole))
    (tmp_path / "b.npz").write_bytes(whole.read_bytes()[:200])
    assert not zipfile.is_zipfile(tmp_path / "b.npz")
    with pytest.raises(WmpcError, match=r"looks like ogbench.*damaged"):
        open_source(str(tmp_path / "b.npz"))


def test_what_resembles_nothing_is_in_no_format(tmp_path):
    (tmp_path / "notes.txt").write_text("precious")
    for path in (tmp_path, tmp_path / "notes.txt"):
        with pytest.raises(WmpcError, match="in no format that is recognised"):
            open_source(str(path))


def test_what_a_decoder_calls_by_the_systems_names_is_damage():
    """FFmpeg answers damaged bytes with EPERM, EIO and others, which PyAV raises as its own."""
    for number in MACHINE:
        refused, said = (OSError, None) if number in FULL else (WmpcError, "damaged")
        with pytest.raises(refused, match=said), damage("a video"):
            av.error.err_check(-number)
        with pytest.raises(OSError) as caught, damage("a file"):
            raise OSError(number, os.strerror(number))
        assert caught.value.errno == number
