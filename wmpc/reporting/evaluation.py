"""What an evaluation's results say, arranged for the page; what older ones lack is left out."""

import shlex
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any

from markupsafe import Markup

from wmpc.errors import WmpcError
from wmpc.reporting import charts, facts
from wmpc.system.renamed import rename_word

LABELS = {
    "replay": "replay of the recording",
    "simulator": "planner in the true simulator",
    "zero": "no action",
    "random": "random actions",
}
FIRST = ("near", "middle", "far")
"""Strata in this order, then the others."""
MOST_ACTIONS = 10**6
"""The largest budget that a manifest may have."""
MEDIA = 11_000_000
"""Characters that strips and videos may take: a page must stay under 15 MB, which mail carries."""


def standings(results: Mapping[str, Any]) -> list[dict[str, Any]]:
    """List the agent's rate, warm and cold, and those to read it beside.

    Args:
        results: of an evaluation, as `read_results` gives them.

    Returns:
        A dict a row of the table: `who`, `label`, the values of its summary, and of references
        their `settings`.
    """
    found = [{"who": "agent", "label": f"agent, {results['start']} start", **results["summary"]}]
    if results["cold"]:
        found.append({"who": "agent", "label": "agent, cold start", **results["cold"]})
    return found + [
        {
            "who": who,
            "label": LABELS.get(who, who.replace("_", " ")),
            "settings": entry["settings"],
            **entry["summary"],
        }
        for who, entry in results["reference"].items()
    ]


def unmeasured(results: Mapping[str, Any]) -> list[str]:
    """Name what the rate is not read beside, because it was not measured on these cases.

    Args:
        results: an evaluation's results, as `read_results` gives them.

    Returns:
        The labels of those of `LABELS` that `results["reference"]` lacks.
    """
    return [label for who, label in LABELS.items() if who not in results["reference"]]


def agent(results: Mapping[str, Any]) -> str:
    """Name who acted.

    Args:
        results: of an evaluation, as `read_results` gives them.

    Returns:
        For example "mpc with ICEM", "gcbc" or "mine:agent".
    """
    name, planner = results["agent"]["name"], results["agent"]["planner"]
    return name if planner is None else f"{name} with {planner}"


def cases(results: Mapping[str, Any]) -> list[dict[str, Any]]:
    """List the cases that the rate counts.

    Args:
        results: of an evaluation, as `read_results` gives them.

    Returns:
        Their rows: those of the start that the results are about.
    """
    return [row for row in results["rows"] if row["start"] == results["start"]]


def again(results: Mapping[str, Any]) -> str | None:
    """Write the command of the evaluation with its cases named by their file.

    The file holds the cases, whatever became of the dataset that they were drawn from.

    Args:
        results: of an evaluation, as `read_results` gives them.

    Returns:
        The command; None where the file is not known, where another program than `wmpc eval`
        measured, or where the command is that of a sweep.
    """
    file = results["manifest"].get("file")
    try:
        words = shlex.split(results.get("command") or "")
    except ValueError:
        return None
    if not file or words[:2] != ["wmpc", "eval"] or {"-m", "--multirun"} & set(words):
        return None
    words = [rename_word(word) for word in words]
    kept = [w for w in words if not w.lstrip("+").startswith(("cases", "name=", "overwrite="))]
    return shlex.join([*kept, f"cases.path={file}"])


def strata(results: Mapping[str, Any]) -> list[dict[str, Any]]:
    """List the success by kind of case.

    Args:
        results: of an evaluation, as `read_results` gives them.

    Returns:
        The `name` and rate of each kind that has cases, those of `FIRST` first.
    """
    given = results.get("strata") or {}
    names = [name for name in FIRST if name in given] + [n for n in given if n not in FIRST]
    return [{"name": name, **given[name]} for name in names if given[name]["n"]]


