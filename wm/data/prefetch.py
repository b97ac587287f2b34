"""Preparing the next batch while the present one is used."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def prefetch(make: Callable[[int], T], steps: Iterable[int], ahead: int = 1) -> Generator[T]:
    """Compute `make(step)` for each step in order, in one thread, some steps before it is used.

    Args:
        make: computes the batch of a step; called in the thread.
        steps: what to call it with, in order.
        ahead: how many steps early a batch is computed at most, at least 0.

    Yields:
        The results of `map(make, steps)`. What `make` raises is raised where its batch would come.
    """
    with ThreadPoolExecutor(1, "prefetch") as thread:
        pending = deque()
        for step in steps:
            pending.append(thread.submit(make, step))
            if len(pending) > ahead:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
