"""`wmpc eval`: what it writes, what it uses again, and what it refuses."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import imageio.v3 as iio
import pytest

from wmpc.evaluation import manifest as manifests

QUICK = [
    "cases.count=4", "cases.blocks=3", "cases.budget=4", "cold=2", "reference.cases=2",
    "videos=1", "planner.samples=8", "planner.elites=2", "planner.iterations=2",
]  # fmt: skip


@pytest.fixture(scope="module")
def run(trained, tmp_path_factory):
    """A copy of the run, so that its results are this module's."""
    return shutil.copytree(trained, tmp_path_factory.mktemp("eval") / "run")


@pytest.fixture
def results(run, wmpc):
    """The results of one evaluation, made once."""
    file = run / "eval" / "ahead-mpc" / "results.json"
    if not file.exists():
        code, said = wmpc("eval", f"run={run}", *QUICK)
        assert code == 0, said
        assert "95% interval" in said and "replay 100%" in said
    return json.loads(file.read_text())


def test_results_say_all_that_a_rate_depends_on(results):
    assert results["summary"]["success"]["n"] == 4 and results["cold"]["success"]["n"] == 2
    assert [row["start"] for row in results["rows"]] == ["warm"] * 4 + ["cold"] * 2
    assert all(len(row["latencies_ms"]) == 4 for row in results["rows"])
    assert set(results["reference"]) == {"random", "zero", "replay", "simulator"}
    for key in ("checkpoint", "command", "versions", "config", "notes"):
        assert key in results
    loaded = manifests.load_manifest(results["manifest"]["file"])
    assert loaded.hash == results["manifest"]["hash"] and len(loaded.cases) == 4


def test_videos_play_inline(results, run):
    (entry,) = (entry for entry in results["media"] if "video" in entry)
    file = run / "eval" / "ahead-mpc" / entry["video"]
    meta = iio.immeta(file, plugin="FFMPEG")
    assert meta["codec"] == "h264" and "yuv420p" in meta["pix_fmt"]
    frames = iio.imread(file, plugin="FFMPEG")
    assert len(frames) > 20 and frames.shape[1:] == (268, 828, 3)  # seen, goal, imagined
    data = file.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")  # playing starts before all is there


def test_a_second_evaluation_overwrites_nothing_and_uses_the_frozen_cases(results, run, wmpc):
    file = run / "eval" / "ahead-mpc" / "results.json"
    manifest = results["manifest"]["file"]
    reference = manifest.replace(".json", ".reference.json")
    before = [Path(name).read_bytes() for name in (file, manifest, reference)]
    assert wmpc("eval", f"run={run}", *QUICK)[0] == 0
    assert [Path(name).read_bytes() for name in (file, manifest, reference)] == before
    again = json.loads((run / "eval" / "ahead-mpc-2" / "results.json").read_text())
    for first, second in zip(results["rows"], again["rows"], strict=True):
        assert first | {"latencies_ms": 0} == second | {"latencies_ms": 0}  # same seed, same bits
    code, said = wmpc("eval", f"run={run}", "name=ahead-mpc", *QUICK)
    assert code == 2 and "overwrite=true" in said
    assert file.read_bytes() == before[0]


def test_a_given_manifest_stands_alone(results, run, wmpc):
    path = results["manifest"]["file"]
    code, _ = wmpc("eval", f"run={run}", f"cases.path={path}", "agent=zero", "name=zero", *QUICK)
    assert code == 0
    content = json.loads((run / "eval" / "zero" / "results.json").read_text())
    assert content["manifest"]["hash"] == results["manifest"]["hash"]


