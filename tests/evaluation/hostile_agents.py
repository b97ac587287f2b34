"""Agents that misbehave at their first decision, in one way each, and one that would notice if
anything of its process had been left changed.

`Agent(seed=i)` is the i-th of `EVERY`, others behave. torch, which is slow to import, comes with
`hostile_torch_agents`.
"""

import asyncio
import ctypes
import os
import random
import signal
import socket
import sys
import threading
import time

import numpy as np


class Unprintable(Exception):
    def __str__(self):
        raise RuntimeError("no message")


class NotText(Exception):
    def __str__(self):
        return 5  # pyright: ignore[reportReturnType]


class Rude(type):
    @property
    def __name__(cls):
        raise RuntimeError("no name")


class Nameless(Exception, metaclass=Rude):
    pass


class Letterless(str):
    def __getitem__(self, key):
        raise RuntimeError("no letters")


class Overloaded(Exception):
    def __str__(self):
        return Letterless("an odd text")


class Explosive:
    def __array__(self, *_, **__):
        raise GeneratorExit("no array")


class Lying:
    def __len__(self):
        return 4

    def __getitem__(self, index):
        raise asyncio.CancelledError("no rows")


def throw(error):
    raise error


def hang_deaf():
    for number in (signal.SIGALRM, signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    while True:
        try:
            time.sleep(60)
        except BaseException:
            continue


def hang_when_closed():
    os.closerange(0, 256)
    hang_deaf()


def spoil_connection():
    for fd in range(3, 64):
        try:
            socket.socket(fileno=os.dup(fd)).send(b"\0\0\0\x08nonsense")
        except OSError:
            continue
    hang_deaf()


def recurse():
    return recurse()


def ring():
    signal.setitimer(signal.ITIMER_REAL, 0.01)
    time.sleep(60)


def widen(agent):
    agent.space.high[...] = 9
    agent.space.low[...] = -9
    return np.full((4, 1), 8.0)


FAILS = {
    "cancelled": (lambda a: throw(asyncio.CancelledError("x")), "raised CancelledError: x"),
    "generator exit": (lambda a: throw(GeneratorExit("x")), "raised GeneratorExit: x"),
    "keyboard": (lambda a: throw(KeyboardInterrupt("x")), "raised KeyboardInterrupt: x"),
    "interrupts": (lambda a: signal.raise_signal(signal.SIGINT), "raised KeyboardInterrupt"),
    "leaves": (lambda a: sys.exit(0), "raised SystemExit: 0"),
    "stops": (lambda a: throw(StopIteration()), "raised StopIteration"),
    "base": (lambda a: throw(BaseException("x")), "raised BaseException: x"),
    "group": (lambda a: throw(BaseExceptionGroup("x", [SystemExit()])), "raised BaseExc"),
    "no memory": (lambda a: np.empty(2**50), "Memory"),
    "recursion": (lambda a: recurse(), "raised RecursionError"),
    "unprintable": (lambda a: throw(Unprintable()), "Unprintable: its message cannot be printed"),
    "no text": (lambda a: throw(NotText()), "NotText: its message cannot be printed"),
    "nameless": (lambda a: throw(Nameless("x")), "raised Nameless: x"),
    "overloaded": (lambda a: throw(Overloaded()), "raised Overloaded: an odd text"),
    "megabytes": (lambda a: throw(ValueError("x" * 5_000_000)), "raised ValueError: xxxx"),
    "odd text": (lambda a: throw(ValueError("[/bold] a\nb\x1b\ud800")), "ValueError: [/bold] a b"),
    "exits": (lambda a: os._exit(0), "process ended with exit code 0 in act"),
    "exits with 3": (lambda a: os._exit(3), "process ended with exit code 3 in act"),
    "crashes": (lambda a: ctypes.string_at(0), "process was ended by SIGSEGV in act"),
    "aborts": (lambda a: os.abort(), "process was ended by SIGABRT in act"),
    "kills": (lambda a: os.kill(os.getpid(), signal.SIGKILL), "ended by SIGKILL (often"),
    "rings": (lambda a: ring(), "process was ended by SIGALRM in act"),
    "hangs": (lambda a: time.sleep(60), "the agent hung: act took longer than"),
    "hangs deaf": (lambda a: hang_deaf(), "the agent hung: act took longer than"),
    "closes": (lambda a: hang_when_closed(), "process closed its connection in act"),
    "spoils": (lambda a: spoil_connection(), "process sent what cannot be read in act"),
    "no array": (lambda a: Explosive(), "returned what is no array of actions: GeneratorExit"),
    "odd array": (lambda a: Lying(), "no array of actions: CancelledError"),
    "generator": (lambda a: (row for row in [[0.0]]), "returned actions of shape ()"),
    "objects": (lambda a: np.full((4, 1), None), "not finite numbers"),
    "too many": (lambda a: np.zeros((200_000, 1)), "returned more than 100000 actions"),
    "widens": (widen, "out of bounds: 8 is not within -1 and 1"),
}
"""What fails its case, and a part of the reason."""


def clear(agent):
    for seen in (agent.seen, agent.goal.observation):
        for value in seen.values():
            value[...] = 0


def close_outputs(agent):
    sys.stdout.close()
    os.close(1)
    os.close(2)


def ignore_signals(agent):
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)


def narrow(agent):
    agent.space.high[...] = 1e-9


MEDDLES = {
    "directory": lambda a: os.chdir("/"),
    "outputs": close_outputs,
    "prints": lambda a: print("x" * 100_000, end="\r"),
    "thread": lambda a: threading.Thread(target=time.sleep, args=(60,)).start(),
    "numpy errors": lambda a: np.seterr(all="raise"),
    "seeds": lambda a: (random.seed(0), np.random.seed(0)),  # noqa: NPY002
    "stack": lambda a: sys.setrecursionlimit(150),
    "signals": ignore_signals,
    "alarm": lambda a: signal.alarm(1),
    "what it sees": clear,
    "its bounds": narrow,
    "forks": lambda a: os.fork(),
}
"""What fails nothing, and must change no other case."""

EVERY = [*(trick for trick, _ in FAILS.values()), *MEDDLES.values()]


class Agent:
    def __init__(self, action_space, seed):
        self.space, self.seed = action_space, seed

    def reset(self, goal):
        self.goal, self.fresh = goal, True

    def observe(self, observation, executed):
        self.seen = observation

    def act(self):
        if self.seed >= len(EVERY):
            return self.behave()
        if self.fresh:
            self.fresh = False
            answer = EVERY[self.seed](self)
            if answer is not None and not isinstance(answer, int | tuple | dict):
                return answer
        return np.zeros((4, 1))

    def behave(self):
        """Actions that depend on all that an agent before may have left changed."""
        print(".", end="")
        assert np.geterr()["over"] == "warn" and sys.getrecursionlimit() > 500
        with open("here") as file:
            values = [float(file.read()), random.random(), np.random.random()]  # noqa: NPY002
        values += [float(self.space.high[0]), float(self.seen["pixels"].mean() > 0)]
        return np.array(values)[:, None] / 10
