"""Chance of environments that draw from numpy's global generator."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np


@contextmanager
def drawing_from(rng: np.random.Generator) -> Iterator[None]:
    """Let numpy's global generator follow one of ours, and put it back as it was.

    Args:
        rng: from which its seed is drawn.

    Yields:
        Nothing.
    """
    before = np.random.get_state()  # noqa: NPY002 (it is theirs)
    np.random.seed(int(rng.integers(2**32)))  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(before)  # noqa: NPY002
