"""The learning rate as a function of the step and of the record of how many there shall be."""

import math
from collections.abc import Sequence

from wmpc.wm.training.recipe import Recipe

Totals = Sequence[tuple[int, int]]
"""(0, steps planned), then (step, steps in total from that step on) for each time that a training
was shortened."""


def learning_rate(step: int, totals: Totals, recipe: Recipe) -> float:
    """Compute the learning rate of a step.

    It rises in a straight line over the share `warmup` of all steps. By the schedule "cosine" it
    falls from there to 1% of the peak; "linear" falls from the first step on and would reach 0
    after the last, times what the warm-up leaves of it. Where a training was shortened, what is
    left of the curve is run through faster from there on: the rate has no jump, and ends as low.

    Args:
        step: from 0.
        totals: how many steps there shall be, see `Totals`.
        recipe: its `lr`, the peak, `warmup` and `schedule`.

    Returns:
        The rate, above 0.
    """
    steps, place, peak = totals[0][1], _place(step, totals), recipe.lr
    rising = max(1, round(recipe.warmup * steps))
    if recipe.schedule == "linear":
        return peak * min(1.0, (place + 1) / rising) * (1 - place / steps)
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
