"""Calling an agent or a world that may raise, hang or answer nonsense: only its case fails.

Hanging is noticed by an alarm of the operating system (`signal.setitimer`), which a process has but
one of, and which only its main thread hears; in other threads, and where there is no such alarm
(Windows), the timeout is without end. It interrupts Python, not a computation inside a library.
"""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from gymnasium.spaces import Box

ROUNDING = 1e-5
"""Share of an action's range by which it may be out of bounds: float32 arithmetic, not a wish."""
MOST_ACTIONS = 100_000
"""Actions that an agent may return at once."""
MOST_WORDS = 300
"""Characters of an exception's message that are kept."""
LONGEST_S = 1e6
"""The longest timeout that can be asked for."""
AGENT, WORLD = "the agent", "the environment"


class Failed(Exception):
    """The case failed, and why: the reason, then perhaps a colon and the details."""


class _Late(BaseException):
    """The alarm rang. No Exception: an agent that catches those would swallow it."""


def ask(
    timeout_s: float | None,
    function: Callable[..., Any],
    *arguments: Any,
    who: str = AGENT,
    passing: tuple[type[Exception], ...] = (),
) -> Any:
    """Call a function of the agent or of the world: whatever goes wrong is one exception.

    Args:
        timeout_s: seconds that the call may take; None: any.
        function: what is called.
        *arguments: of it.
        who: what the message calls its owner.
        passing: exceptions that are raised as they are.

    Returns:
        What the function returns.

    Raises:
        Failed: it raised anything at all, or took too long; the message says where.
        KeyboardInterrupt: Ctrl-C was pressed meanwhile, also if the function swallowed it.
    """
    pressed: list[bool] = []
    try:
        with _alarm(timeout_s), _ctrl_c(pressed):
            answer = function(*arguments)
    except _Late:
        name = getattr(function, "__name__", type(function).__name__)
        raise Failed(f"{who} hung: {name} took longer than {timeout_s:g} s") from None
    except (Failed, *passing):
        raise
    except BaseException as error:
        if pressed:
            raise KeyboardInterrupt from None
        raise Failed(f"{who} raised {account(error)}") from error
    if pressed:
        raise KeyboardInterrupt
    return answer


def account(error: BaseException) -> str:
    """Say what was raised and where, whatever the exception's own methods do.

    Args:
        error: the exception.

    Returns:
        One line of printable text.
    """
    try:
        said = str.__getitem__(str(error), slice(2 * MOST_WORDS))  # it may be a subclass of str
    except BaseException:
        said = "its message cannot be printed"
    said = " ".join(said.split())
    said = said if len(said) <= MOST_WORDS else f"{said[:MOST_WORDS]}..."
    name: str = type.__dict__["__name__"].__get__(type(error))  # not by way of its metaclass
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    place = ""
    if frame is not None:
        file = frame.tb_frame.f_code.co_filename.rpartition("/")[-1]
        place = f" ({file}:{frame.tb_lineno})"
    text = f"{name[:MOST_WORDS]}: {said}{place}"
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def checked(chunk: Any, space: Box) -> np.ndarray:
    """Check the actions that an agent returned.

    Args:
        chunk: what it returned.
        space: of one action, (A,).

    Returns:
        The actions (m, A), copied.

    Raises:
        Failed: they are none, not finite, too many, or out of bounds.
    """
    size = space.shape[0]
    try:
        chunk = np.array(chunk)
    except BaseException as error:  # a ragged list, a tensor that requires a gradient
        raise Failed(f"the agent returned what is no array of actions: {account(error)}") from error
    if chunk.ndim != 2 or chunk.shape[1] != size or not len(chunk):
        raise Failed(f"the agent returned actions of shape {chunk.shape}, not (m, {size}), m >= 1")
    if len(chunk) > MOST_ACTIONS:
        raise Failed(f"the agent returned more than {MOST_ACTIONS} actions at once")
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
def _ctrl_c(pressed: list[bool]) -> Iterator[None]:
    """Note in `pressed` that a person interrupts, which an agent may swallow or raise itself."""
    own = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(own):
        yield
        return

    def note(number: int, frame: Any) -> None:
        pressed.append(True)
        own(number, frame)

    signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, own)


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
