"""The strata of a manifest's cases: groups whose rates are worth telling apart."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from wmpc.evaluation.manifest import Case

DISTANCES = ("near", "middle", "far")
"""Thirds of the cases by the distance between start and goal (`Case.distance`)."""


def stratify(cases: Sequence[Case], task: Any) -> tuple[Case, ...]:
    """Note the strata of cases: the third of their distance, and the task's filters that they pass.

    Args:
        cases: among which the thirds are; one between two thirds is in the nearer one.
        task: whose `filters` are tried.

    Returns:
        The cases with their `strata`.
    """
    bounds = np.quantile([case.distance for case in cases], (1 / 3, 2 / 3))
    found = []
    for case in cases:
        names = [DISTANCES[int(np.searchsorted(bounds, case.distance))]]
        for name, passes in sorted(task.filters.items()):
            if name not in names and passes(case.start_state, case.goal_state, case.variation):
                names.append(name)
        found.append(replace(case, strata=names))
    return tuple(found)
