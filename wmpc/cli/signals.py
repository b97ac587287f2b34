"""Ctrl-C and SIGTERM of a verb that can stop half-way and keep what it has."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

CAUGHT = (signal.SIGINT, signal.SIGTERM)


class Interrupted(KeyboardInterrupt):
    """A verb ended by a signal, with the exit code 128 + its number."""

    def __init__(self, message: str, number: int | None) -> None:
        super().__init__(message)
        self.code = 128 + (number or signal.SIGINT)


class Stop:
    """Whether a signal came: a callable that is asked where stopping leaves nothing half-way.

    A signal interrupts at once, by KeyboardInterrupt, if it is the second, or if nobody has asked
    yet: then nothing has begun that would be worth waiting for.
    """

    def __init__(self) -> None:
        self.signal: int | None = None
        self.asked = False

    def __call__(self) -> bool:
        self.asked = True
        return self.signal is not None

    def receive(self, number: int, frame: FrameType | None) -> None:
        """Handle a signal.

        Args:
            number: which it is.
            frame: where it came; not used.

        Raises:
            KeyboardInterrupt: it is the second, or nobody has asked yet whether one came.
        """
        again, self.signal = self.signal is not None, self.signal or number
        if again or not self.asked:
            raise KeyboardInterrupt
        os.write(2, b"\nsaving, then stopping; once more stops at once\n")


@contextmanager
def stopping() -> Iterator[Stop]:
    """Give a `Stop` that SIGINT and SIGTERM set, in the main thread, until the block ends.

    Yields:
        The `Stop`; in another thread than the main one no signal sets it.
    """
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = {number: signal.signal(number, stop.receive) for number in CAUGHT}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