def coarser(blocks):
    """Blocks (2k or 2k + 1, n, A) as (k, 2n, A)."""
    even = blocks[: len(blocks) // 2 * 2]
    return even.reshape(-1, 2 * even.shape[1], even.shape[2])


def altered(results, path, **changes):
    """The manifest, changed and hashed anew."""
    loaded = manifests.load_manifest(results["manifest"]["file"])
    for name, value in changes.items():
        object.__setattr__(loaded, name, value)
    loaded.save(path)
    return path


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"env": "wmpc/TwoRoom-v0"}, "wmpc/TwoRoom-v0 has"),
        ({"env": "wmpc/Nowhere-v0"}, "No environment"),
        ({"kwargs": {"image_size": 64}}, "draws with"),
        ({"action_block": 10}, "blocks of 10 simulator actions, which do not fit"),
        ({"action_block": 10, "cases": []}, "action block 5, the manifest has 10"),
    ],
)
def test_a_manifest_of_something_else_is_refused(results, run, wmpc, tmp_path, changes, message):
    if changes.get("env") == "wmpc/TwoRoom-v0":
        changes = {**changes, "render": results["manifest"]["render"]}
    if "cases" in changes:  # the recorded blocks, two of five as one of ten
        cases = manifests.load_manifest(results["manifest"]["file"]).cases
        changes["cases"] = tuple(
            replace(case, lead_in=coarser(case.lead_in), replay=coarser(case.replay))
            for case in cases
        )
    path = altered(results, tmp_path / "m.json", **changes)
    code, said = wmpc("eval", f"run={run}", f"cases.path={path}", "name=refused", *QUICK)
    assert code == 2 and message in said and "Traceback" not in said
    assert not (run / "eval" / "refused").exists()


def test_cases_from_training_episodes_are_refused(results, run, wmpc, tmp_path):
    loaded = manifests.load_manifest(results["manifest"]["file"])
    object.__setattr__(loaded.cases[0], "episode", 3)
    loaded.save(tmp_path / "m.json")
    code, said = wmpc("eval", f"run={run}", f"cases.path={tmp_path / 'm.json'}", *QUICK)
    assert code == 2 and "which models are trained on" in said


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["cases.count=500"], "could be had from 4 held-out episodes"),
        (["cases.blocks=0"], "blocks=0"),
        (["cases.blocks=5"], "fewer than the 5 to the goal"),
        (["cases.filter=other_room"], "has no filter"),
        (["cases.path=nowhere.json"], "no manifest at"),
        (["data=nowhere"], "no dataset at nowhere"),
        (["start=hot"], "'warm' or 'cold'"),
        (["latency=slow"], "seconds, such as 0.05"),
        (["planner.elites=100"], "elites"),
        (["agent.execute=9"], "execute is 9"),
        (["agent=replay", "cases=elsewhere"], "nothing to replay"),
        (["run=null", "agent=random", "page=true"], "page=true draws the page of a run"),
    ],
)
def test_wrong_words_end_in_one_sentence(run, wmpc, words, message):
    quick = [w for w in QUICK if "cases=elsewhere" not in words or "blocks" not in w]
    code, said = wmpc("eval", f"run={run}", "name=wrong", *quick, *words)
    assert code == 2 and message in said and "Traceback" not in said
    assert not (run / "eval" / "wrong" / "results.json").exists()


def test_a_run_that_is_none_is_refused(wmpc, tmp_path, run):
    code, said = wmpc("eval", f"run={tmp_path}")
    assert code == 2 and "no run at" in said
    broken = shutil.copytree(run, tmp_path / "run")
    (broken / "model.safetensors").write_bytes(b"not weights")
    code, said = wmpc("eval", f"run={broken}", *QUICK)
    assert code == 2 and "does not hold this run's weights" in said


def test_a_latency_is_injected_and_recorded(results, run, wmpc):
    words = ("latency=0.03", "agent.asynchronous=true", "agent.memory=100000000")
    code, said = wmpc("eval", f"run={run}", *QUICK, *words)
    assert code == 0 and "repeated its last action" in said
    late = json.loads((run / "eval" / "ahead-mpc-late" / "results.json").read_text())
    assert late["latency"] == 0.03 and results["latency"] == 0
    assert all(row["waited"] > 0 for row in late["rows"])
    assert all(row["waited"] == 0 for row in results["rows"])
    assert all(row["failure"] is None and row["steps"] == 20 for row in late["rows"])
