"""The report: one valid page that loads nothing, and that a missing part does not break."""

import json
import re
import shutil
from html.parser import HTMLParser

import numpy as np
import pytest

from envs.statistics import summary
from wm.cli.report import charts, page, pictures

VOID = {"meta", "img", "br", "path", "rect", "circle"}


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
        self.sources += [(tag, values[key]) for key in ("src", "href", "poster") if key in values]
        if tag == "img":
            assert values["alt"]
        if tag == "svg":
            assert values["role"] == "img" and values["aria-label"]
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


def made_up_row(case, success, start="warm"):
    return {
        "case": case, "episode": 10 * case + 9, "start": start, "seed": case, "success": success,
        "success_strict": False, "success_end": success, "steps": 50,
        "steps_to_success": 20 + case if success else None, "distance_start": 9.0,
        "distance_best": 0.5 if success else 2.5, "distance_end": 3.0, "errors_end": {},
        "failure": None, "lead_in_drift": 0.0, "latencies_ms": [30.0 + case, 31.0],
    }  # fmt: skip


@pytest.fixture
def run(trained, tmp_path):
    """A run with a made-up evaluation of ten cases, seven reached, and a made-up log."""
    run, folder = tmp_path / "run", tmp_path / "run" / "eval" / "made-up"
    folder.mkdir(parents=True)
    for name in ("config.json", "model.safetensors"):
        shutil.copy(trained / name, run)
    rows = [made_up_row(case, case < 7) for case in range(10)]
    cold = [made_up_row(case, case < 2, "cold") for case in range(4)]
    media = []
    for case in (0, 1, 7, 8):
        seen = np.full((8, 32, 32, 3), 20 * case, np.uint8)
        pictures.write_png(folder / f"{case}.png", pictures.strip(seen[0], seen[1:], [False] * 7))
        frames = [pictures.side_by_side(frame, seen[0], True) for frame in seen]
        pictures.write_video(folder / f"{case}.mp4", frames)
        entry = {"case": case, "moments": list(range(7)), "strip": f"{case}.png"}
        media.append({**entry, "video": f"{case}.mp4"})
    total = summary(rows)
    results = {
        "format": "wmpc-results", "version": 2,
        "env": {"id": "wmpc/Reacher-v0", "kwargs": {"image_size": 32},
                "tolerances": {"shoulder_rad": 0.1, "elbow_rad": 0.1}},
        "run": str(run), "checkpoint": "c0ffee", "privileged": False, "start": "warm",
        "manifest": {"hash": "beef", "dataset": "feed", "kind": "ahead", "goals": "recorded",
                     "blocks": 5, "action_block": 5, "budget": 10, "filter": None,
                     "excluded": {"pre_solved": 3}},
        "config": {"agent": {"_target_": "wm.cli.agents.mpc", "horizon": 5},
                   "planner": {"_target_": "planners.CEM", "samples": 256}},
        "notes": ["<b>Beware</b>"], "summary": total, "cold": summary(cold),
        "reference": {
            name: {"settings": {}, "summary": summary([made_up_row(0, name == "replay")])}
            for name in ("random", "zero", "replay")
        },
        "media": media, "rows": rows + cold, "command": "wmpc eval run=x",
        "versions": {"wmpc": "0.1.0", "cores": 2, "torch threads": 2}, "seconds": 1.0,
    }  # fmt: skip
    (folder / "results.json").write_text(json.dumps(results))
    lines = [
        {"kind": "step", "step": s, "loss": 1 / s, "loss/prediction": 1 / s, "loss/sigreg": 2.0,
         "lr": 1e-3, "frames_per_s": 4000.0}
        for s in range(20, 6000, 20)
    ]  # fmt: skip
    lines += [
        {"kind": "eval", "step": s, "rankme": 20.0, "spread": [1.0] * 8,
         "rollout_error": [0.1, 0.2], "rollout_baseline": [0.5, 0.9],
         "probe_r2": {"cos_shoulder": 0.99, "elbow_rad_per_s": -0.2},
         "probe_r2_context": {"cos_shoulder": 0.99, "elbow_rad_per_s": 0.8}}
        for s in (3000, 6000)
    ]  # fmt: skip
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (run / "train.jsonl").write_text(text + '{"kind": "step", "st')  # a line being written
    return run


def test_the_page_is_valid_complete_and_loads_nothing(run, wmpc):
    code, said = wmpc("report", f"run={run}")
    assert code == 0 and "report.html" in said
    text = (run / "report.html").read_text()
    assert len(text) < 5e6
    bare = re.sub(r"base64,[\w+/=]+", "", text)
    assert not re.search(r"https?:|//\w|@import|url\(|<script|<link", bare)
    found = Page(text)
    assert all(source.startswith("data:") for _, source in found.sources)
    kinds = [tag for tag, _ in found.sources]
    assert kinds.count("video") == 4 and kinds.count("img") == 4
    assert "7 of 10 goals reached from pixels" in found.words
    assert "95% interval 40% to 89%" in found.words  # Wilson, of 7 in 10
    assert "the shoulder is within 0.1 rad and the elbow is within 0.1 rad" in found.words
    for words in ("random actions", "cold start", "beef", "c0ffee", "wmpc eval run=x", "2.5 toler"):
        assert words in found.words
    assert "&lt;b&gt;Beware" in text  # what comes from files is escaped
    assert len(found.headings) >= 6 and text.count("<svg") == 5


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


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format": "wmpc-results", "version": 1}'])
def test_damaged_results_are_named(run, wmpc, content):
    (run / "eval" / "made-up" / "results.json").write_text(content)
    code, said = wmpc("report", f"run={run}")
    assert code == 2 and "evaluate again" in said


def test_axes_have_round_ticks():
    assert charts.Axis(0, 1, 0, 100).ticks() == [0, 0.25, 0.5, 0.75, 1]
    assert charts.Axis(0, 50, 0, 100).ticks() == [0, 20, 40]
    assert charts.Axis(0.02, 3, 0, 100, log=True).ticks() == pytest.approx([0.01, 0.1, 1, 10])
    assert charts.Axis(3, 3, 0, 100)(3) == 0
    assert charts.number(12000) == "12k" and charts.number(0.001) == "10⁻³"
