"""Calling an agent that may raise, hang or answer nonsense: whatever it does, only its case fails.

Hanging is noticed by an alarm of the operating system (`signal.setitimer`), which a process has but
one of, and which only its main thread hears; in other threads, and where there is no such alarm
(Windows), the patience is without end. It interrupts Python, not a computation inside a library.
"""

import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from gymnasium.spaces import Box

ROUNDING = 1e-5
"""Share of an action's range by which it may be out of bounds: float32 arithmetic, not a wish."""


class Failed(Exception):
    """The case failed, and why: the reason, then perhaps a colon and the details."""


class _Late(BaseException):
    """The alarm rang. No Exception: an agent that catches those would swallow it."""


def ask(patience: float | None, function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a `function` of the agent.

    `Failed` with the place where it raised, or where it took longer than `patience` seconds.
    """
    try:
        with _alarm(patience):
            return function(*arguments)
    except _Late:
        name = getattr(function, "__name__", type(function).__name__)
        raise Failed(f"the agent hung: {name} took longer than {patience:g} s") from None
    except (Exception, SystemExit) as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        file = place.filename.rpartition("/")[-1]
        raise Failed(
            f"the agent raised {type(error).__name__}: {error} ({file}:{place.lineno})"
        ) from error


def checked(chunk: Any, space: Box) -> np.ndarray:
    """The agent's actions (m, A), copied; `Failed` where they are none, or are outside `space`."""
    size = space.shape[0]
    try:
        chunk = np.array(chunk)
    except Exception as error:  # a ragged list, a tensor that requires a gradient
        raise Failed(f"the agent returned what is no array of actions: {error}") from error
    if chunk.ndim != 2 or chunk.shape[1] != size or not len(chunk):
        raise Failed(f"the agent returned actions of shape {chunk.shape}, not (m, {size}), m >= 1")
    if chunk.dtype.kind not in "fiu" or not np.isfinite(chunk).all():
        raise Failed("the agent returned actions that are not finite numbers")
    low, high = space.low.astype(np.float64), space.high.astype(np.float64)
    slack = np.where(np.isfinite(high - low), ROUNDING * (high - low), 0.0)
    outside = np.argwhere((chunk < low - slack) | (chunk > high + slack))
    if len(outside):
        i, j = outside[0]
        raise Failed(
            "the agent returned actions out of bounds: "
            f"{chunk[i, j]:g} is not within {low[j]:g} and {high[j]:g}"
        )
    return chunk


@contextmanager
def _alarm(seconds: float | None) -> Iterator[None]:
    """Raise `_Late` in the body when it has run for so long, and every second after that."""
    main = threading.current_thread() is threading.main_thread()
    if seconds is None or not main or not hasattr(signal, "setitimer"):
        yield
        return

    def ring(number: int, frame: Any) -> None:
        if waiting:
            raise _Late

    waiting, began = True, time.monotonic()
    handler = signal.signal(signal.SIGALRM, ring)
    left, interval = signal.setitimer(signal.ITIMER_REAL, seconds, 1.0)
    try:
        try:
            yield
        finally:
            waiting = False  # if the alarm rings right here, what follows is still done
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler or signal.SIG_DFL)
        if left:  # somebody else's alarm goes on
            spent = time.monotonic() - began
            signal.setitimer(signal.ITIMER_REAL, max(1e-3, left - spent), interval)
