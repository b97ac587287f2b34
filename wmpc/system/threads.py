"""How many cores a decision should take."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

SMALL = 1_000_000
"""Parameters of a predictor below which one thread decides sooner than two: its matrix products are
over before the threads have met (docs/lab-notes.md)."""


@contextmanager
def sensible_threads(predictor: nn.Module) -> Iterator[None]:
    """Plan with one torch thread where the predictor is small, else with as many as there were.

    A rule, not a measurement: the same machine must give the same bits.

    Args:
        predictor: of the model, whose parameters are counted.

    Yields:
        Nothing; afterwards there are as many threads as before.
    """
    before = torch.get_num_threads()
    if sum(p.numel() for p in predictor.parameters()) < SMALL:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def torch_threads(count: int) -> Iterator[None]:
    """Set the number of torch threads while the context lasts.

    Args:
        count: how many.

    Yields:
        Nothing; afterwards there are as many as before.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
