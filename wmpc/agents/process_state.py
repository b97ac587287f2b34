"""What an agent may change for its whole process, remembered and put back between cases."""

import os
import random
import signal
import sys
from typing import Any

import numpy as np


class ProcessState:
    """The state of this process at the moment this is made.

    The directory, where prints go, floating-point errors, the recursion limit, alarms, and torch's
    defaults where torch was imported. What else an agent changes stays, such as its own modules.
    """

    def __init__(self) -> None:
        self._folder = os.getcwd()
        self._outputs = os.dup(1), os.dup(2)
        self._floats = np.geterr()
        self._limit = sys.getrecursionlimit()
        self._torch = _torch_defaults()

    def restore(self, seed: int) -> None:
        """Put the state back, and seed the generators that are shared by all.

        Args:
            seed: of Python's, numpy's and, where it was imported, torch's generator.
        """
        sys.setrecursionlimit(self._limit)
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.chdir(self._folder)
        for number, (name, kept) in enumerate(
            zip(("stdout", "stderr"), self._outputs, strict=True), 1
        ):
            os.dup2(kept, number)
            if getattr(getattr(sys, name), "closed", True):
                setattr(sys, name, open(number, "w", closefd=False))  # noqa: SIM115
        np.seterr(**self._floats)
        random.seed(seed)
        np.random.seed(seed % 2**32)  # noqa: NPY002 (an agent may draw from it)
        torch = sys.modules.get("torch")
        if torch is not None:
            self._torch = self._torch or {**_torch_defaults(), "dtype": torch.float32}
            torch.manual_seed(seed)
            torch.set_grad_enabled(True)
            torch.set_num_threads(self._torch["threads"])
            torch.set_default_dtype(self._torch["dtype"])


def _torch_defaults() -> dict[str, Any]:
    torch = sys.modules.get("torch")
    if torch is None:
        return {}
    return {"threads": torch.get_num_threads(), "dtype": torch.get_default_dtype()}
