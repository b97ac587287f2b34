"""Small charts as inline SVG: they scale, print, and take their colours from the page's style."""

import math
from collections.abc import Mapping, Sequence

from markupsafe import Markup, escape

WIDTH, HEIGHT = 380, 230
LEFT, RIGHT, TOP, BOTTOM = 46, 10, 12, 36
Series = Mapping[str, tuple[Sequence[float], Sequence[float]]]
"""By name: x and y."""


class Axis:
    """Maps values to pixels; `log` needs positive ones."""

    def __init__(self, low: float, high: float, start: float, end: float, log: bool = False):
        if log:
            low, high = max(low, 1e-12), max(high, 1e-12)
            low, high = 10 ** math.floor(math.log10(low)), 10 ** math.ceil(math.log10(high))
        if high <= low:
            high = low * 10 if log else low + 1
        self.low, self.high, self.start, self.end, self.log = low, high, start, end, log

    def __call__(self, value: float) -> float:
        if self.log:
            value = max(value, self.low)
            share = math.log(value / self.low) / math.log(self.high / self.low)
        else:
            share = (value - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)

    def ticks(self, count: int = 4) -> list[float]:
        """Round values along the axis, about `count`."""
        if self.log:
            first, last = round(math.log10(self.low)), round(math.log10(self.high))
            return [10.0**e for e in range(first, last + 1, max(1, (last - first) // count))]
        raw = (self.high - self.low) / count
        scale = 10 ** math.floor(math.log10(raw))
        step = next(s * scale for s in (1, 2, 2.5, 5, 10) if s * scale >= raw * 0.999)
        first = math.ceil(self.low / step - 1e-9)
        return [k * step for k in range(first, math.floor(self.high / step + 1e-9) + 1)]


def number(value: float) -> str:
    """Short: 1200 as 1.2k, 0.001 as 10⁻³."""
    if value and (abs(value) < 0.01 or abs(value) >= 1e6):
        exponent = math.floor(math.log10(abs(value)))
        mantissa = value / 10**exponent
        power = "10" + str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
        return power if math.isclose(mantissa, 1) else f"{mantissa:.2g}·{power}"
    if abs(value) >= 1000:
        return f"{value / 1000:.3g}k"
    return f"{value:.3g}"


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
) -> Markup:
    """Lines over a common x; the first has the page's first colour, and so on."""
    xs = [x for values, _ in series.values() for x in values]
    ys = [y for _, values in series.values() for y in values if not log or y > 0]
    low, high = y_range or (min(ys, default=1.0) if log else min([0.0, *ys]), max(ys, default=1.0))
    x = Axis(min(xs), max(xs), LEFT, WIDTH - RIGHT)
    y = Axis(low, high, HEIGHT - BOTTOM, TOP, log)
    parts = [_axes(x, y, x_label, y_label, percent)]
    for index, (across, up) in enumerate(series.values()):
        points = [(x(a), y(b)) for a, b in zip(across, up, strict=True)]
        if steps:
            corners = zip(points[1:], points[:-1], strict=True)
            points = points[:1] + [q for (a, b), (_, c) in corners for q in ((a, c), (a, b))]
        path = "M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in points)
        parts.append(f'<path class="line c{index + 1}" d="{path}"/>')
        if len(points) <= 12 and not steps:
            parts += [
                f'<circle class="c{index + 1}" cx="{a:.1f}" cy="{b:.1f}" r="2.6"/>'
                for a, b in points
            ]
    return _svg(parts, title)


def histogram(
    values: Sequence[float], marks: Mapping[str, float], x_label: str, title: str, bins: int = 30
) -> Markup:
    """Counts of `values`, with a labelled vertical line at each of `marks`."""
    low, high = 0.0, max(max(values), *marks.values()) * 1.02
    counts = [0] * bins
    for value in values:
        counts[min(bins - 1, int((value - low) / (high - low) * bins))] += 1
    x = Axis(low, high, LEFT, WIDTH - RIGHT)
    y = Axis(0, max(counts) * 1.18, HEIGHT - BOTTOM, TOP)
    parts = [_axes(x, y, x_label, "decisions", False)]
    width = (WIDTH - RIGHT - LEFT) / bins
    for index, count in enumerate(counts):
        if count:
            left, top = LEFT + index * width, y(count)
            parts.append(
                f'<rect class="bar c1" x="{left + 0.5:.1f}" y="{top:.1f}" width="{width - 1:.1f}" '
                f'height="{y(0) - top:.1f}"/>'
            )
    for row, (name, value) in enumerate(marks.items()):
        at, beyond = x(value), x(value) > WIDTH * 0.7
        anchor, shift = ("end", -4) if beyond else ("start", 4)
        parts.append(f'<path class="mark" d="M{at:.1f} {TOP}V{y(0):.1f}"/>')
        parts.append(
            f'<text x="{at + shift:.1f}" y="{TOP + 10 + 14 * row}" text-anchor="{anchor}" '
            f'class="value">{escape(name)} {value:.0f} ms</text>'
        )
    return _svg(parts, title)


def _axes(x: Axis, y: Axis, x_label: str, y_label: str, percent: bool) -> str:
    parts = []
    for tick in y.ticks():
        at = y(tick)
        text = f"{100 * tick:.0f}%" if percent else number(tick)
        parts.append(f'<path class="grid" d="M{LEFT} {at:.1f}H{WIDTH - RIGHT}"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{at + 3.5:.1f}" text-anchor="end">{text}</text>')
    for tick in x.ticks():
        parts.append(
            f'<text x="{x(tick):.1f}" y="{HEIGHT - BOTTOM + 14}" text-anchor="middle">'
            f"{number(tick)}</text>"
        )
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts.append(
        f'<text x="{middle}" y="{HEIGHT - 5}" text-anchor="middle" class="label">'
        f"{escape(x_label)}</text>"
    )
    centre = (TOP + HEIGHT - BOTTOM) / 2
    parts.append(
        f'<text transform="translate(9 {centre}) rotate(-90)" text-anchor="middle" class="label">'
        f"{escape(y_label)}</text>"
    )
    return "".join(parts)


def _svg(parts: Sequence[str], title: str) -> Markup:
    return Markup(
        f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{escape(title)}">{"".join(parts)}</svg>'
    )
