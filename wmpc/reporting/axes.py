"""What every chart is made of: scales, round ticks, axes, and the SVG around them."""

import math
from collections.abc import Sequence

from markupsafe import Markup, escape

WIDTH, HEIGHT = 380, 230
LEFT, RIGHT, TOP, BOTTOM = 46, 10, 12, 36


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


def spread(values: Sequence[float], start: float, end: float, zero: bool = False) -> Axis:
    """An axis that holds all of `values` (and nought, if `zero`) with a little air around them."""
    low, high = min(values, default=0.0), max(values, default=1.0)
    low, high = (min(low, 0.0), max(high, 0.0)) if zero else (low, high)
    air = 0.04 * (high - low) or abs(high) or 1.0
    return Axis(low if zero and low == 0 else low - air, high + air, start, end)


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


def words(name: str) -> str:
    """A name from the code in words: other_room as other room, elbow_rad_per_s as elbow rad/s."""
    return name.replace("_per_", "/").replace("_", " ")


def axes(x: Axis, y: Axis, x_label: str, y_label: str, percent: bool = False) -> str:
    """Grid lines, ticks and labels in the usual frame."""
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
    parts.append(label((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 5, x_label))
    parts.append(sideways(9, (TOP + HEIGHT - BOTTOM) / 2, y_label))
    return "".join(parts)


def label(x: float, y: float, words: str, anchor: str = "middle", style: str = "label") -> str:
    """Words at a place."""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{style}">'
        f"{escape(words)}</text>"
    )


def sideways(x: float, y: float, words: str) -> str:
    """Words that run upwards, centred at a place."""
    return (
        f'<text transform="translate({x:.1f} {y:.1f}) rotate(-90)" text-anchor="middle" '
        f'class="label">{escape(words)}</text>'
    )


def svg(parts: Sequence[str], title: str, width: float = WIDTH, height: float = HEIGHT) -> Markup:
    """The chart; `title` is what a screen reader says."""
    return Markup(
        f'<svg class="chart" viewBox="0 0 {width:g} {height:g}" role="img" '
        f'aria-label="{escape(title)}">{"".join(parts)}</svg>'
    )
