"""Preparing the next batch while the present one is used."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Batch = TypeVar("Batch")


def prefetch(
    make: Callable[[int], Batch], steps: Iterable[int], ahead: int = 1
) -> Generator[Batch]:
    """Yield `make(step)` for each step in order, computed in one thread up to `ahead` steps early.

    The results are those of `map(make, steps)`; an error surfaces where its batch would.
    """
    with ThreadPoolExecutor(1, "prefetch") as thread:
        pending = deque()
        for step in steps:
            pending.append(thread.submit(make, step))
            if len(pending) > ahead:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
