"""The report: one valid page that loads nothing, and that a missing part does not break."""

import json
import os
import re
import shutil
from html.parser import HTMLParser

import numpy as np
import pytest
from made_up import FAILURE, made_up_run

from wmpc.errors import WmpcError
from wmpc.evaluation.read_results import read_results
from wmpc.reporting import pictures
from wmpc.reporting.comparison import comparison_page
from wmpc.reporting.evaluation import media
from wmpc.reporting.run_page import page

VOID = {"meta", "img", "br", "path", "rect"}


class Page(HTMLParser):
    """Checks that tags nest, and collects what matters."""

    def __init__(self, text):
        super().__init__()
        self.open, self.sources, self.text, self.headings = [], [], "", []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        if tag not in ("b", "code"):  # within a sentence
            self.text += " "
        self.sources += [(tag, values[key]) for key in ("src", "href", "poster") if key in values]
        if tag == "img":
            assert values["alt"]
        if tag == "svg":
            spoken = values.get("role") == "img" and values["aria-label"]
            assert spoken or values["aria-hidden"] == "true"
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.sources += [(tag, value) for key, value in attributes if key in ("src", "href")]

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-3:]}"
        self.open.pop()

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("style", "script"):
            self.text += data
        if self.open and self.open[-1] == "h2":
            self.headings.append(data)

    @property
    def words(self):
        return " ".join(self.text.split())


@pytest.fixture(scope="module")
def made(trained, tmp_path_factory):
    return made_up_run(trained, tmp_path_factory.mktemp("made") / "run")


@pytest.fixture
def run(made, tmp_path, charts_drawn_once):
    return shutil.copytree(made, tmp_path / "run")


FILE = "eval/made-up/results.json"


def change(run, /, **values):
    """Other values in the results of a made-up run; a value of None leaves the key out."""
    file = run / FILE
    results = json.loads(file.read_text()) | values
    file.write_text(json.dumps({k: v for k, v in results.items() if v is not None}))


def test_the_page_is_valid_complete_and_loads_nothing(run, wmpc):
    code, said = wmpc("report", f"run={run}")
    assert code == 0 and "report.html" in said
    text = (run / "report.html").read_text()
    assert len(text) < 5e6
    bare = re.sub(r"base64,[\w+/=]+", "", text)
    assert not re.search(r"https?:|//\w|@import|url\((?!#)|<script|<link", bare)
    found = Page(text)
    assert all(source.startswith(("data:", "#")) for _, source in found.sources)
    kinds = [tag for tag, _ in found.sources]
    assert kinds.count("video") == 4 and kinds.count("img") == 9  # strips, imagined, a finding
    assert "7 of 10 goals reached from pixels" in found.words
    assert "95% interval 40% to 89%" in found.words  # Wilson, of 7 in 10
    assert "the shoulder is within 0.1 rad and the elbow is within 0.1 rad" in found.words
    for words in ("random actions", "cold start", "beef", "c0ffee", "wmpc eval run=x", "2.5 toler"):
        assert words in found.words
    assert "&lt;b&gt;Beware" in text  # what comes from files is escaped
    assert len(found.headings) >= 9 and text.count('role="img"') == 10


def test_everything_measured_is_shown_and_said(run):
    found = Page(page(run))
    for words in (
        "agent mpc with CEM",
        "Most likely bottleneck: the cost. The latent cost ranks plans wrongly.",
        "With the true cost 97% are reached.",
        "true dynamics 0.72",  # a rung of the ladder
        "Open-loop rollout error 0.05 of standing still",
        "Below the line of standing still it is of use.",
        "Both panels should be lowest at the same place.",
        "Its words stay. Nothing finite Its words stay too.",  # what cannot be drawn
        "near, 5 cases 80%",
        "other room, 2 cases 50%",
        f"{FAILURE} 1 9",
        "Drawn and refused: 3 pre solved.",
        "with actuator gain changed of whatever matches elbow.*",
        "0.5 of nominal 10 30% 11% to 60%",
        "held actions final distance path efficiency decision",
        "All 10 cases",
        "wmpc eval run=x cases.path=data/manifests/ahead-0.json",
    ):
        assert words in found.words
    order = [found.words.index(name) for name in ("near, 5", "far, 5", "other room, 2")]
    assert order == sorted(order)


