"""The learning rate as a function of the step, and the number of steps from a time limit."""

import math
import time
from collections.abc import Callable

from wm import processes


def learning_rate(step: int, steps: int, peak: float, warmup: float) -> float:
    """Linear warm-up over the share `warmup` of all `steps`, then a cosine to 1% of `peak`."""
    rising = max(1, round(warmup * steps))
    if step < rising:
        return peak * (step + 1) / rising
    progress = (step - rising) / max(1, steps - rising)
    return peak * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * progress)))


def steps_in(minutes: float, step: Callable[[int], object], share: float = 0.03) -> int:
    """How many calls of `step(index)` fit into `minutes`, as the first process measures it.

    Calls it for about `share` of the time, at least five times after two of warm-up. Give it the
    very step that will be trained with, on a copy of the model: the training that follows is then
    exactly that of the same number of steps asked for outright.
    """
    for index in range(2):
        step(index)
    began, count, elapsed = time.perf_counter(), 0, 0.0
    while processes.anywhere(count < 5 or elapsed < share * 60 * minutes):
        step(count)
        count += 1
        elapsed = time.perf_counter() - began
    steps = max(1, int((60 * minutes - elapsed) / (elapsed / count)))
    return processes.decide(lambda: steps)
