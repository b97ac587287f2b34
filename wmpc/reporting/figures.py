"""From a finding's `figure`, as `results.json` holds it, to a picture on the page.

What cannot be drawn (an unknown kind, no finite number in it) gives no picture: the finding's
number and words stay.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

from markupsafe import Markup, escape

from wmpc.reporting import charts, grids
from wmpc.reporting.facts import embed


@dataclass(frozen=True)
class Figure:
    """A picture and the names of what is in it, to stand beside their marks."""

    picture: Markup
    names: tuple[str, ...] = ()
    marks: str = "line"
    """How the names are keyed: by "line", "point" or "fill"."""


def figure(given: Mapping[str, Any] | None, title: str, folder: Path) -> Figure | None:
    """The picture of one of the kinds lines, bars, scatter, heatmap and picture, or None."""
    try:
        return _DRAW[given["kind"]](given, title, folder) if given else None
    except (KeyError, TypeError, ValueError, IndexError, AttributeError):
        return None  # written by another version: the page must still come


def _lines(given: Mapping[str, Any], title: str, folder: Path) -> Figure | None:
    log = bool(given.get("log"))
    series = _drawable(given["series"], positive=log)
    if not series:
        return None
    picture = charts.lines(series, given["x"], given["y"], title, log=log)
    return Figure(picture, tuple(series))


def _scatter(given: Mapping[str, Any], title: str, folder: Path) -> Figure | None:
    points = _drawable(given["points"])
    if not points:
        return None
    return Figure(charts.scatter(points, given["x"], given["y"], title), tuple(points), "point")


def _bars(given: Mapping[str, Any], title: str, folder: Path) -> Figure | None:
    rows = {
        name: [value if finite(value) else None for value in values]
        for name, values in given["bars"].items()
    }
    if not any(value is not None for values in rows.values() for value in values):
        return None
    limits = given.get("range")
    picture = grids.bars(rows, given["x"], title, (limits[0], limits[1]) if limits else None)
    return Figure(picture, tuple(given["groups"]), "fill")


def _heatmap(given: Mapping[str, Any], title: str, folder: Path) -> Figure | None:
    panels = given["panels"]
    if not all(finite(v) for panel in panels.values() for row in panel for v in row):
        return None
    picture = grids.heatmap(panels, given["xs"], given["ys"], given["x"], given["y"], title)
    return Figure(picture)


def _picture(given: Mapping[str, Any], title: str, folder: Path) -> Figure | None:
    refused: list[str] = []
    source = embed(folder, given["file"], refused)
    if source is None:
        words = Markup("").join(
            Markup('<span class="missing">{}</span>').format(w) for w in refused
        )
        return Figure(words) if refused else None
    alt = escape(given.get("alt") or title)
    return Figure(Markup(f'<img class="drawn" src="{source}" alt="{alt}">'))


def _drawable(
    series: Mapping[str, Sequence[Sequence[Any]]], positive: bool = False
) -> charts.Series:
    """Without the points that cannot be drawn, and without the names that then have none."""
    found = {}
    for name, (across, up) in series.items():
        pairs = [
            (x, y)
            for x, y in zip(across, up, strict=True)
            if finite(x) and finite(y) and (y > 0 or not positive)
        ]
        if pairs:
            found[name] = ([x for x, _ in pairs], [y for _, y in pairs])
    return found


def finite(value: Any) -> bool:
    """Whether it is a number that can be drawn."""
    return isinstance(value, int | float) and isfinite(value)


_DRAW = {
    "lines": _lines,
    "scatter": _scatter,
    "bars": _bars,
    "heatmap": _heatmap,
    "picture": _picture,
}
