"""Two agents on the same cases, on one page: `wmpc report compare A B out=page.html`."""

from collections.abc import Mapping, Sequence
from typing import Any

from wmpc.evaluation.read_results import mean_held, task_name
from wmpc.reporting import grids
from wmpc.reporting.evaluation import cases
from wmpc.reporting.template import render
from wmpc.reporting.wording import is_finite

Results = Mapping[str, Any]
"""What `wmpc.reporting.facts.read_results` gives."""
SHOWN = ("difference", "interval", "method", "p", "table", "headline", "may", "may_not", "differs")
SHOWN += ("needed",)
"""Of a comparison, what there is."""


def comparison_page(
    comparison: Mapping[str, Any],
    a: Sequence[Results],
    b: Sequence[Results],
) -> str:
    """Write the page of two sides that were measured on the same cases.

    Args:
        comparison: what `wmpc.evaluation.evidence.comparison.compare_results` gives; what is there
            of `SHOWN` is shown.
        a: results of the first side, as `read_results` gives them: one, or several seeds of a
            method.
        b: results of the second side.

    Returns:
        HTML that needs no other file.
    """
    return render(
        "comparison.html",
        name=task_name(a[0]["env"]["id"]),
        found={**dict.fromkeys(SHOWN), **comparison},
        sides=[_side("A", a, comparison.get("a")), _side("B", b, comparison.get("b"))],
        chart=_chart(comparison),
        cases=max(len(cases(results)) for results in (*a, *b)),
        disagreements=disagreements(a, b),
        manifest=a[0]["manifest"],
    )


def disagreements(a: Sequence[Results], b: Sequence[Results]) -> list[dict[str, Any]]:
    """Find the cases that two sides reach unequally often.

    Args:
        a: results of the first side, as `read_results` gives them.
        b: results of the second side.

    Returns:
        A dict a case, the most unequal first: `case`, its `episode` and `strata`, `apart` (the
        difference of both shares), and as `a` and `b` how often it was `reached`, of `n` results,
        and the `rows`.
    """
    sides = [_by_case(a), _by_case(b)]
    found = []
    for case in sorted(sides[0].keys() & sides[1].keys()):
        first, second = (
            {"rows": rows, "n": len(rows), "reached": sum(row["success"] for row in rows)}
            for rows in (sides[0][case], sides[1][case])
        )
        apart = abs(first["reached"] / first["n"] - second["reached"] / second["n"])
        if apart:
            row = first["rows"][0]
            known = {"episode": row["episode"], "strata": row.get("strata") or []}
            found.append({"case": case, **known, "a": first, "b": second, "apart": apart})
    return sorted(found, key=lambda entry: -entry["apart"])


def _side(letter: str, results: Sequence[Results], given: Mapping[str, Any] | None) -> dict:
    """One side in a row of the table: what it is, and its rate."""
    rates = [one["summary"]["success"]["rate"] for one in results]
    alone = results[0]["summary"]["success"] if len(results) == 1 else None
    labels = (given or {}).get("labels") or [f"{one['run']}: {one['name']}" for one in results]
    return {
        "letter": letter,
        "labels": labels,
        "rate": sum(rates) / len(rates),
        "interval": alone and alone["interval"],
        "held": mean_held(results),
        "checkpoints": sorted({one["checkpoint"] for one in results if one["checkpoint"]}),
        "commands": [one["command"] for one in results if one.get("command")],
        "versions": results[0]["versions"],
    }


def _chart(comparison: Mapping[str, Any]) -> Any:
    """The difference and its interval in points, where they are known."""
    ends = [comparison.get("difference"), *(comparison.get("interval") or ())]
    if len(ends) != 3 or not all(map(is_finite, ends)):
        return None
    value, low, high = (100 * float(end) for end in ends)
    spoken = f"A minus B: {value:.1f} points, 95% interval {low:.1f} to {high:.1f}"
    return grids.interval("A minus B", value, low, high, "points of success", spoken)


def _by_case(results: Sequence[Results]) -> dict[int, list[Mapping[str, Any]]]:
    found: dict[int, list[Mapping[str, Any]]] = {}
    for one in results:
        for row in cases(one):
            found.setdefault(row["case"], []).append(row)
    return found
