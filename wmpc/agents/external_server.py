"""The process of an agent that somebody else wrote: makes it, and passes on what it is asked.

Before each case it puts back what an agent may have changed for the whole process, and seeds the
generators that are shared by all, so that no case depends on the ones before it.
"""

import hashlib
import os
import signal
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from wmpc.agents.agent import Goal, Observation
from wmpc.agents.external import make_agent
from wmpc.agents.process_state import ProcessState
from wmpc.errors import WmpcError
from wmpc.system.asking import Failed, account, checked
from wmpc.system.construct import find
from wmpc.system.lifeline import end_with_parent


def serve(fd: int, parent: int, function: str) -> None:
    """Answer what comes through a socket until it is closed; does not return.

    Args:
        fd: file descriptor of the socket.
        parent: process that is served, with which this one ends.
        function: module:function that makes agents.
    """
    end_with_parent(parent)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    pipe, server, own = Connection(fd), Server(function), os.getpid()
    while True:
        try:
            serial, method, arguments = pipe.recv()
        except (EOFError, OSError):
            os._exit(0)  # threads that the agent left do not count
        began = perf_counter()
        answer: Any = None
        try:
            kind, answer = "done", getattr(server, method)(*arguments)
        except WmpcError as error:
            kind, answer = "refused", str(error)
        except Failed as failed:
            kind, answer = "failed", str(failed)
        except BaseException as error:
            kind, answer = "failed", f"the agent raised {account(error)}"
        seconds = perf_counter() - began
        if os.getpid() != own:  # the agent forked, and this is its twin
            os._exit(0)
        pipe.send((serial, kind, answer, seconds))


class Server:
    """The agents of `function`, module:function."""

    def __init__(self, function: str) -> None:
        self._name = function
        self._found: Callable[..., Any] | None = None

    def make(self, offered: dict[str, Any]) -> None:
        """Make the agent of the next case, the process put back as it was before the first.

        Args:
            offered: what the function may ask for, by name, `seed` and `action_space` among it.
        """
        if self._found is None:
            self._found = find(self._name)
            self._state = ProcessState()
        self._agent = None  # the last case's; it may hold much
        self._state.restore(offered["seed"])
        self._space = offered["action_space"]
        self._agent: Any = make_agent(self._found, self._name, **offered)

    def source(self) -> str | None:
        """Hash the module's file.

        Returns:
            Hex SHA-256; None where there is no such file.
        """
        module = sys.modules.get(self._name.partition(":")[0])
        file = getattr(module, "__file__", None)
        return None if file is None else hashlib.sha256(Path(file).read_bytes()).hexdigest()

    def reset(self, goal: Goal) -> None:
        """Pass a goal on.

        Args:
            goal: pursued from now on.
        """
        self._agent.reset(goal)

    def observe(self, observation: Observation, executed: np.ndarray | None) -> None:
        """Pass an observation on.

        Args:
            observation: what is seen now.
            executed: (m, A), the actions that were applied before; None at first.
        """
        self._agent.observe(observation, executed)

    def act(self) -> np.ndarray:
        """Ask the agent what to do.

        Returns:
            Its actions (m, A), as a plain array within the bounds.
        """
        return checked(self._agent.act(), self._space)
