"""A curve of scores by episodes, their quality or what is seen: a sentence, a table, a page."""

from collections.abc import Iterator, Mapping
from typing import Any

from markupsafe import Markup
from matplotlib.ticker import NullFormatter, PercentFormatter
from rich.markup import escape
from rich.table import Table

from wmpc.evaluation.evidence.curve import ERROR, PLANNING, CurvePoint
from wmpc.reporting.drawing import drawn, frame, to_svg
from wmpc.reporting.template import render
from wmpc.reporting.wording import is_finite

WORDS = {PLANNING: "planning", "gcbc": "cloning (gcbc)", "gcidm": "inverse dynamics (gcidm)"}
"""Agents in words."""
TITLES = {
    "episodes": "How many episodes are needed",
    "quality": "What kind of episodes is needed",
    "observation": "What must be seen",
}


def name_agent(agent: str) -> str:
    """Name an agent in words.

    Args:
        agent: its name under `configs/agent`.

    Returns:
        The words.
    """
    return WORDS.get(agent, agent)


def tell_point(point: CurvePoint, measure: str) -> str:
    """Say in a line what was measured at a point.

    Args:
        point: which.
        measure: see `wmpc.evaluation.evidence.curve.RATE`.

    Returns:
        The point, its episodes and each agent's score.
    """
    scores = ", ".join(
        f"{name_agent(agent)} {_said(score.value, measure)}"
        for agent, score in point.scores.items()
    )
    return f"{point.label} ({point.episodes} episodes): {scores}"


def show_curve(content: Mapping[str, Any]) -> Iterator[str | Table]:
    """Show a curve as a table for a terminal.

    Args:
        content: see `curve_page`.

    Yields:
        The table and sentences, in the markup of rich.
    """
    measure, points = content["measure"], content["points"]
    agents, others = list(points[0]["scores"]), list(points[0]["ahead"])
    table = Table(
        "point", "episodes", *map(name_agent, agents),
        *(f"planning ahead of {other}" for other in others), box=None,
    )  # fmt: skip
    for point in points:
        cells = [_cell(point["scores"][agent], measure) for agent in agents]
        cells += [_cell(point["ahead"][other], measure, signed=True) for other in others]
        table.add_row(escape(point["label"]), str(point["episodes"]), *cells)
    yield table
    if floors := content["floors"]:
        yield "Without learning: " + ", ".join(
            f"{name} {_said(value, measure)}" for name, value in floors.items()
        )
    yield from (escape(sentence) for sentence in content["findings"])


def curve_page(content: Mapping[str, Any]) -> str:
    """Write the page of a curve.

    Args:
        content: the fields of `wmpc.api.curve.Curve` in plain values, with `data`, `seeds`, `train`
            and `command`.

    Returns:
        HTML that needs no other file.
    """
    measure, points = content["measure"], content["points"]
    agents, others = list(points[0]["scores"]), list(points[0]["ahead"])
    rows = [
        {
            **{key: point[key] for key in ("label", "episodes", "runs")},
            "scores": [_cell(point["scores"][agent], measure) for agent in agents],
            "ahead": [_cell(point["ahead"][other], measure, signed=True) for other in others],
        }
        for point in points
    ]
    return render(
        "curve.html",
        title=TITLES[content["axis"]],
        error=measure == ERROR,
        agents=[name_agent(agent) for agent in agents],
        others=others,
        chart=curve_chart(content),
        rows=rows,
        floors={k: _said(v, measure) for k, v in content["floors"].items() if is_finite(v)},
        **{key: content[key] for key in ("axis", "findings", "data", "seeds", "train", "command")},
    )


@drawn
def curve_chart(content: Mapping[str, Any]) -> Markup:
    """Draw the scores of each agent, with their 95% intervals.

    Args:
        content: see `curve_page`.

    Returns:
        The chart: lines over the number of episodes (logarithmic), or marks point by point.
    """
    points, measure, rate = content["points"], content["measure"], content["measure"] != ERROR
    agents, counts = list(points[0]["scores"]), [point["episodes"] for point in points]
    counted = content["axis"] == "episodes"
    said = "success" if rate else "action error (std)"
    axes = frame("training episodes" if counted else "", said, box=(58, 38, 312, 182))
    if counted:
        axes.set_xscale("log")
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set_xticks(counts, [str(count) for count in counts])
        axes.set_xlim(min(counts) / 1.2, max(counts) * 1.2)
    else:
        axes.set_xticks(range(len(points)), [p["label"].replace(", ", ",\n") for p in points])
        axes.set_xlim(-0.5, len(points) - 0.5)
    highest = 1.0 if rate else 0.0
    for place, agent in enumerate(agents):
        scores = [point["scores"][agent] for point in points]
        beside = 0.12 * (place - (len(agents) - 1) / 2)
        across = counts if counted else [number + beside for number in range(len(points))]
        (line,) = axes.plot(across, [score["value"] for score in scores], clip_on=False)
        look = {"color": line.get_color(), "clip_on": False}
        for x, score, point in zip(across, scores, points, strict=True):
            hint = f"hint:{name_agent(agent)}, {point['label']}: {_cell(score, measure)}"
            marked = {"linestyle": "", "marker": line.get_marker()}
            axes.plot([x], [score["value"]], gid=hint, **marked, **look)
            low, high = score["interval"] or (score["value"], score["value"])
            axes.plot([x, x], [low, high], linestyle="-", marker="_", linewidth=1.2, **look)
            highest = max(highest, high, score["value"])
        line.set_marker("")
        if not counted:  # kinds have no order
            line.remove()
    axes.set_ylim(0, highest if rate else 1.05 * highest)
    if rate:
        axes.yaxis.set_major_formatter(PercentFormatter(1, 0))
    return to_svg(axes, f"{TITLES[content['axis']]}: {said} of each agent")


def _cell(score: Mapping[str, Any], measure: str, signed: bool = False) -> str:
    """A number with its interval."""
    said = _said(score["value"], measure, signed)
    if score["interval"] is None:
        return said
    low, high = (_said(end, measure, signed).removesuffix("%") for end in score["interval"])
    held = score.get("held")  # of curves of earlier versions it is not known
    return f"{said} ({low} to {high})" + ("" if held is None else f", {100 * held:.0f}% held")


def _said(value: float, measure: str, signed: bool = False) -> str:
    sign = "+" if signed else ""
    if measure == ERROR:
        return format(value, f"{sign}.2f")
    return format(100 * value, f"{sign}.0f") + ("" if signed else "%")
