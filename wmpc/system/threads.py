"""How many cores a decision should take."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

SMALL = 1_000_000
"""Parameters of a predictor below which one thread decides sooner than two: its matrix products are
over before the threads have met (docs/lab-notes.md)."""


@contextmanager
def sensible_threads(model: Any) -> Iterator[None]:
    """Use one torch thread while planning with a small predictor on a CPU, afterwards as before.

    A rule, not a measurement: the same machine must give the same bits.

    Args:
        model: whose `predictor`, a torch module, plans are imagined with; as many threads as there
            were, where it has none.

    Yields:
        While the threads are so many.
    """
    before, predictor = torch.get_num_threads(), getattr(model, "predictor", None)
    if isinstance(predictor, nn.Module) and sum(p.numel() for p in predictor.parameters()) < SMALL:
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
