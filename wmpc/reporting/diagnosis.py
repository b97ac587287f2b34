"""Where an agent loses: the verdict and the findings behind it, as `wmpc eval diagnose=true` left
them in the results."""

from collections.abc import Mapping
from typing import Any

from wmpc.reporting.figures import figure
from wmpc.reporting.wording import is_finite

CULPRITS = {
    "data": "the data",
    "representation": "the representation",
    "dynamics": "the dynamics",
    "cost": "the cost",
    "planner": "the planner",
}


LADDER = "ladder"
"""The finding behind the verdict: it comes first."""


def diagnosis(results: Mapping[str, Any]) -> dict[str, Any] | None:
    """Arrange what `wmpc eval diagnose=true` found.

    Args:
        results: of an evaluation, as `read_results` gives them.

    Returns:
        `verdict` (see there) and `findings`, each with `title`, `value` (None unless finite),
        `unit`, `reading`, `details` and its picture `drawn` (or None); None where nobody diagnosed.
    """
    given = results.get("diagnosis")
    if not given:
        return None
    findings = []
    for finding in sorted(given.get("findings") or [], key=lambda f: f.get("name") != LADDER):
        value, unit = finding.get("value"), finding.get("unit") or ""
        value = value if is_finite(value) else None
        title = finding.get("title") or finding.get("name", "").replace("_", " ")
        spoken = f"{title}. {finding.get('reading') or ''}"
        drawn = figure(finding.get("figure"), spoken, results["folder"])
        findings.append(
            {"value": value, "unit": unit, "title": title, "drawn": drawn}
            | {"reading": finding.get("reading"), "details": finding.get("details")}
        )
    shown = any(finding.get("name") == LADDER for finding in given.get("findings") or [])
    return {"verdict": verdict(given.get("verdict"), shown), "findings": findings}


def verdict(given: Mapping[str, Any] | None, shown: bool = False) -> dict[str, Any] | None:
    """Arrange the verdict of a diagnosis.

    Args:
        given: the verdict as results hold it: `culprit`, `sentence`, `evidence` and `ladder`.
        shown: whether the ladder is among the findings already.

    Returns:
        `who` in words (None where there is no culprit), `sentence`, `evidence`, and the `ladder` as
        bars whose `length` is from 0 to 1, empty if it is `shown`; None where there is no verdict.
    """
    if not given:
        return None
    culprit = given.get("culprit") or "none"
    rungs = {} if shown else given.get("ladder") or {}
    ladder = {name: value for name, value in rungs.items() if is_finite(value)}
    most = max(map(abs, ladder.values()), default=1) or 1
    return {
        "who": None if culprit == "none" else CULPRITS.get(culprit, culprit),
        "sentence": given.get("sentence"),
        "evidence": given.get("evidence") or [],
        "ladder": [
            {"name": name, "value": value, "length": abs(value) / most}
            for name, value in ladder.items()
        ],
    }
