"""What every chart is made with: matplotlib draws it in the page's colours and letters.

The page's style knows the colours by name and has others in the dark and on paper: charts are drawn
in placeholders, which `to_svg` replaces by those names.
"""

import io
import re
import warnings
from typing import Any

from cycler import cycler
from markupsafe import Markup
from matplotlib import rc_context, style
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from wmpc.reporting.wording import number

COLOURS = ("ink", "quiet", "rule", "panel", "c1", "c2", "c3", "c4", "c5", "c6")
"""Custom properties of `page.css`; the series' colours are matplotlib's C0 to C5."""
PLACEHOLDERS = [f"#0000{number:02x}" for number in range(16, 16 + len(COLOURS))]
INK, QUIET, RULE, PANEL, *SERIES = PLACEHOLDERS
DASHES = ["-", (0, (6, 3)), (0, (2, 2.5)), (0, (9, 3, 2, 3)), "-", (0, (4, 4))]
"""Series differ by dash and mark as well as by colour."""
STYLE: dict[str, Any] = {
    "text.parse_math": False,
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 10.5,
    "text.color": INK,
    "axes.labelcolor": QUIET,
    "axes.edgecolor": QUIET,
    "axes.axisbelow": True,
    "axes.prop_cycle": cycler(color=SERIES, marker=list("os^Dx+"), linestyle=DASHES),
    "axes.xmargin": 0,
    "axes.ymargin": 0,
    "grid.color": RULE,
    "lines.color": INK,
    "lines.linewidth": 1.8,
    "lines.scale_dashes": False,
    "lines.markersize": 5.2,
    "svg.fonttype": "none",
} | {f"{axis}tick.{key}": value for axis, left in (("x", "bottom"), ("y", "left"))
     for key, value in (("color", QUIET), (left, False), ("major.pad", 6), (f"minor.{left}", False))
}  # fmt: skip
drawn = style.context(STYLE, after_reset=True)
"""Decorates a function that draws: what the user's matplotlibrc says does not matter."""


def sheet(width: float = 380, height: float = 232) -> Figure:
    """Make an empty chart.

    Args:
        width: pixels.
        height: pixels.

    Returns:
        The figure.
    """
    return Figure((width / 72, height / 72), facecolor="none")


def frame(
    x_label: str,
    y_label: str = "",
    box: tuple[float, float, float, float] = (46, 38, 324, 182),
    figure: Figure | None = None,
) -> Axes:
    """Make axes with round ticks and horizontal grid lines.

    Args:
        x_label: what is across.
        y_label: what is upwards.
        box: pixels from the left and from below, width and height of the axes.
        figure: where they stand; by default one of their own.

    Returns:
        The axes.
    """
    figure = figure or sheet()
    wide, high = 72 * figure.get_size_inches()
    place = (box[0] / wide, box[1] / high, box[2] / wide, box[3] / high)
    axes = figure.add_axes(place, xlabel=x_label, ylabel=y_label, facecolor="none")
    axes.spines[:].set_visible(False)
    axes.grid(axis="y")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]))
        axis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
    return axes


def to_svg(axes: Axes, title: str) -> Markup:
    """Return a chart as an element for the page; the same chart has the same bytes.

    Args:
        axes: any axes of the chart. What has a `gid` "hint:WORDS" shows the words under the
            pointer.
        title: what a screen reader says.

    Returns:
        An `<svg>`.
    """
    figure, buffer = axes.get_figure(root=True), io.StringIO()
    assert figure is not None
    with warnings.catch_warnings(), rc_context({"svg.hashsalt": title}):
        warnings.simplefilter("ignore")  # of letters that only the browser's fonts have
        FigureCanvasSVG(figure).print_svg(buffer)
    text = re.sub(r"\s*\n\s*", " ", buffer.getvalue()).partition("</style> </defs>")[2]
    text = re.sub(r'<g id="hint:([^"]*)">', r"<g><title>\1</title>", text)
    text = re.sub(r'<g id="[^"]*"', "<g", text).replace("<g/>", "").replace("xlink:href", "href")
    for placeholder, name in zip(PLACEHOLDERS, COLOURS, strict=True):
        text = text.replace(placeholder, f"var(--{name})")
    text = text.replace("font-family: 'DejaVu Sans', sans-serif; ", "")
    opening = '<svg class="chart" viewBox="0 0 {:g} {:g}" role="img" aria-label="{}">'
    return Markup(opening).format(*72 * figure.get_size_inches(), title) + Markup(text)
