"""The report in a real browser: it opens without a complaint, fits, can be scrubbed and printed,
and axe-core finds nothing serious.

`make browser` runs these and gets what they need, Chromium and axe-core, where it may.
"""

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from devtools import Browser, program
from made_up import made_up_run

import wmpc
from wmpc.reporting.comparison import comparison_page
from wmpc.reporting.examination import page as examination
from wmpc.reporting.run_page import page
from wmpc.wm.recordings.doctor import Fault, examine
from wmpc.wm.recordings.formats import open_source

pytestmark = pytest.mark.browser
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "wmpc"
VIEWS = {
    "phone": {"width": 390, "height": 844, "phone": True, "scale": 2},
    "laptop": {"width": 1280, "height": 800},
    "dark": {"width": 1280, "height": 800, "dark": True},
    "projector": {"width": 1920, "height": 1080},
}
OPEN = "document.querySelectorAll('details').forEach(each => each.open = true)"
AXE = """
axe.run(document, {resultTypes: ['violations']}).then(found => found.violations
  .filter(one => ['serious', 'critical'].includes(one.impact))
  .map(one => one.id + ': ' + one.nodes.slice(0, 3).map(node => node.html.slice(0, 200)).join(' ')))
"""
SEEK = """
Promise.all([...document.querySelectorAll('video')].map(video => new Promise(done => {
  video.pause();
  const seek = () => {
    video.onseeked = () => done(video.readyState >= 2 && video.currentTime > 0.1);
    video.currentTime = video.duration / 2;
  };
  video.onerror = () => done(false);
  video.readyState >= 1 ? seek() : video.onloadedmetadata = seek;
})))
"""


def needed(found, what):
    if not found:
        pytest.fail(f"there is no {what} on this machine: bash scripts/browser.sh")
    return found


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    needed(program(), "Chromium")
    started = Browser(tmp_path_factory.mktemp("chromium"))
    yield started
    started.close()


@pytest.fixture(scope="module")
def axe():
    return needed(sorted(CACHE.glob("axe-core-*.min.js")), "axe-core")[-1].read_text()


@pytest.fixture(scope="module")
def pages(trained, reacher, tmp_path_factory):
    """Reports of a made-up run and of offline scores, a comparison, a check of data: as files."""
    folder = tmp_path_factory.mktemp("pages")
    run = made_up_run(trained, folder / "run", cases=40)
    file = run / "eval" / "made-up" / "results.json"
    a = json.loads(file.read_text()) | {"name": "a", "folder": file.parent}
    b = json.loads(file.read_text()) | {"name": "b", "folder": file.parent}
    b["rows"][2]["success"] = False
    words = {"may": ["That A may be better."], "may_not": ["That it is."]}
    numbers = {"difference": 0.1, "interval": [-0.2, 0.4], "p": 1.0, "differs": []}
    found = {"report": page(run), "comparison": comparison_page({**numbers, **words}, [a], [b])}
    source = open_source(str(reacher), "native")
    fault = Fault("time_gap", "error", "timestamp", "A gap.", "Cut it.", 1, 2, (1,))
    lesser = Fault("dead_action", "warning", "action[1]", "Dead.", "Drop it.")
    planner = {"samples": 8, "elites": 2, "iterations": 2}
    few = {"cases": {"count": 4, "blocks": 3}, "planner": planner, "folder": folder}
    found["offline"] = page(wmpc.evaluate(trained, offline=True, **few).folder)
    found["check"] = examination.page(replace(examine(source), faults=(fault, lesser)), source)
    for name, text in found.items():
        (folder / f"{name}.html").write_text(text)
    return {name: folder / f"{name}.html" for name in found}


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("which", ["report", "comparison", "check", "offline"])
def test_it_opens_fits_and_is_accessible(browser, axe, pages, which, view):
    browser.open(pages[which], **VIEWS[view])
    browser.run(OPEN)
    assert browser.run("document.documentElement.scrollWidth") <= VIEWS[view]["width"]
    assert browser.run("document.querySelectorAll('section').length") >= 4
    browser.run(axe + ";0")
    assert browser.run(AXE) == []
    assert browser.complaints == []


def test_the_dark_mode_is_dark(browser, pages):
    paper = "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)"
    browser.open(pages["report"], **VIEWS["laptop"])
    light = browser.run(paper)
    browser.open(pages["report"], **VIEWS["dark"])
    assert max(browser.run(paper)) < 60 < 200 < min(light)


def test_every_video_can_be_scrubbed(browser, pages):
    browser.open(pages["report"], **VIEWS["laptop"])
    assert browser.run(SEEK) == [True] * 4


def test_it_prints(browser, pages):
    browser.open(pages["report"], **VIEWS["laptop"])
    printed = browser.print()
    assert printed.startswith(b"%PDF") and 3 <= printed.count(b"/Type /Page\n") <= 15
    browser("Emulation.setEmulatedMedia", media="print")
    hidden = "getComputedStyle(document.querySelector('video')).display"
    assert browser.run(hidden) == "none"  # the strips tell it


def test_complaints_are_heard(browser, tmp_path):
    """Else the tests above could not fail."""
    bad = tmp_path / "bad.html"
    bad.write_text("<p>bad<script>console.error('oops'); nothing.here()</script><img src=no.png>")
    browser.open(bad, width=100, height=100)
    assert len(browser.complaints) >= 2
