"""The learning rate as a function of the step, and the number of steps from a time limit."""

import copy
import math
import time
from collections.abc import Callable

import torch

from wm.model import JEPA


def learning_rate(step: int, steps: int, peak: float, warmup: float) -> float:
    """Linear warm-up over the share `warmup` of all `steps`, then a cosine to 1% of `peak`."""
    rising = max(1, round(warmup * steps))
    if step < rising:
        return peak * (step + 1) / rising
    progress = (step - rising) / max(1, steps - rising)
    return peak * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * progress)))


def steps_in(
    minutes: float,
    model: JEPA,
    step: Callable[[JEPA, torch.optim.Optimizer, int], object],
    optimizer: Callable[[JEPA], torch.optim.Optimizer],
    share: float = 0.03,
) -> int:
    """How many steps fit into `minutes`, measured on a throw-away copy of the model.

    Runs for about `share` of the time, at least five steps after two of warm-up; the training
    that follows is exactly that of the same number of steps asked for outright.
    """
    model = copy.deepcopy(model)
    optimiser = optimizer(model)
    for index in range(2):
        step(model, optimiser, index)
    began, count, elapsed = time.perf_counter(), 0, 0.0
    while count < 5 or elapsed < share * 60 * minutes:
        step(model, optimiser, count)
        count += 1
        elapsed = time.perf_counter() - began
    return max(1, int((60 * minutes - elapsed) / (elapsed / count)))