def failures(results: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Count why cases broke.

    What follows a colon in a failure tells cases apart, not reasons.

    Args:
        results: of an evaluation, as `read_results` gives them.

    Returns:
        Each `reason` and its `cases`, the most frequent first.
    """
    found: dict[str, list[int]] = {}
    for row in cases(results):
        if row["failure"]:
            found.setdefault(row["failure"].partition(":")[0], []).append(row["case"])
    ordered = sorted(found.items(), key=lambda item: -len(item[1]))
    return [{"reason": reason, "cases": cases} for reason, cases in ordered]


def media(results: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Embed strips and videos, all strips first, while `MEDIA` lasts.

    Videos of successes and of failures are taken in turn.

    Args:
        results: of an evaluation, as `read_results` gives them.

    Returns:
        For each case that has some, its row with `moments`, the data URIs `strip`, `imagined` and
        `video` (None where there is none), `left_out` (whether the video no longer fitted) and
        `refused` (why files were not embedded).
    """
    rows = {row["case"]: row for row in cases(results)}
    folder: Path = results["folder"]
    found: list[dict[str, Any]] = []
    for entry in results["media"]:
        refused: list[str] = []
        stills = {
            kind: facts.embed(folder, entry[kind], refused) if kind in entry else None
            for kind in ("strip", "imagined")
        }
        known = {"moments": entry["moments"], "video": None, "left_out": False, "refused": refused}
        found.append({**rows[entry["case"]], **known, **stills})
    left = MEDIA - sum(len(case[kind] or "") for case in found for kind in ("strip", "imagined"))
    films = [(case, entry["video"]) for case, entry in zip(found, results["media"], strict=True)
             if "video" in entry]  # fmt: skip
    turns = {good: count() for good in (True, False)}
    for case, name in sorted(films, key=lambda film: next(turns[film[0]["success"]])):
        film = facts.embed(folder, name, case["refused"])
        if film and len(film) <= left:
            case["video"], left = film, left - len(film)
        else:
            case["left_out"] = film is not None
    return found


def shift(results: Mapping[str, Any]) -> dict[str, Any] | None:
    """Draw the success against the magnitude of a change in the world.

    Args:
        results: of an evaluation, as `read_results` gives them.

    Returns:
        What the results say of the change, with its `chart`, the names of its `series` and its
        `points`, in the order of magnitude; None where it was not measured.
    """
    given = results.get("shift")
    if not given or not given.get("magnitudes"):
        return None
    rates = [{**one["success"], "held": one.get("held")} for one in given["summaries"]]
    points = sorted(
        ({"magnitude": m, **r} for m, r in zip(given["magnitudes"], rates, strict=True)),
        key=lambda point: point["magnitude"],
    )
    across = [point["magnitude"] for point in points]
    series = {"reached": (across, [point["rate"] for point in points])}
    if all(point["held"] and point["held"]["n"] for point in points):
        series["held"] = (across, [point["held"]["rate"] for point in points])
    unit = f" ({given['unit']})" if given.get("unit") else ""
    chart = charts.lines(
        series,
        given["name"].replace("_", " ") + unit,
        "cases",
        f"Share of cases reached by the magnitude of {given['name'].replace('_', ' ')}",
        y_range=(0, 1),
        percent=True,
        intervals=[p["interval"] for p in points],
    )
    return {**given, "chart": chart, "points": points, "series": list(series)}


def pace(results: Mapping[str, Any]) -> dict[str, Markup]:
    """Draw how soon goals are reached, and how long decisions take.

    Args:
        results: of an evaluation, as `read_results` gives them.

    Returns:
        The charts `reached`, and `latency` where any decision was timed.

    Raises:
        WmpcError: the budget exceeds `MOST_ACTIONS`.
    """
    rows = cases(results)
    budget = results["manifest"]["budget"] * results["manifest"]["action_block"]
    if budget > MOST_ACTIONS:
        raise WmpcError(f"the results state a budget of {budget} actions, more than {MOST_ACTIONS}")
    reached = sorted(row["steps_to_success"] for row in rows if row["success"])
    shares = [sum(step <= action for step in reached) / len(rows) for action in range(budget + 1)]
    found = {
        "reached": charts.lines(
            {"agent": (range(budget + 1), shares)},
            "simulator actions",
            "cases reached",
            "Share of cases reached, by simulator action",
            y_range=(0, 1),
            percent=True,
            steps=True,
        )
    }
    latencies = [ms for row in rows for ms in row["latencies_ms"]]
    if latencies:
        total = results["summary"]["latency_ms"]
        found["latency"] = charts.histogram(
            latencies,
            {"p50": total["p50"], "p99": total["p99"]},
            "milliseconds a decision",
            "Histogram of decision latency",
        )
    return found


PARTS = (standings, unmeasured, agent, cases, again, strata, failures, media, shift, pace)
"""What the page tells of results; its templates call each by its name."""
