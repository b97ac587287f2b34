"""Results that belong together: on the same cases, of one method, by training and planner seed."""

from collections.abc import Sequence

import numpy as np

from wmpc.errors import WmpcError
from wmpc.evaluation.evidence.result import Result


def arrange_results(results: Sequence[Result]) -> tuple[np.ndarray, list[list[Result]]]:
    """Arrange results that differ by their seeds alone: by training seed, then by planner seed.

    Results without a checkpoint are of one training, and differ by their agent's seed.

    Args:
        results: at least one.

    Returns:
        Outcomes (T, P, n) bool of T trainings, P planner seeds of each and n cases; and the results
        in that order, [training][planner seed].

    Raises:
        WmpcError: they differ otherwise, the same seeds come twice, or trainings have different
            numbers of planner seeds.
    """
    check_same_cases(results)
    first = results[0]
    for other in results[1:]:
        if differing := unequal(first, other, ignore="versions."):
            key = differing[0]
            raise WmpcError(
                f"{first.label} and {other.label} differ in {key} ({shown(first, key)}, "
                f"{shown(other, key)}): results of one side differ by their seeds alone"
            )
    trainings: dict[str | None, list[Result]] = {}
    for result in results:
        trainings.setdefault(result.checkpoint, []).append(result)
    rows = [sorted(row, key=lambda r: _order(r.planner_seed)) for row in trainings.values()]
    rows.sort(key=lambda row: (*_order(row[0].training_seed), row[0].training))
    for row in rows:
        for one, next_one in zip(row[:-1], row[1:], strict=True):
            if one.planner_seed == next_one.planner_seed:
                what = "the same checkpoint" if one.checkpoint else "without a checkpoint and"
                raise WmpcError(
                    f"{one.folder} and {next_one.folder} are {what} with the same {one.seed_of} "
                    f"seed: give each result once, others come by seed=... of `wmpc train` and "
                    f"agent.seed=... of `wmpc eval`"
                )
        if len(row) != len(rows[0]):
            raise WmpcError(
                f"{rows[0][0].label} was evaluated with {len(rows[0])} {row[0].seed_of} seeds "
                f"and {row[0].label} with {len(row)}: give each training equally many"
            )
    return np.array([[result.outcomes for result in row] for row in rows]), rows


def check_same_cases(results: Sequence[Result]) -> None:
    """Refuse results that were not measured on the same cases of one manifest.

    Args:
        results: at least one.

    Raises:
        WmpcError: they were not.
    """
    first = results[0]
    for other in results[1:]:
        if other.manifest != first.manifest:
            raise WmpcError(
                f"{first.label} and {other.label} were measured on different cases: manifest "
                f"{first.manifest} and {other.manifest}{_why(first, other)}; evaluate both with "
                "the same cases.path=..."
            )
        if other.cases != first.cases:
            raise WmpcError(
                f"{first.label} has {len(first.cases)} cases of the manifest and {other.label} "
                f"{len(other.cases)} or others: evaluate both on all of them"
            )


def unequal(a: Result, b: Result, ignore: str = " ") -> list[str]:
    """List the settings in which two results differ.

    Args:
        a: one result.
        b: the other.
        ignore: how the names of settings begin that do not count.

    Returns:
        Their dotted names.
    """
    names = [*a.settings, *(key for key in b.settings if key not in a.settings)]
    return [
        name
        for name in names
        if a.settings.get(name) != b.settings.get(name) and not name.startswith(ignore)
    ]


def shown(result: Result, name: str) -> str:
    """Say what a result's setting is.

    Args:
        result: whose.
        name: its dotted name.

    Returns:
        Its value in words, or a dash where there is none.
    """
    value = result.settings.get(name, "-")
    return value.rpartition(".")[2] if name.endswith("_target_") else str(value)


def _why(a: Result, b: Result) -> str:
    """In which settings two manifests differ."""
    first, second = a.content["manifest"], b.content["manifest"]
    left_out = ("hash", "file", "excluded")
    names = [key for key in first if key not in left_out and first[key] != second.get(key)]
    told = [f"{name} {first[name]} and {second.get(name)}" for name in names]
    return f" ({'; '.join(told)})" if told else ""


def _order(seed: int | None) -> tuple[bool, int]:
    return (seed is not None, seed or 0)
