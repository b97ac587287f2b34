"""Charts of named things: bars, an interval and heatmaps."""

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap, to_rgba

from wmpc.reporting.drawing import INK, PANEL, QUIET, drawn, frame, sheet, to_svg
from wmpc.reporting.wording import is_finite, number, words

FILLS: tuple[dict[str, Any], ...] = (
    {"color": "C0"},
    {"facecolor": "none", "edgecolor": "C1"},
    {"facecolor": PANEL, "edgecolor": "C2", "linestyle": (0, (3, 2))},
)
"""Of bars side by side: full, hollow, dashed."""
BAR, GAP = 13, 9
"""Pixels of a bar, and between two rows of bars."""


@drawn
def bars(
    rows: Mapping[str, Sequence[float | None]],
    x_label: str,
    title: str,
    limits: Sequence[float] | None = None,
) -> Markup:
    """Draw horizontal bars, each with its value at the end.

    Args:
        rows: by name, the length of one bar a group; one that is no finite number has a dash.
        x_label: what the bars' lengths are.
        title: what a screen reader says.
        limits: lowest and highest x; a value beyond is drawn at the limit and written as it is.

    Returns:
        The chart.

    Raises:
        ValueError: no value is a finite number.
    """
    known = [value for values in rows.values() for value in values if is_finite(value)]
    if not known:
        raise ValueError("no bar has a length")
    low, high = limits or (1.04 * min(0, *known), 1.04 * max(0, *known))
    zero = min(max(0, low), high)
    axes = _rows(x_label, sum(BAR * len(values) + GAP for values in rows.values()))
    top, middles = 0.0, []
    for name, values in rows.items():
        middles.append(top + BAR * len(values) / 2)
        for group, value in enumerate(values):
            y, end, said = top + BAR * (group + 0.5), zero, "\N{EN DASH}"
            if is_finite(value):
                end, said = min(max(value, low), high), number(value)
                look: dict[str, Any] = {"gid": f"hint:{words(name)}: {said}", "linewidth": 1.6}
                axes.barh(y, end - zero, BAR - 3, zero, **look, **FILLS[group % 3])
            place: dict[str, Any] = {
                "textcoords": "offset points",
                "va": "center",
                "weight": "bold",
            }
            axes.annotate(said, (max(zero, end), y), (5, 0), **place)
        top += BAR * len(values) + GAP
    short = [name if len(name) <= 22 else name[:21] + "…" for name in map(words, rows)]
    axes.axvline(zero, color=QUIET, linewidth=1)
    axes.set(xlim=(low, high))
    axes.set_yticks(middles, short, color=INK)
    return to_svg(axes, title)


@drawn
def interval(name: str, value: float, low: float, high: float, x_label: str, title: str) -> Markup:
    """Draw a value on its interval, beside a line at 0.

    Args:
        name: what it is.
        value: the value.
        low: where its interval begins.
        high: where its interval ends.
        x_label: what is across.
        title: what a screen reader says.

    Returns:
        The chart.
    """
    axes = _rows(x_label, 26)
    axes.axvline(0, linewidth=1.2, linestyle=(0, (3, 3)))
    axes.plot([low, high], [13, 13], "|-", color=INK, linewidth=1.2, markersize=8)
    axes.plot([value], [13], "o", color="C0", markersize=9)
    axes.margins(x=0.04)
    axes.set_yticks([13], [name], color=INK)
    return to_svg(axes, title)


@drawn
def heatmap(
    panels: Mapping[str, Sequence[Sequence[float]]],
    xs: Sequence[float],
    ys: Sequence[float],
    x_label: str,
    y_label: str,
    title: str,
) -> Markup:
    """Draw panels side by side, darker where higher (in the dark mode: brighter).

    Args:
        panels: by name, values [y][x]; each has its own scale, which is under it, and a ring
            around its lowest cell.
        xs: values across.
        ys: values upwards.
        x_label: what is across.
        y_label: what is upwards.
        title: what a screen reader says.

    Returns:
        The chart.

    Raises:
        ValueError: a value is no finite number.
    """
    if not all(is_finite(v) for panel in panels.values() for row in panel for v in row):
        raise ValueError("a heatmap needs finite numbers")
    figure = sheet(max(380, 26 + 176 * len(panels)), 240)
    shades = ListedColormap([to_rgba("C0", level / 15) for level in range(16)])
    for column, (name, values) in enumerate(panels.items()):
        left = 40 + 176 * column
        axes = frame(x_label, "" if column else y_label, (left, 68, 150, 150), figure)
        axes.set_title(name, weight="bold", fontsize=10.5)
        axes.spines[:].set_visible(True)
        axes.grid(False)
        mesh = axes.pcolormesh(values, cmap=shades)
        _, x, y = min((v, i, j) for j, row in enumerate(values) for i, v in enumerate(row))
        ring = {"color": "C1", "fillstyle": "none", "markersize": 10, "markeredgewidth": 2.2}
        axes.plot(x + 0.5, y + 0.5, "o", **ring)
        axes.set_xticks((0, len(values[0])), (number(xs[0]), number(xs[-1])))
        rise = ("", "") if column else (number(ys[0]), number(ys[-1]))
        axes.set_yticks((0, len(values)), rise)
        scale = frame("", box=(left + 42, 19, 66, 8), figure=figure)
        figure.colorbar(mesh, cax=scale, orientation="horizontal", ticks=mesh.get_clim())
    return to_svg(figure.axes[0], title)


def _rows(x_label: str, height: float) -> Axes:
    """Axes of rows that go downwards, with room for names at the left."""
    axes = frame(x_label, box=(128, 36, 208, height), figure=sheet(height=height + 38))
    axes.grid(False)
    axes.set_ylim(height, 0)
    return axes