def test_only_references_that_were_measured_are_explained(run):
    words = Page(page(run)).words
    assert "The replay repeats the recorded actions" in words and "are the floors" in words
    assert "The planner in the simulator" not in words
    assert "Not measured on these cases: planner in the true simulator." in words
    known = json.loads((run / FILE).read_text())["reference"]
    settings = {"samples": 64, "iterations": 4, "horizon": 5, "execute": 1, "cost": "distance"}
    searched = known["random"] | {"settings": settings | {"steps": "last"}}
    change(run, reference={"simulator": searched})
    words = Page(page(run)).words
    assert "The planner in the simulator knows" in words and "are the floors" not in words
    assert "Not measured on these cases: replay of the recording, no action, random" in words


@pytest.mark.parametrize("key", ["diagnosis", "shift", "strata", "media"])
def test_results_without_a_part_make_a_page_without_it(run, key):
    change(run, **{key: [] if key == "media" else None})
    assert "7 of 10" in Page(page(run)).words


@pytest.mark.parametrize(
    "diagnosis",
    [
        {"findings": []},
        {"verdict": {"culprit": "none", "sentence": "All is well."}},
        {"verdict": {"culprit": "gremlins"}, "findings": [{"name": "bare"}]},
    ],
)
def test_a_diagnosis_may_be_bare(run, diagnosis):
    change(run, diagnosis=diagnosis)
    Page(page(run))


