"""Charts of an examination, as inline SVG in the report's style."""

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from wmpc.reporting.axes import Axis, label, number, svg
from wmpc.reporting.charts import lines

WIDTH, HEIGHT, FOOT = 180, 80, 16
"""Pixels of a histogram, and of the numbers below it."""
LOWEST = -0.5
"""R² below this is drawn here: worse than the mean is bad enough."""


def shift_chart(given: Mapping[str, Any], x_label: str, title: str) -> Markup:
    """R² by shift with its 95% interval, and without an action where that is known."""

    def drawn(values: Sequence[float]) -> list[float]:
        return [max(value, LOWEST) for value in values]

    series = {"R²": (given["shifts"], drawn(given["r2"]))}
    if "without" in given:
        series["without"] = (given["shifts"], drawn([given["without"]] * len(given["shifts"])))
    intervals = list(zip(drawn(given["low"]), drawn(given["high"]), strict=True))
    low = min(0.0, *drawn(given["low"]), *series[next(reversed(series))][1])
    return lines(
        series, x_label, "R² on other episodes", title, y_range=(low, 1.0), intervals=intervals
    )


def counts(given: Mapping[str, Any]) -> Markup:
    """A small histogram of equal bins from `low` to `high`."""
    values, low, high = given["counts"], given["low"], given["high"]
    y = Axis(0, max(values), HEIGHT - FOOT, 2)
    wide = WIDTH / len(values)
    parts = [
        f'<rect class="bar c1" x="{i * wide + 0.5:.1f}" y="{y(value):.1f}" '
        f'width="{wide - 1:.1f}" height="{HEIGHT - FOOT - y(value):.1f}"/>'
        for i, value in enumerate(values)
        if value
    ]
    parts.append(f'<path class="axis" d="M0 {HEIGHT - FOOT}H{WIDTH}"/>')
    parts.append(label(0, HEIGHT - 3, number(low), "start", "tick"))
    parts.append(label(WIDTH, HEIGHT - 3, number(high), "end", "tick"))
    return svg(parts, f"Histogram from {number(low)} to {number(high)}", WIDTH, HEIGHT)
