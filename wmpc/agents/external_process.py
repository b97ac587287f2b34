"""Agents of others in a process of their own, so that whatever they do, only their case fails.

The process is started when it is first needed and serves one case after another
(`wmpc.agents.external_server`). Where it ends, hangs or sends nonsense, the case fails and the next
one has a new process.
"""

import os
import pickle
import signal
import socket
import subprocess
import sys
import time
import weakref
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from wmpc import envs
from wmpc.agents.agent import Goal, Observation
from wmpc.errors import WmpcError
from wmpc.system.asking import Failed
from wmpc.system.lifeline import ending

MOST_BYTES = 1 << 28
"""Size of the largest answer that is read."""
ENDING_S = 2.0
"""How long a process that closed its connection may take to end by itself."""
START = """
import sys
sys.path[:] = {ours!r} + {path!r}
from wmpc.agents.external_server import serve
sys.path[:] = {path!r}
serve({fd}, {parent}, {function!r})
"""


class AgentProcess:
    """Makes and runs the agents of `function`, module:function, one at a time.

    `threads` is how many OpenMP and BLAS threads the process may start with; None: as it comes.
    """

    def __init__(self, function: str, threads: int | None = None) -> None:
        self._function, self._threads = function, threads
        self._process: subprocess.Popen[bytes] | None = None
        self._serial = 0
        self.seconds = 0.0
        """What the last call took in the process itself."""

    def make(self, **offered: Any) -> "RemoteAgent":
        """Make the agent of the next case.

        Returns:
            What the function makes of those of `offered` that it names.

        Raises:
            WmpcError: it makes no agent.
            Failed: it raises, or its process ends.
        """
        self.ask("make", offered)
        return RemoteAgent(self)

    def source(self) -> str | None:
        """Hash the file that the function's module was read from.

        Returns:
            Hex SHA-256; None where there is no such file.
        """
        return self.ask("source")

    def ask(self, method: str, *arguments: Any) -> Any:
        """Ask the process, which is started where there is none.

        Args:
            method: of `wmpc.agents.external_server.Server`.
            *arguments: its arguments, which are pickled.

        Returns:
            What the method returns.

        Raises:
            WmpcError: the method raised one.
            Failed: the method raised anything else, or the process ended or sent what cannot be
                read.
        """
        if self._process is None:
            self._start()
        self._serial += 1
        try:
            self._pipe.send((self._serial, method, arguments))
            while True:
                serial, kind, answer, seconds = pickle.loads(self._pipe.recv_bytes(MOST_BYTES))
                if serial == self._serial:
                    break
        except (EOFError, OSError):
            raise Failed(f"the agent's process {self._ending()} in {method}") from None
        except Exception:
            self.close()
            raise Failed(f"the agent's process sent what cannot be read in {method}") from None
        except BaseException:  # its time is over, or Ctrl-C
            self.close()
            raise
        self.seconds = float(seconds)
        if kind == "refused":
            raise WmpcError(answer)
        if kind == "failed":
            raise Failed(answer)
        return answer

    def close(self) -> None:
        """End the process; the next call starts another."""
        if self._process is not None:
            _kill(self._process)
            self._pipe.close()
            self._process = None

    def _start(self) -> None:
        ours, theirs = socket.socketpair()
        code = START.format(
            ours=[str(Path(envs.__file__).parents[1])],
            path=sys.path,
            fd=theirs.fileno(),
            parent=os.getpid(),
            function=self._function,
        )
        environment = dict(os.environ)
        if self._threads is not None:
            environment["OMP_NUM_THREADS"] = str(self._threads)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-c", code],
                stdin=subprocess.DEVNULL,
                stdout=2,  # what it prints is not what we print
                pass_fds=[theirs.fileno()],
                env=environment,
                start_new_session=True,  # Ctrl-C is for us alone
            )
        self._pipe = Connection(ours.detach())
        weakref.finalize(self, _kill, self._process)

    def _ending(self) -> str:
        """How the process ended, having closed its connection."""
        assert self._process is not None
        try:
            code = self._process.wait(ENDING_S)
        except subprocess.TimeoutExpired:
            code = None
        self.close()
        if code is None:
            return "closed its connection"
        return ending(code)


class RemoteAgent:
    """The present agent of an `AgentProcess`."""

    def __init__(self, process: AgentProcess) -> None:
        self._process = process

    @property
    def seconds(self) -> float:
        """What the last call took in the agent's own process."""
        return self._process.seconds

    def reset(self, goal: Goal) -> None:
        """Have it forget the past.

        Args:
            goal: pursued from now on.
        """
        self._process.ask("reset", goal)

    def observe(self, observation: Observation, executed: np.ndarray | None) -> None:
        """Show it the present, and what was done before.

        Args:
            observation: what is seen now.
            executed: (m, A), the actions that were applied before; None at first.
        """
        self._process.ask("observe", dict(observation), executed)

    def act(self) -> np.ndarray:
        """Ask it what to do.

        Returns:
            Its next actions, (m, A).
        """
        return self._process.ask("act")


def _kill(process: "subprocess.Popen[bytes]") -> None:
    """End a process and those that it started in its session."""
    if process.poll() is None:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            process.kill()
        except PermissionError:
            process.kill()
        started = time.monotonic()
        while process.poll() is None and time.monotonic() - started < ENDING_S:
            time.sleep(0.001)
