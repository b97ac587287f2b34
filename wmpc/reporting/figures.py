"""From a finding's `figure`, as `results.json` holds it, to a picture on the page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from wmpc.reporting import charts, grids
from wmpc.reporting.facts import embed
from wmpc.reporting.wording import is_finite

ERRORS = (KeyError, TypeError, ValueError, IndexError, AttributeError)
"""What figures raise that another version wrote: the page must still come."""


@dataclass(frozen=True)
class Figure:
    """A picture and the names of what is in it, to stand beside their marks."""

    picture: Markup
    names: tuple[str, ...] = ()
    marks: str = "line"
    """How the names are keyed: by "line", "point" or "fill"."""


def figure(given: Mapping[str, Any] | None, title: str, folder: Path) -> Figure | None:
    """Draw the figure of a finding.

    Args:
        given: a `kind` (lines, bars, scatter, heatmap or picture) and what it needs.
        title: what a screen reader says.
        folder: where the results lie, and the file of a picture.

    Returns:
        The picture; None where nothing can be drawn (no figure, an unknown kind, no finite number):
        the finding's number and words stay.
    """
    if not given:
        return None
    try:
        match given["kind"]:
            case "lines":
                log = bool(given.get("log"))
                series = _drawable(given["series"], positive=log)
                picture = charts.lines(series, given["x"], given["y"], title, log=log)
                return Figure(picture, tuple(series))
            case "scatter":
                points = _drawable(given["points"])
                picture = charts.scatter(points, given["x"], given["y"], title)
                return Figure(picture, tuple(points), "point")
            case "bars":
                picture = grids.bars(given["bars"], given["x"], title, given.get("range"))
                return Figure(picture, tuple(given["groups"]), "fill")
            case "heatmap":
                places = (given["xs"], given["ys"], given["x"], given["y"])
                return Figure(grids.heatmap(given["panels"], *places, title))
            case "picture":
                return _picture(given["file"], given.get("alt") or title, folder)
    except ERRORS:
        pass
    return None


def _picture(name: Any, alt: str, folder: Path) -> Figure | None:
    refused: list[str] = []
    if source := embed(folder, name, refused):
        return Figure(Markup('<img class="drawn" src="{}" alt="{}">').format(source, alt))
    words = (Markup('<span class="missing">{}</span>').format(why) for why in refused)
    return Figure(Markup().join(words)) if refused else None


def _drawable(
    series: Mapping[str, Sequence[Sequence[Any]]], positive: bool = False
) -> charts.Series:
    """Without the points that cannot be drawn, and without the names that then have none."""
    found = {}
    for name, (across, up) in series.items():
        pairs = [
            (x, y)
            for x, y in zip(across, up, strict=True)
            if is_finite(x) and is_finite(y) and (y > 0 or not positive)
        ]
        if pairs:
            found[name] = tuple(zip(*pairs, strict=True))
    if not found:
        raise ValueError("nothing can be drawn")
    return found
