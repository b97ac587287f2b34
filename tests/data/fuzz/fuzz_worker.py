"""Processes that read damaged recordings whole, and say what came of each.

    echo FORMAT FOLDER FIRST COUNT | python fuzz_worker.py

FOLDER holds the valid recording in `seed/`; `work/` is for the damaged ones. Each line of the
standard input is done by a fork, so that libraries are imported once. It writes its process id,
before each input "seed N", and after it "ok", "error" or "bad ..."; a process that dies, or says
nothing for long, thereby names the input. Measured per input: seconds of the process, and resident
memory above what there was before. At the end comes "end STATUS".
"""

import os
import resource
import shutil
import signal
import sys
import time
from pathlib import Path

import numpy as np
from fuzz_mutate import mutate
from fuzz_seeds import SEEDS, VARIANTS

from wmpc.errors import WmpcError
from wmpc.wm.recordings.formats import reader
from wmpc.wm.recordings.source import Frames

SECONDS, MEGABYTES = 5, 1024
ADDRESSES = 8 << 30
"""Bytes that the process may reserve at most: what saves the machine, not what is measured."""


class SlowError(BaseException):
    """Raised by the alarm, past every `except Exception`."""


def whole(path, format):
    """{(episode, column): array} of a recording; AssertionError where it is not as it says."""
    out = {}
    with reader(format.split("+")[0])(str(path)) as source:
        assert len(source) == len(source.lengths) > 0, "no episodes"
        for index, steps in enumerate(source.lengths.tolist()):
            assert steps >= 0, f"episode {index} has {steps} steps"
            for name, value in source.episode(index).items():
                column = source.columns[name]
                rows = {"frames": steps + 1, "steps": steps}.get(column.rows)
                shape = column.shape if rows is None else (rows, *column.shape)
                what = f"{name} of episode {index}"
                assert value.shape == shape, f"{what} is {value.shape}, should be {shape}"
                assert value.dtype == column.dtype, f"{what} is {value.dtype}"
                if isinstance(value, Frames):
                    pictures = list(value.decode(np.arange(len(value))))
                    assert len(pictures) == rows, f"{what} gives {len(pictures)} pictures"
                    value = np.stack(pictures)
                    assert value.shape == shape and value.dtype == np.uint8, f"{what} changes"
                out[index, name] = value
            assert set(source.columns) == {name for i, name in out if i == index}, "columns lack"
    return out


def memory(key):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(key)) / 1024


class Folder:
    """A folder of files of which only those that change are written."""

    def __init__(self, path):
        self.path, self.files = path, {}
        shutil.rmtree(path, ignore_errors=True)

    def put(self, files):
        for name in self.files.keys() | files.keys():
            if self.files.get(name) != files.get(name):
                path = self.path / name
                path.unlink(missing_ok=True)  # it may still be mapped
                if name in files:
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(files[name])
        self.files = files


def verdict(folder, opened, format, original, files, seed):
    """What came of one input: "ok", "error", "same" where nothing was damaged, or "bad ..."."""
    changed, damaged = mutate(files, seed)
    if not changed:
        return "same"
    folder.put(damaged)
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts from here
    before, began = memory("VmHWM"), time.process_time()
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        read = whole(folder.path / opened, format)
        # Beside a log with a clock of its own, a video's clock says which rows are read.
        plain = damaged.keys() == files.keys() and format not in VARIANTS
        wrong = silent(read, original, changed) if plain else None
        said = f"bad {wrong}" if wrong else "ok"
    except WmpcError as error:
        said = "error" if str(error).strip() else "bad an error without words"
    except SlowError:
        said = "bad slow"
    except BaseException as error:
        said = f"bad {type(error).__name__}: {' '.join(str(error).split())[:300]}"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    took, grown = time.process_time() - began, memory("VmHWM") - before
    if took > SECONDS or grown > MEGABYTES:
        said = f"bad took {took:.1f} s and {grown:.0f} MB"
    return said


def silent(read, original, changed):
    """What is wrong without an error, None where nothing is: what lies in a file of its own must
    be as it was when another file was damaged."""
    owners = [OWNED(name) for name in changed]
    if None in owners:
        return None
    for key, value in read.items():
        if any(own(*key) for own in owners):
            continue
        if key not in original or value.tobytes() != original[key].tobytes():
            return f"{key} changed, though only {sorted(changed)} was damaged"
    return None


def OWNED(name):
    """Whether (episode, column) lies in this file; None where it describes others."""
    if name.endswith(".mp4"):
        return lambda episode, column: column.startswith("pixels")
    if name.endswith(".npy") and name not in ("episode_ends.npy",):
        return lambda episode, column: name == column.replace("/", "@") + ".npy"
    return None


def main(format, folder, first, count):
    seed_folder, work = Path(folder) / "seed", Folder(Path(folder) / "work")
    opened = (Path(folder) / "opened").read_text()
    files = {
        str(path.relative_to(seed_folder)): path.read_bytes()
        for path in sorted(seed_folder.rglob("*"))
        if path.is_file()
    }
    assert format in SEEDS | VARIANTS
    original = whole(seed_folder / opened, format)

    def alarm(*_):
        raise SlowError

    signal.signal(signal.SIGPROF, alarm)
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, ADDRESSES))
    for seed in range(first, first + count):
        print("seed", seed, flush=True)
        print(verdict(work, opened, format, original, files, seed), flush=True)


def serve():
    for line in sys.stdin:
        format, folder, first, count = line.split()
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                print("pid", os.getpid(), flush=True)
                os.dup2(os.open(f"{folder}/stderr", os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 2)
                main(format, folder, int(first), int(count))
                code = 0
            except BaseException as error:
                print(repr(error), file=sys.stderr, flush=True)
            finally:
                os._exit(code)
        print("end", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)


if __name__ == "__main__":
    serve()
