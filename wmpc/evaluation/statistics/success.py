"""Rates with their uncertainty, and what the rows of an evaluation come to."""

import math
from collections.abc import Mapping, Sequence
from statistics import NormalDist
from typing import Any

import numpy as np

from wmpc.errors import WmpcError


def wilson(successes: float, n: float, confidence: float = 0.95) -> tuple[float, float]:
    """The score interval of a proportion (Wilson, J. Amer. Statist. Assoc. 22, 1927).

    (p + z²/2n ± z sqrt(p(1-p)/n + z²/4n²)) / (1 + z²/n), with p = successes / n and z the normal
    quantile of (1 + confidence) / 2. Unlike p ± z sqrt(p(1-p)/n) it holds near 0 and 1 and for few
    cases. No cases at all say nothing: (0, 1).

    Args:
        successes: how many cases succeeded, perhaps of a fractional count.
        n: how many there were.
        confidence: that the interval holds the proportion, between 0 and 1.

    Returns:
        Its ends, each from 0 to 1.

    Raises:
        WmpcError: there are more successes than cases, or no such confidence.
    """
    if not 0 <= successes <= n:
        raise WmpcError(f"{successes} successes of {n} cases came; there are 0 to {n}.")
    if not 0 < confidence < 1:
        raise WmpcError(f"A confidence of {confidence} came; it lies between 0 and 1, e.g. 0.95.")
    if n == 0:
        return 0.0, 1.0
    p, z = successes / n, NormalDist().inv_cdf((1 + confidence) / 2)
    middle = p + z * z / (2 * n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    low = 0.0 if successes == 0 else (middle - half) / scale  # exact where rounding is not
    high = 1.0 if successes == n else (middle + half) / scale
    return low, high


def rate(outcomes: Sequence[bool]) -> dict[str, Any]:
    """`successes`, `n`, `rate` (None of no cases) and its 95% Wilson `interval`.

    Args:
        outcomes: of each case.

    Returns:
        Plain JSON values.
    """
    n, successes = len(outcomes), int(sum(outcomes))
    return {
        "successes": successes,
        "n": n,
        "rate": successes / n if n else None,
        "interval": list(wilson(successes, n)),
    }


def wilson_of_shared_cases(outcomes: np.ndarray, confidence: float = 0.95) -> tuple[float, float]:
    """The interval of the mean rate of several results on the same cases: outcomes (R, n) bool.

    Wilson's, of as many independent outcomes as they are worth: R n / d, with the design effect d
    of cases as clusters, the variance of the mean rate, var_i(mean_r x_ri) / n, over the binomial
    p (1 - p) / (R n) (Rao and Scott, Biometrics 48, 1992). A case under R seeds is worth 1 outcome
    to R, no more and no fewer; where all outcomes agree, which says nothing of d, 1. It is the
    interval of these results, whose seeds are not drawn again.

    Args:
        outcomes: (R, n) bool.
        confidence: that the interval holds the rate, between 0 and 1.

    Returns:
        Its ends, each from 0 to 1.

    Raises:
        WmpcError: the outcomes are of another shape, or none.
    """
    x = np.asarray(outcomes, np.float64)
    if x.ndim != 2 or not x.size:
        raise WmpcError(f"Outcomes of shape {x.shape} came; they are (results, cases), not empty.")
    results, n = x.shape
    p = float(x.mean())
    spread = float(x.mean(0).var(ddof=1)) if n > 1 else 0.0
    worth = n * p * (1 - p) / spread if spread > 0 else float(n)
    worth = min(max(worth, float(n)), float(results * n))
    return wilson(p * worth, worth, confidence)


def by_stratum(
    rows: Sequence[Mapping[str, Any]], strata: Sequence[Sequence[str]]
) -> dict[str, dict[str, Any]]:
    """Success as `rate` gives it, by stratum; a case counts in each of its own.

    Args:
        rows: see `wmpc.evaluation.run_cases.Row.as_dict`.
        strata: of every case of the manifest, in its order, the names.

    Returns:
        By name, what `rate` gives.
    """
    found: dict[str, list[bool]] = {}
    for row in rows:
        case: int = row["case"]
        for name in strata[case]:
            found.setdefault(name, []).append(row["success"])
    return {name: rate(found[name]) for name in sorted(found)}


def summary(rows: Sequence[Mapping[str, Any]], hold: int = 10) -> dict[str, Any]:
    """What `rows` (see `wmpc.evaluation.run_cases.Row.as_dict`) come to.

    `success` (at any simulator action), `strict`, `end` (at the last action) and `held` (for `hold`
    simulator actions on end, and at the last one), each as `rate` gives them; `failures`; `steps`
    (median simulator actions of the successes), `path_efficiency` (median of the successes that
    have one), `final_distance` (median in tolerances, without the failures: a case that broke
    before it began has none) and `latency_ms` (`p50`, `p99`, `mean`, `decisions`).

    Episodes stopped at their success say nothing of what comes later: where there is one, `strict`,
    `end` and `held` are rates of no cases, and `final_distance` is None. So are those that rows of
    an earlier version lack.

    Args:
        rows: of the cases.
        hold: simulator actions that count as holding the goal.

    Returns:
        Plain JSON values.
    """
    latencies = np.array([t for row in rows for t in row["latencies_ms"]], np.float64)
    reached = [row for row in rows if row["success"]]
    whole = [] if any(row["success_end"] is None for row in rows) else rows
    return {
        "success": rate([row["success"] for row in rows]),
        "strict": rate([row["success_strict"] for row in whole]),
        "end": rate([row["success_end"] for row in whole]),
        "held": held_rate(rows, hold),
        "hold": hold,
        "failures": sum(row["failure"] is not None for row in rows),
        "steps": _median([row["steps_to_success"] for row in reached]),
        "path_efficiency": _median([row.get("path_efficiency") for row in reached]),
        "final_distance": _median([r.get("distance_end") for r in whole if r["failure"] is None]),
        "latency_ms": {
            "p50": float(np.percentile(latencies, 50)) if len(latencies) else None,
            "p99": float(np.percentile(latencies, 99)) if len(latencies) else None,
            "mean": float(latencies.mean()) if len(latencies) else None,
            "decisions": len(latencies),
        },
    }


def held_rate(rows: Sequence[Mapping[str, Any]], hold: int) -> dict[str, Any]:
    """Count the cases in which the goal was held: for a while, and at the last action.

    Args:
        rows: of the cases.
        hold: simulator actions that are a while.

    Returns:
        What `rate` gives; of no cases where episodes stopped at their success, or an earlier
        version did not count.
    """
    whole = not any(row["success_end"] is None for row in rows)
    counted = [row for row in rows if whole and "held" in row]
    return rate([bool(row["success_end"]) and row["held"] >= hold for row in counted])


def _median(values: Sequence[float | None]) -> float | None:
    """Of those that are there; None of none."""
    there = [value for value in values if value is not None]
    return float(np.median(there)) if there else None
