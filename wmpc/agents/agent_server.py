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
    """Answer what comes through the socket `fd` of the process `parent` until it is closed."""
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
        """Make the agent of the next case."""
        if self._found is None:
            self._found = find(self._name)
            self._state = ProcessState()
        self._agent = None  # the last case's; it may hold much
        self._state.restore(offered["seed"])
        self._space = offered["action_space"]
        self._agent: Any = make_agent(self._found, self._name, **offered)

    def source(self) -> str | None:
        """Hex SHA-256 of the module's file."""
        module = sys.modules.get(self._name.partition(":")[0])
        file = getattr(module, "__file__", None)
        return None if file is None else hashlib.sha256(Path(file).read_bytes()).hexdigest()

    def reset(self, goal: Goal) -> None:
        """Pass it on."""
        self._agent.reset(goal)

    def observe(self, observation: Observation, executed: np.ndarray | None) -> None:
        """Pass it on."""
        self._agent.observe(observation, executed)

    def act(self) -> np.ndarray:
        """The agent's actions (m, A), as a plain array within the bounds."""
        return checked(self._agent.act(), self._space)
