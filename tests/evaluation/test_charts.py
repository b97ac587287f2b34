"""The report's charts: in the page's colours, the same every time, and no word becomes a tag."""

import re
import subprocess
import sys
from html.parser import HTMLParser

import matplotlib
import pytest

from wmpc.reporting import charts, grids
from wmpc.reporting.figures import figure
from wmpc.reporting.wording import number

ODD = '<b>"q"</b> $x$ style="font-family: a" #000010 \u6f22 x\ny'
"""Text that means something to somebody on the way, and letters that no chart's font has."""


def draw_all(name="model"):
    """One of every kind."""
    ahead, grid = [1, 2, 3], [[0.0, 1.0], [2.0, 3.0]]
    series = {name: (ahead, [0.1, 0.2, 0.4]), "still": (ahead, [0.3] * 3)}
    return {
        "lines": charts.lines(series, name, name, name, intervals=[[0, 1]] * 3),
        "steps": charts.lines(series, name, name, name, steps=True, percent=True, y_range=(0, 1)),
        "log": charts.lines(series, name, name, name, log=True),
        "scatter": charts.scatter(series, name, name, name),
        "histogram": charts.histogram([1.0, 2.0, 9.0], {name: 2.0}, name, name),
        "counts": charts.counts(name, [1, 0, 3], -1.0, 1.0),
        "bars": grids.bars({name: [0.99, None], "b": [-5.0, 0.5]}, name, name, (0, 1)),
        "interval": grids.interval(name, 1.0, -2.0, 4.0, name, name),
        "heatmap": grids.heatmap({name: grid}, [0, 1], [0, 1], name, name, name),
    }


class Texts(HTMLParser):
    """The words in a chart, by tag."""

    def __init__(self, chart):
        super().__init__()
        self.open, self.found, self.spoken = [], {}, None
        self.feed(chart)

    def handle_starttag(self, tag, attributes):
        self.open.append(tag)
        self.spoken = self.spoken or dict(attributes).get("aria-label")
        assert tag in ("svg", "g", "text", "title", "defs", "clippath")

    def handle_startendtag(self, tag, attributes):
        assert tag in ("path", "rect", "use")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.found.setdefault(self.open[-1] if self.open else "", []).append(data)


def test_charts_have_the_same_bytes_whatever_the_user_draws_like():
    before = draw_all()
    with matplotlib.rc_context({"axes.grid": True, "font.size": 20, "lines.linewidth": 9}):
        assert draw_all() == before


@pytest.mark.parametrize(("kind", "chart"), draw_all().items())
def test_every_colour_is_the_page_s(kind, chart):
    colours = set(re.findall(r"(?:fill|stroke): ([^;\"]+)", chart)) - {"none"}
    assert colours and all(re.fullmatch(r"var\(--\w+\)", colour) for colour in colours)
    assert "var(--c1)" in colours and "hint:" not in chart and "font-family" not in chart


def test_values_are_shown_under_the_pointer():
    drawn = draw_all()
    assert "<title>model: 2, 0.2</title>" in drawn["lines"]
    assert "<title>still</title>" in drawn["steps"]
    assert "<title>b: -5</title>" in drawn["bars"]


@pytest.mark.parametrize(("kind", "chart"), draw_all(ODD).items())
def test_words_stay_words(kind, chart, recwarn):
    found = Texts(chart)
    assert found.open == [] and '<b>"q"</b> $x$' in found.spoken
    written = " ".join(found.found["text"])
    assert kind in ("counts", "bars") or "$x$" in written


def test_drawing_complains_of_nothing():
    code = "import sys; sys.path.insert(0, 'tests/evaluation'); import test_charts as t; "
    done = subprocess.run(
        [sys.executable, "-W", "always", "-c", code + "t.draw_all(t.ODD)"],
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0 and done.stderr == "", done.stderr


def test_axes_have_round_numbers():
    log = charts.lines({"a": ([0, 50], [0.02, 3])}, "x", "y", "t", log=True)
    assert Texts(log).found["text"] == ["0", "20", "40", "x", "0.01", "0.1", "1", "10", "y"]
    share = charts.lines({"a": ([0, 1], [0, 1])}, "x", "y", "t", y_range=(0, 1), percent=True)
    assert {"25%", "100%"} <= set(Texts(share).found["text"])
    assert number(12000) == "12k" and number(0.001) == "10⁻³"


@pytest.mark.parametrize(
    "given",
    [
        None,
        {"kind": "lines"},
        {"kind": "lines", "x": "", "y": "", "series": {"a": [[1, 2], [1]]}},
        {"kind": "lines", "x": "", "y": "", "log": True, "series": {"a": [[1], [0.0]]}},
        {"kind": "bars", "x": "", "groups": ["a"], "bars": {"b": [None]}},
        {"kind": "heatmap", "x": "", "y": "", "xs": [1], "ys": [1], "panels": {"a": [[None]]}},
        {"kind": "picture", "file": "../../config.json"},
    ],
)
def test_what_cannot_be_drawn_gives_no_picture(tmp_path, given):
    found = figure(given, "title", tmp_path)
    assert found is None or ("<img" not in found.picture and "left out" in found.picture)
