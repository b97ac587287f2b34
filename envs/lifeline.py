"""Processes that end when the one that started them does, however that ends."""

import ctypes
import os
import signal
import sys
import threading
import time

PR_SET_PDEATHSIG = 1
LOOK_S = 1.0


def end_with_parent(parent: int) -> None:
    """End this process when the process `parent`, which started it, has ended, even by SIGKILL.

    Linux sends the signal itself, when the thread that started this process ends. Elsewhere, and
    where `parent` ended before this call, a thread of this process looks once a second.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    threading.Thread(target=_wait_for, args=(parent,), daemon=True).start()


def _wait_for(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(LOOK_S)
    os.kill(os.getpid(), signal.SIGKILL)
