"""Small charts of numbers: lines, points and histograms."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from markupsafe import Markup
from matplotlib.ticker import FuncFormatter, PercentFormatter

from wmpc.reporting.drawing import INK, drawn, frame, sheet, to_svg
from wmpc.reporting.wording import number

Series = Mapping[str, tuple[Sequence[float], Sequence[float]]]
"""By name: x and y."""
FEW = 12
"""Points of a line, of which each is marked."""


@drawn
def lines(
    series: Series,
    x_label: str,
    y_label: str,
    title: str,
    *,
    log: bool = False,
    y_range: tuple[float, float] | None = None,
    percent: bool = False,
    steps: bool = False,
    intervals: Sequence[Sequence[float]] = (),
) -> Markup:
    """Draw lines over a common x.

    Args:
        series: the lines.
        x_label: what is across.
        y_label: what is upwards.
        title: what a screen reader says.
        log: whether y is logarithmic, which leaves out what is not positive.
        y_range: lowest and highest y, by default those of the series; 0 is always there.
        percent: whether y is a share, to be written in percent.
        steps: whether a value holds until the next x.
        intervals: low and high at each x of the first line: a band with whiskers.

    Returns:
        The chart.
    """
    axes = frame(x_label, y_label)
    for name, (across, up) in series.items():
        few = len(up) <= FEW and not steps
        (line,) = axes.plot(across, up, gid=f"hint:{name}", clip_on=False)
        if steps:
            line.set_drawstyle("steps-post")
        look = {"color": line.get_color(), "marker": line.get_marker(), "clip_on": False}
        for x, y in zip(across, up, strict=True) if few else ():
            said = f"hint:{name}: {number(x)}, {number(y)}"
            axes.plot([x], [y], linestyle="", gid=said, **look)
        line.set_marker("")
    if intervals:
        first, (low, high) = next(iter(series.values()))[0], np.transpose(intervals)
        axes.fill_between(first, low, high, color="C0", alpha=0.15, linewidth=0)
        look = {"fmt": "none", "ecolor": INK, "elinewidth": 1.2, "capsize": 3, "clip_on": False}
        axes.errorbar(first, (low + high) / 2, (high - low) / 2, **look)
    if log and any(y > 0 for _, up in series.values() for y in up):
        axes.set_yscale("log", nonpositive="mask")
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
        low, high = (math.log10(value) for value in axes.get_ylim())
        axes.set_ylim(10 ** math.floor(low), 10 ** math.ceil(high))
    else:
        low, high = y_range or axes.get_ylim()
        axes.set_ylim(min(0.0, low), high)
    if percent:
        axes.yaxis.set_major_formatter(PercentFormatter(1, 0))
    return to_svg(axes, title)


@drawn
def scatter(series: Series, x_label: str, y_label: str, title: str) -> Markup:
    """Draw points.

    Args:
        series: the points, each name with a mark and colour of its own.
        x_label: what is across.
        y_label: what is upwards.
        title: what a screen reader says.

    Returns:
        The chart.
    """
    axes = frame(x_label, y_label)
    axes.margins(0.04)
    for name, (across, up) in series.items():
        size = 4.8 if len(up) < 200 else 3.2
        axes.plot(across, up, linestyle="", markersize=size, gid=f"hint:{name}")
    return to_svg(axes, title)


@drawn
def histogram(
    values: Sequence[float], limits: Mapping[str, float], x_label: str, title: str, bins: int = 30
) -> Markup:
    """Draw counts of values.

    Args:
        values: not negative, in milliseconds.
        limits: by name, where a labelled vertical line stands.
        x_label: what is across.
        title: what a screen reader says.
        bins: how many bars, from 0 to the largest value or limit.

    Returns:
        The chart.
    """
    axes = frame(x_label, "decisions")
    high = max(*values, *limits.values()) * 1.02
    axes.hist(values, bins, range=(0, high), color="C0", rwidth=0.9)
    axes.margins(y=0.18)
    axes.set_xlim(0, high)
    for row, (name, value) in enumerate(limits.items()):
        axes.axvline(value, linewidth=1.2, linestyle=(0, (3, 3)))
        side = ("right", -4) if value > 0.7 * high else ("left", 4)
        axes.annotate(
            f"{name} {value:.0f} ms", (value, 1), (side[1], -10 - 14 * row), ha=side[0],
            xycoords=axes.get_xaxis_transform(), textcoords="offset points", weight="bold",
        )  # fmt: skip
    return to_svg(axes, title)


@drawn
def counts(name: str, values: Sequence[float], low: float, high: float) -> Markup:
    """Draw a small histogram.

    Args:
        name: of what is counted, for a screen reader.
        values: the counts of equal bins.
        low: where the first bin begins.
        high: where the last bin ends.

    Returns:
        The chart.
    """
    axes = frame("", box=(1, 18, 178, 62), figure=sheet(180, 82))
    axes.grid(False)
    axes.spines["bottom"].set_visible(True)
    axes.yaxis.set_visible(False)
    axes.stairs(values, np.linspace(low, high, len(values) + 1), fill=True, color="C0")
    axes.set_xticks([low, high], [number(low), number(high)])
    for label, side in zip(axes.get_xticklabels(), ("left", "right"), strict=True):
        label.set_horizontalalignment(side)
    return to_svg(axes, f"Histogram of {name} from {number(low)} to {number(high)}")
