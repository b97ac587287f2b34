"""`wmpc report tasks`: one number for several tasks, of one method or of two."""

from typing import Any

import numpy as np

from wmpc.errors import WmpcError
from wmpc.evaluation.evidence.comparison import refuse_twice
from wmpc.evaluation.evidence.conclusions import FEW, percent, points, span
from wmpc.evaluation.evidence.grid import arrange_results
from wmpc.evaluation.evidence.result import Result
from wmpc.evaluation.statistics.aggregate import iqm, stratified_draws
from wmpc.evaluation.statistics.comparison import percentile_interval

METHOD = (
    "interquartile mean of tasks x trainings, trainings bootstrapped within each task, 95% "
    "percentiles (Agarwal et al. 2021)"
)


def average_tasks(results: list[list[Result]]) -> dict[str, Any]:
    """Average each side's tasks by the interquartile mean, and compare two sides.

    Args:
        results: one side or two; each is one method on one or more tasks.

    Returns:
        Plain JSON values: of each side `a`, `b` its `tasks`, `scores` [task][training], `iqm`,
        `mean` and `interval`; `difference` and its `interval` of two; `words`.

    Raises:
        WmpcError: the sides were not measured on the same cases, or a result comes twice.
    """
    if len(results) == 2:
        refuse_twice(*results)
    names, rng = "AB"[: len(results)], np.random.default_rng(0)
    scores = dict(zip(names, map(_by_task, results), strict=True))
    if odd := set(scores["A"]) ^ set(scores[names[-1]]):
        told = ", ".join(sorted(odd))
        raise WmpcError(
            f"the sides were not measured on the same cases: only one has manifest {told}"
        )
    found, draws = {}, {}
    for name in names:
        matrix = np.array([score for _, score in scores[name].values()]).T
        draws[name] = stratified_draws(matrix, rng)
        found[name.lower()] = {
            "tasks": [label for label, _ in scores[name].values()],
            "manifests": list(scores[name]),
            "scores": matrix.T.tolist(),
            "iqm": iqm(matrix),
            "mean": float(matrix.mean()),
            "interval": list(percentile_interval(draws[name])) if len(matrix) > 1 else None,
        }
    told = [_about_iqm(name, found[name.lower()]) for name in names]
    if len(names) == 2:
        found["difference"] = found["a"]["iqm"] - found["b"]["iqm"]
        words = f"A less B: {points(found['difference'])}"
        found["interval"] = None
        if found["a"]["interval"] and found["b"]["interval"]:
            low, high = percentile_interval(draws["A"] - draws["B"])
            found["interval"] = [low, high]
            words += f", 95% interval {span(low, high)}"
        told.append(f"{words}.")
    told.append("The tasks are taken as given: nothing follows about others.")
    return found | {"method": METHOD, "words": told}


def _by_task(side: list[Result]) -> dict[str, tuple[str, list[float]]]:
    """By manifest: the task's name and a score a training, over its planner seeds."""
    groups: dict[str, list[Result]] = {}
    for result in side:
        groups.setdefault(result.manifest, []).append(result)
    found = {}
    for manifest, group in groups.items():
        found[manifest] = (
            group[0].task,
            [float(x) for x in arrange_results(group)[0].mean((1, 2))],
        )
    counts = {label: len(score) for label, score in found.values()}
    if len(set(counts.values())) > 1:
        told = ", ".join(f"{label} {count}" for label, count in counts.items())
        raise WmpcError(
            f"the tasks have different numbers of trainings ({told}): give equally many"
        )
    return found


def _about_iqm(name: str, side: dict[str, Any]) -> str:
    trainings = len(side["scores"][0])
    told = f"{name}: interquartile mean {percent(side['iqm'])}, mean {percent(side['mean'])}"
    if trainings == 1:
        return f"{told}; one training a task, so there is no interval."
    low, high = side["interval"]
    few = f", rather too narrow from {trainings} trainings a task" if trainings < FEW else ""
    return f"{told}; 95% interval {percent(low)} to {percent(high)}{few}."
