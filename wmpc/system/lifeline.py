"""Processes of our own: they end when the one that started them does, however that ends."""

import ctypes
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

PR_SET_PDEATHSIG = 1
LOOK_S = 1.0


def end_with_parent(parent: int) -> None:
    """End this process when the one that started it has ended, even by SIGKILL.

    Linux sends the signal itself, when the thread that started this process ends. Elsewhere, and
    where the parent ended before this call, a thread of this process looks once a second.

    Args:
        parent: the id of the process that started this one.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    threading.Thread(target=_wait_for, args=(parent,), daemon=True).start()


def _wait_for(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(LOOK_S)
    os.kill(os.getpid(), signal.SIGKILL)


def start(
    work: Callable[..., None], *arguments: Any, environment: Mapping[str, str]
) -> tuple[BaseProcess, Connection]:
    """Start a process that is not interrupted by Ctrl-C and ends with this one.

    Args:
        work: what it calls, with its end of a pipe and the arguments.
        *arguments: picklable.
        environment: variables that are added to its own.

    Returns:
        The process, and our end of the pipe.
    """
    context = multiprocessing.get_context("spawn")
    pipe, theirs = context.Pipe()
    process = context.Process(
        target=_work, args=(os.getpid(), work, theirs, *arguments), daemon=True
    )
    before = {name: os.environ.get(name) for name in environment}
    # Ctrl-C is for us alone: a blocked signal stays blocked in the process that is started.
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    os.environ.update(environment)
    try:
        process.start()
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    theirs.close()
    return process, pipe


def end(process: BaseProcess, pipe: Connection) -> None:
    """End a process at once.

    Args:
        process: that `start` gave.
        pipe: to it, which is closed.
    """
    pipe.close()
    process.kill()
    process.join()


def ending(code: int | None) -> str:
    """Say how a process ended.

    Args:
        code: its exit code, negative for a signal; None where it is not known.

    Returns:
        Words that follow the process's name.
    """
    if code is None or code >= 0:
        return f"ended with exit code {code}"
    name = next((s.name for s in signal.Signals if s == -code), f"signal {-code}")
    return f"was ended by {name}" + " (often too little memory)" * (name == "SIGKILL")


def _work(parent: int, work: Callable[..., None], pipe: Connection, *arguments: Any) -> None:
    end_with_parent(parent)
    work(pipe, *arguments)
