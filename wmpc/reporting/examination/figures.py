"""Charts of an examination, as inline SVG in the report's style."""

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from wmpc.reporting.charts import lines

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
