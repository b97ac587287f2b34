"""The processes of `scripts/kills.py`: forked, watched, killed with all that they have started."""

import contextlib
import os
import resource
import signal
import sys
import time
from pathlib import Path
from typing import Any

from wmpc.cli.main import main

WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
CHANGES = ("os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.truncate")


def start(words: list[str], folder: Path, kill_at: int = 0, largest: int | None = None) -> int:
    """Fork a process that runs `wmpc` with `words` in `folder`, its output in `log`; returns its
    id. It kills itself before its change number `kill_at` of the folder (from 1)."""
    if pid := os.fork():
        return pid
    code = 70
    try:
        os.setsid()
        os.chdir(folder)
        log = os.open(folder.parent / "log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        os.dup2(log, 1)
        os.dup2(log, 2)
        count = 0

        def look(event: str, arguments: tuple[Any, ...]) -> None:
            nonlocal count
            opened = event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITES
            if (opened or event in CHANGES) and str(arguments[0])[:5] not in ("/dev/", "/proc"):
                count += 1
                if count == kill_at:
                    os.killpg(0, signal.SIGKILL)

        sys.addaudithook(look)
        if largest is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))
        code = main(words)
        with contextlib.suppress(OSError):  # where the disk is full for this as well
            (folder.parent / "changes").write_text(str(count))
    finally:
        os._exit(code)


def wait(pid: int, seconds: float) -> int:
    """The exit code, negative for a signal; after `seconds` the whole group is killed."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)  # whatever it has left running
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.002)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
