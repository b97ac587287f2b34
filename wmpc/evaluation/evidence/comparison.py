"""What follows from two sides' results on the same cases, and what does not: numbers and words."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from wmpc.errors import WmpcError
from wmpc.evaluation.evidence.conclusions import LEVEL, conclusions
from wmpc.evaluation.evidence.grid import arrange_results, check_same_cases, shown, unequal
from wmpc.evaluation.evidence.result import Result
from wmpc.evaluation.statistics import comparison, power
from wmpc.evaluation.statistics.seeds import split

KINDS = {
    "agent.": "agent", "planner.": "planner", "cost.": "cost", "training.": "training recipe",
    "start": "start", "latency": "latency", "privileged": "access to the simulator's state",
    "versions.": "versions",
}  # fmt: skip


def compare_results(
    a: list[Result], b: list[Result], difference: float | None = None
) -> dict[str, Any]:
    """Compare two sides, each one result or several that differ by their seeds.

    Args:
        a: one side.
        b: the other.
        difference: the one to count the cases for, 0.05 is 5 points; None: as seen.

    Returns:
        Plain JSON values:

        manifest     the hash of the common manifest; `cases`: how many
        a, b         of each side: `labels`, `rates` [training][planner seed], `rate` (their mean),
                     `training_seeds`, `checkpoints` (None where there is none), `planner_seeds` and
                     `seed_of` ("agent" where they are not a planner's), `failures` (cases that
                     broke)
        table        {"both", "only_a", "only_b", "neither"} cases; None with several seeds
        difference   rate of A minus rate of B, with `interval` (95%) by `method` (a sentence)
        p            of McNemar's exact test; None with several seeds
        bootstrap    {"interval", "draws", "seed"}: cases and seeds drawn anew
        significant  whether chance is no explanation at the 5% level
        differs      [{"what", "a", "b"}]: all that differs between the sides beside their seeds
        needed       {"difference", "cases", "unpaired", "detectable"}: the cases that would show
                     `difference` four times in five, on the same cases or on other ones for each
                     side, and the difference that these cases would; each None where there is none
        headline     one sentence;  may, may_not: lists of sentences

    Raises:
        WmpcError: the sides were not measured on the same cases, one mixes methods, or a result
            comes twice.
    """
    number = isinstance(difference, int | float) and 0 < abs(difference) <= 1
    if difference is not None and not number:
        raise WmpcError(f"difference={difference} came: it is a share of cases, 0.05 for 5 points")
    check_same_cases([*a, *b])
    (first, rows_a), (second, rows_b) = arrange_results(a), arrange_results(b)
    refuse_twice(a, b)
    shared = [row[0].training for row in rows_a] == [row[0].training for row in rows_b]
    found = _numbers(first, second, shared)
    if found["table"] is None:
        whose = " and ".join(sorted({a[0].seed_of, b[0].seed_of}))
        found["method"] = (
            f"bootstrap over cases, trainings and {whose} seeds (Owen 2007), percentiles"
        )
    found |= {"manifest": a[0].manifest, "cases": first.shape[2]}
    found |= {"a": _side(rows_a), "b": _side(rows_b), "differs": _differing(a[0], b[0])}
    found["needed"] = _needed(found, first, second, shared, difference)
    return found | conclusions(found)


def _numbers(a: np.ndarray, b: np.ndarray, shared: bool) -> dict[str, Any]:
    """Difference, tests and intervals of outcomes (T, P, n)."""
    seed = 0
    draws = comparison.bootstrap_differences(a, b, np.random.default_rng(seed), shared=shared)
    redrawn = comparison.percentile_interval(draws)
    found: dict[str, Any] = {
        "difference": float(a.mean() - b.mean()),
        "bootstrap": {"interval": list(redrawn), "draws": len(draws), "seed": seed},
    }
    if a.shape[:2] == b.shape[:2] == (1, 1):
        counts = comparison.table(a[0, 0], b[0, 0])
        low, high = comparison.newcombe(counts)
        p = comparison.mcnemar(counts)
        return found | {
            "table": {k: getattr(counts, k) for k in ("both", "only_a", "only_b", "neither")},
            "p": p,
            "interval": [low, high],
            "method": "paired Wilson scores (Newcombe 1998, method 10)",
            "significant": p < LEVEL and not low <= 0 <= high,
        }
    low, high = redrawn
    return found | {
        "table": None,
        "p": None,
        "interval": [low, high],
        "significant": not low <= 0 <= high,
    }


def _needed(
    found: Mapping[str, Any], a: np.ndarray, b: np.ndarray, shared: bool, claimed: float | None
) -> dict[str, Any]:
    """How many cases would show the difference, see `compare_results`."""
    d = abs(found["difference"] if claimed is None else claimed)
    needed: dict[str, Any] = {"difference": d, "cases": None, "unpaired": None, "detectable": None}
    if found["table"] is not None:
        n = found["cases"]
        share = (found["table"]["only_a"] + found["table"]["only_b"]) / n
        needed["detectable"] = power.detectable(n, share)
        if d:
            share, middle = max(share, d), float(a.mean() + b.mean()) / 2
            middle = min(max(middle, d / 2), 1 - d / 2)
            needed["cases"] = power.paired_cases((share + d) / 2, (share - d) / 2)
            needed["unpaired"] = power.unpaired_cases(middle + d / 2, middle - d / 2)
    elif d:
        by_case = (a.mean((0, 1)) - b.mean((0, 1))).var(ddof=1)
        needed["cases"] = power.cases_beside_seeds(d, float(by_case), _by_seeds(a, b, shared))
    return needed


def _by_seeds(a: np.ndarray, b: np.ndarray, shared: bool) -> float:
    """The variance that the seeds leave in the difference, however many cases there are."""
    if shared and len(a) > 1:  # what a training does to both sides alike cancels
        paired = split((a.mean(1) - b.mean(1))[:, None])
        return (paired.training or 0.0) / len(a)
    total = 0.0
    for side in (a, b):
        trainings, planners, _ = side.shape
        if trainings * planners > 1:
            found = split(side)
            total += (found.training or 0.0) / trainings
            total += (found.planner or 0.0) / (trainings * planners)
    return total


def _differing(a: Result, b: Result) -> list[dict[str, str]]:
    """What the sides differ in, by kind; a kind of its own for each of `KINDS`."""
    found = []
    for prefix, kind in KINDS.items():
        names = [name for name in unequal(a, b) if name.startswith(prefix)]
        if prefix == "cost." and not all(_plans(side) for side in (a, b)):
            continue  # only one side ranks plans, which is part of its agent
        if f"{prefix}_target_" in names:
            names = [f"{prefix}_target_"]
        if names:
            sides = [", ".join(_told(side, name, prefix) for name in names) for side in (a, b)]
            found.append({"what": kind, "a": sides[0], "b": sides[1]})
    return found


def _plans(side: Result) -> bool:
    return any(name.startswith("cost.") for name in side.settings)


def _told(side: Result, name: str, prefix: str) -> str:
    value, short = shown(side, name), name.removeprefix(prefix)
    return value if short in ("", "_target_") else f"{short} {value}"


def _side(rows: list[list[Result]]) -> dict[str, Any]:
    flat = [result for row in rows for result in row]
    return {
        "labels": [result.label for result in flat],
        "rates": [[result.rate for result in row] for row in rows],
        "rate": float(np.mean([result.rate for result in flat])),
        "training_seeds": [row[0].training_seed for row in rows],
        "checkpoints": [row[0].checkpoint for row in rows],
        "planner_seeds": [result.planner_seed for result in rows[0]],
        "seed_of": rows[0][0].seed_of,
        "failures": sum(result.failures for result in flat),
    }


def refuse_twice(a: list[Result], b: list[Result]) -> None:
    """Refuse one result on both sides.

    Args:
        a: one side.
        b: the other.

    Raises:
        WmpcError: a result is on both, or a copy of it.
    """
    for one in a:
        for other in b:
            alike = one.checkpoint == other.checkpoint and one.planner_seed == other.planner_seed
            if one.folder.resolve() == other.folder.resolve() or (
                alike
                and not unequal(one, other, ignore="training.")  # a copy may lie beside no run
                and np.array_equal(one.outcomes, other.outcomes)
            ):
                checkpoint = "same checkpoint, " if one.checkpoint else "same "
                raise WmpcError(
                    f"{one.folder} and {other.folder} are the same results: {checkpoint}seeds, "
                    "settings and outcomes; give two different ones"
                )
