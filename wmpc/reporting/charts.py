"""Small charts as inline SVG: they scale, print, and take their colours from the page's style.

Series differ by dash or by mark as well as by colour.
"""

from collections.abc import Mapping, Sequence

from markupsafe import Markup, escape

from wmpc.reporting.axes import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, Axis, axes, spread, svg

Series = Mapping[str, tuple[Sequence[float], Sequence[float]]]
"""By name: x and y."""
MARKS = 6
"""Different marks; the page's style has as many colours and dashes."""


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
    """Lines over a common x; the first has the page's first colour, and so on.

    `intervals`, low and high at each x of the first line, are a band with whiskers.
    """
    xs = [x for values, _ in series.values() for x in values]
    ys = [y for _, values in series.values() for y in values if not log or y > 0]
    low, high = y_range or (min(ys, default=1.0) if log else min([0.0, *ys]), max(ys, default=1.0))
    x = Axis(min(xs), max(xs), LEFT, WIDTH - RIGHT)
    y = Axis(low, high, HEIGHT - BOTTOM, TOP, log)
    parts = [axes(x, y, x_label, y_label, percent)]
    if intervals:
        parts += _band(x, y, next(iter(series.values()))[0], intervals)
    for index, (across, up) in enumerate(series.values()):
        points = [(x(a), y(b)) for a, b in zip(across, up, strict=True)]
        if steps:
            corners = zip(points[1:], points[:-1], strict=True)
            points = points[:1] + [q for (a, b), (_, c) in corners for q in ((a, c), (a, b))]
        path = "M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in points)
        parts.append(f'<path class="line c{index % MARKS + 1}" d="{path}"/>')
        if len(points) <= 12 and not steps:
            parts.append(marks(points, index))
    return svg(parts, title)


def scatter(series: Series, x_label: str, y_label: str, title: str) -> Markup:
    """Points, each name with a mark and colour of its own."""
    xs = [x for values, _ in series.values() for x in values]
    ys = [y for _, values in series.values() for y in values]
    x, y = spread(xs, LEFT, WIDTH - RIGHT), spread(ys, HEIGHT - BOTTOM, TOP)
    parts = [axes(x, y, x_label, y_label)]
    for index, (across, up) in enumerate(series.values()):
        places = sorted({(round(x(a), 1), round(y(b), 1)) for a, b in zip(across, up, strict=True)})
        parts.append(marks(places, index, 2.4 if len(places) < 200 else 1.6))
    return svg(parts, title)


def histogram(
    values: Sequence[float], limits: Mapping[str, float], x_label: str, title: str, bins: int = 30
) -> Markup:
    """Counts of `values`, with a labelled vertical line at each of `limits`."""
    low, high = 0.0, max(max(values), *limits.values()) * 1.02
    counts = [0] * bins
    for value in values:
        counts[min(bins - 1, int((value - low) / (high - low) * bins))] += 1
    x = Axis(low, high, LEFT, WIDTH - RIGHT)
    y = Axis(0, max(counts) * 1.18, HEIGHT - BOTTOM, TOP)
    parts = [axes(x, y, x_label, "decisions")]
    width = (WIDTH - RIGHT - LEFT) / bins
    for index, count in enumerate(counts):
        if count:
            left, top = LEFT + index * width, y(count)
            parts.append(
                f'<rect class="bar c1" x="{left + 0.5:.1f}" y="{top:.1f}" width="{width - 1:.1f}" '
                f'height="{y(0) - top:.1f}"/>'
            )
    for row, (name, value) in enumerate(limits.items()):
        at, beyond = x(value), x(value) > WIDTH * 0.7
        anchor, shift = ("end", -4) if beyond else ("start", 4)
        parts.append(f'<path class="mark" d="M{at:.1f} {TOP}V{y(0):.1f}"/>')
        parts.append(
            f'<text x="{at + shift:.1f}" y="{TOP + 10 + 14 * row}" text-anchor="{anchor}" '
            f'class="value">{escape(name)} {value:.0f} ms</text>'
        )
    return svg(parts, title)


def marks(points: Sequence[tuple[float, float]], index: int, size: float = 2.6) -> str:
    """Marks at pixels (x, y) as one path: disc, square, triangle, diamond, cross or plus."""
    r = size
    shape = (
        f"m{-r:g} 0a{r:g} {r:g} 0 1 0 {2 * r:g} 0a{r:g} {r:g} 0 1 0 {-2 * r:g} 0z",
        f"m{-r:g} {-r:g}h{2 * r:g}v{2 * r:g}h{-2 * r:g}z",
        f"m0 {-1.3 * r:g}l{1.2 * r:g} {2.2 * r:g}h{-2.4 * r:g}z",
        f"m0 {-1.4 * r:g}l{1.4 * r:g} {1.4 * r:g}l{-1.4 * r:g} {1.4 * r:g}"
        f"l{-1.4 * r:g} {-1.4 * r:g}z",
        f"m{-r:g} {-r:g}l{2 * r:g} {2 * r:g}m0 {-2 * r:g}l{-2 * r:g} {2 * r:g}",
        f"m{-1.2 * r:g} 0h{2.4 * r:g}m{-1.2 * r:g} {-1.2 * r:g}v{2.4 * r:g}",
    )[index % MARKS]
    path = "".join(f"M{a:.1f} {b:.1f}{shape}" for a, b in points)
    return f'<path class="mark{index % MARKS + 1}" d="{path}"/>'


def _band(
    x: Axis, y: Axis, across: Sequence[float], intervals: Sequence[Sequence[float]]
) -> list[str]:
    """The band between low and high, and a whisker at every x."""
    ends = [(x(a), y(low), y(high)) for a, (low, high) in zip(across, intervals, strict=True)]
    upper = "L".join(f"{a:.1f} {top:.1f}" for a, _, top in ends)
    lower = "L".join(f"{a:.1f} {bottom:.1f}" for a, bottom, _ in reversed(ends))
    whiskers = "".join(
        f"M{a - 3:.1f} {top:.1f}h6m-3 0V{bottom:.1f}m-3 0h6" for a, bottom, top in ends
    )
    return [
        f'<path class="band" d="M{upper}L{lower}z"/>',
        f'<path class="whiskers" d="{whiskers}"/>',
    ]
