"""Where an agent loses: the verdict and the findings behind it, as `wmpc eval diagnose=true` left
them in the results."""

from collections.abc import Mapping
from math import isfinite
from typing import Any

from wm.cli.report.figures import figure

CULPRITS = {
    "data": "the data",
    "representation": "the representation",
    "dynamics": "the dynamics",
    "cost": "the cost",
    "planner": "the planner",
}


def diagnosis(results: Mapping[str, Any]) -> dict[str, Any] | None:
    """`verdict` (or None) and `findings`, each with its picture; None where nobody diagnosed."""
    given = results.get("diagnosis")
    if not given:
        return None
    findings = []
    for finding in given.get("findings") or []:
        value, unit = finding.get("value"), finding.get("unit") or ""
        title = finding.get("title") or finding.get("name", "").replace("_", " ")
        spoken = f"{title}. {finding.get('reading') or ''}"
        drawn = figure(finding.get("figure"), spoken, results["folder"])
        findings.append(
            {"value": value, "unit": unit, "title": title, "drawn": drawn}
            | {"reading": finding.get("reading"), "details": finding.get("details")}
        )
    return {"verdict": verdict(given.get("verdict")), "findings": findings}


def verdict(given: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The verdict, with `who` in words (None: no culprit) and the `ladder` as bars from 0 to 1."""
    if not given:
        return None
    culprit = given.get("culprit")
    ladder = {
        name: value
        for name, value in (given.get("ladder") or {}).items()
        if isinstance(value, int | float) and isfinite(value)
    }
    shares = all(0 <= value <= 1 for value in ladder.values())
    most = max(map(abs, ladder.values()), default=1) or 1
    return {
        "who": CULPRITS.get(culprit, None if culprit in (None, "none") else culprit),
        "sentence": given.get("sentence"),
        "evidence": given.get("evidence") or [],
        "shares": shares,
        "ladder": [
            {"name": name, "value": value, "length": value if shares else abs(value) / most}
            for name, value in ladder.items()
        ],
    }
