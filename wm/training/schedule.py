"""The learning rate as a function of the step and of the record of how many there shall be."""

import math
from collections.abc import Sequence

Totals = Sequence[tuple[int, int]]
"""(0, steps planned), then (step, steps in total from that step on) for each time that a training
was shortened."""


def learning_rate(step: int, totals: Totals, peak: float, warmup: float) -> float:
    """Linear warm-up over the share `warmup` of all steps, then a cosine to 1% of `peak`.

    Where a training was shortened, what is left of the curve is run through faster from there on:
    the rate has no jump, and ends at 1%.
    """
    steps, place = totals[0][1], _place(step, totals)
    rising = max(1, round(warmup * steps))
    if place < rising:
        return peak * min(1.0, (place + 1) / rising)
    progress = (place - rising) / max(1, steps - rising)
    return peak * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * progress)))


def _place(step: int, totals: Totals) -> float:
    """The step of the schedule as first planned at which `step` stands."""
    planned = end = totals[0][1]
    place, begin = 0.0, 0
    for change, steps in totals[1:]:
        if step < change:
            break
        place += (planned - place) * (change - begin) / (end - begin)
        begin, end = change, steps
    return place + (planned - place) * (step - begin) / (end - begin)