def test_three_hundred_cases_fit_into_fifteen_megabytes(trained, tmp_path):
    """With 16 cases shown, 12 of them on films whose pictures are as hard to squeeze as any."""
    run = made_up_run(trained, tmp_path / "run", cases=300)
    noise = np.random.default_rng(0).integers(0, 256, (11, 64, 64, 3), np.uint8)
    frames = [pictures.side_by_side(noise[k // 5], noise[0], False, noise[0]) for k in range(51)]
    pictures.write_video(run / "eval" / "made-up" / "0.mp4", frames)
    entry = {"moments": [0, 5], "strip": "0.png", "imagined": "0-imagined.png"}
    film = {"video": "0.mp4"}
    shown = [{"case": case, **entry, **(film if case % 4 else {})} for case in range(16)]
    change(run, media=shown)
    text = page(run)
    words = Page(text).words
    assert "210 of 300" in words and "were left out" in words
    assert 10e6 < len(text) < 15e6
    shown = {case["case"] for case in media(read_results(run / FILE)) if case["video"]}
    assert shown & {7, 8, 9} and shown - {7, 8, 9}  # both kinds


def test_results_alone_make_a_page(run, wmpc, tmp_path):
    alone = shutil.copytree(run / "eval" / "made-up", tmp_path / "alone")
    code, _ = wmpc("report", f"run={alone}")
    assert code == 0
    words = Page((alone / "report.html").read_text()).words
    assert "Reacher" in words and "7 of 10" in words and "What the model learned" not in words


def test_two_agents_make_a_page_of_where_they_disagree(run):
    file = run / FILE
    a = json.loads(file.read_text()) | {"name": "a", "folder": file.parent}
    b = json.loads(file.read_text()) | {"name": "b", "folder": file.parent}
    b["rows"][2] |= {"success": False, "distance_best": 4.25}
    b["rows"][8] |= {"success": True, "steps_to_success": 33}
    compared = {
        "difference": 0.0, "interval": [-0.2, 0.2], "p": 1.0, "may": ["That <i>both</i> did it."],
        "table": {"both": 6, "only_a": 1, "only_b": 1, "neither": 2},
    }  # fmt: skip
    text = comparison_page(compared, [a], [b])
    words = Page(text).words
    assert "A reached 6 1 A did not 1 2" in words and "&lt;i&gt;both" in text
    assert "2 29 near reached after 22 actions 4.2 tolerances away at best" in words
    assert "8 89 near 2.5 tolerances away at best reached after 33" in words
    assert "3 39" not in words
    seeds = Page(comparison_page({}, [a, b], [a, a])).words
    assert "2 29 near 1 of 2 2 of 2" in seeds
    assert "Nowhere" in Page(comparison_page({}, [a], [a])).words


def test_missing_parts_become_sentences(run):
    (run / "train.jsonl").unlink()
    assert "no training log" in Page(page(run)).words
    for file in run.glob("eval/*/*.mp4"):
        file.unlink()
    assert "7 of 10" in Page(page(run)).words
    shutil.rmtree(run / "eval")
    words = Page(page(run)).words
    assert "has not been evaluated yet" in words and "no coverage picture" in words


@pytest.mark.parametrize(
    "line",
    [
        {"kind": "step", "step": 20, "loss": 0.0, "loss/variance": 0.0},
        {"kind": "step", "step": 20, "loss": float("nan")},
        {"kind": "eval", "step": 20, "rankme": 1.0, "spread": [0.1]},
        {"kind": "later", "step": 20},
    ],
)
def test_odd_logs_still_make_a_page(run, line):
    (run / "train.jsonl").write_text(json.dumps(line) + "\n")
    text = page(run)
    Page(text)
    assert "nan" not in re.sub(r"base64,[\w+/=]+", "", text)


def test_the_coverage_of_the_dataset_is_shown(run, tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    pictures.write_png(data / "coverage.png", np.zeros((8, 8, 3), np.uint8))
    assert "States visited by the dataset" in page(run, data=str(data))


def test_the_latest_evaluation_is_shown_and_the_others_are_listed(run):
    other = shutil.copytree(run / "eval" / "made-up", run / "eval" / "second")
    results = json.loads((other / "results.json").read_text())
    results["checkpoint"] = "decade"
    (other / "results.json").write_text(json.dumps(results))
    assert "decade" in page(run) and "made-up" in page(run)
    assert "c0ffee" in page(run, "made-up")


def test_what_cannot_be_read_is_left_out_unless_asked_for(run, wmpc):
    old = shutil.copytree(run / "eval" / "made-up", run / "eval" / "old") / "results.json"
    old.write_text('{"format": "wmpc-results", "version": 1}')
    os.utime(old, (2**31, 2**31))  # the newest
    words = Page(page(run)).words
    assert "7 of 10" in words and "other evaluations" not in words.lower()
    code, said = wmpc("report", f"run={run}", "eval=old")
    assert code == 2 and str(old) in said and "evaluate again" in said
    assert "7 of 10" in Page(page(run, "made-up")).words
    (run / FILE).write_text("")
    with pytest.raises(WmpcError, match="eval/old/"):
        page(run)


def test_a_case_that_broke_before_it_began_has_no_distances(run):
    results = json.loads((run / FILE).read_text())
    nothing = {"distance_start": 0.0, "distance_best": 0.0, "distance_end": 0.0, "steps": 0}
    results["rows"][8] |= {"failure": "the agent raised", **nothing}
    change(run, rows=results["rows"])
    words = Page(page(run)).words
    assert "8 89 near - - - 0 the agent raised" in words.replace("\N{EN DASH}", "-")
    assert f"9 99 far 9.0 2.5 3.0 0 {FAILURE}" in words


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["eval=nope"], "no evaluation 'nope'; it has made-up"),
        (["data=nowhere"], "no dataset at nowhere"),
        (["run=nowhere"], "no run at nowhere"),
    ],
)
def test_wrong_words_end_in_one_sentence(run, wmpc, words, message):
    code, said = wmpc("report", f"run={run}", *words)
    assert code == 2 and message in said and not (run / "report.html").exists()


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format": "wmpc-results", "version": 2}'])
def test_damaged_results_are_named(run, wmpc, content):
    (run / "eval" / "made-up" / "results.json").write_text(content)
    code, said = wmpc("report", f"run={run}")
    assert code == 2 and "evaluate again" in said
