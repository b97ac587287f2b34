"""What is shipped evaluates, plans and is checked in an empty folder, and is never written to."""

import hashlib
import json
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from safetensors import safe_open
from spoil import generator, spoil, text

import wmpc as package
from wmpc.api.check import judge
from wmpc.cli.doctor import say_checks
from wmpc.envs.rendering import Renderer
from wmpc.errors import WmpcError
from wmpc.evaluation.manifest import load_manifest
from wmpc.evaluation.reproduction import RECORD, Measured, read_record
from wmpc.system import shipped
from wmpc.system.place import in_or_instead
from wmpc.wm.training.checkpoint import WEIGHTS, load_model, read_weights, save_weights

ROOT = Path(__file__).parents[2]
REACHER = shipped.SHIPPED / "reacher"
MEGABYTE = 10**6
SCRIPT = runpy.run_path(str(ROOT / "scripts" / "ship.py"))
FILES = """
import sys
from setuptools.dist import Distribution
made = Distribution()
made.parse_config_files()
made.include_package_data = False  # which would write a list of files first
command = made.get_command_obj("build_py")
command.ensure_finalized()
for _, source, _, names in command.data_files:
    print(*[f"{source}/{name}" for name in names], sep="\\n")
"""


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A copy of what is shipped, read-only, which stands for it; the working directory is empty."""
    copied = tmp_path / "site" / "shipped"
    shutil.copytree(shipped.SHIPPED, copied)
    for path in (copied, *copied.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    monkeypatch.setattr(shipped, "SHIPPED", copied)
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    before = state(copied)
    yield copied
    assert state(copied) == before


def state(folder):
    """Names, times and bytes of all files."""
    return {
        path.relative_to(folder): (path.stat().st_mtime_ns, digest(path))
        for path in folder.rglob("*")
        if path.is_file()
    }


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_it_is_small_and_holds_what_plans_alone():
    sizes = {path: path.stat().st_size for path in shipped.SHIPPED.rglob("*") if path.is_file()}
    assert sum(sizes.values()) <= 6 * MEGABYTE, sizes
    for run in shipped.list_shipped():
        folder = shipped.SHIPPED / run
        assert sizes[folder / WEIGHTS] < 5 * MEGABYTE
        with safe_open(folder / WEIGHTS, "pt") as stored:
            assert not [name for name in stored.keys() if name.startswith("objective.")]  # noqa: SIM118
        assert not [path for path in sizes if path.suffix == ".pt" or path.name.startswith(".")]
        episodes = package.open_episodes(f"shipped:{run}")
        episodes.verify()
        assert len(episodes.held_out_ids) == 1


def test_a_wheel_and_a_source_archive_hold_all_of_it():
    done = subprocess.run(
        [sys.executable, "-c", FILES], cwd=ROOT, capture_output=True, text=True, check=True
    )
    there = {str(f.relative_to(ROOT)) for f in shipped.SHIPPED.rglob("*") if f.is_file()}
    assert there <= {*done.stdout.splitlines()}


def test_it_evaluates_as_recorded_and_reports_in_an_empty_folder(site, wmpc):
    # A few seconds: half of them draw the charts of the report.
    words = ["run=shipped:reacher", "cases.count=3", "cold=0", "reference.cases=0", "videos=0"]
    code, said = wmpc("eval", *words)
    assert code == 0 and "cannot be written" not in said, said
    results = json.loads(Path("evals/reacher/eval/ahead-mpc/results.json").read_text())
    record = read_record(site / "reacher").first(3)
    assert [row["success"] for row in results["rows"]] == record.successes.tolist()
    assert results["run"] == "shipped:reacher" and not results["notes"]
    (file,) = (site / "reacher" / "data" / "manifests").iterdir()
    first = load_manifest(file).cases[:3]
    assert [row["seed"] for row in results["rows"]] == [case.seed for case in first]
    assert results["checkpoint"] == record.checkpoint
    code, said = wmpc("report", "run=shipped:reacher")
    assert code == 0, said
    page = Path("reports/reacher/report.html").read_text()
    assert f"{record.successes.sum()} of 3" in page or f"{record.successes.sum()}/3" in page


def test_it_plans_in_an_empty_folder(site, wmpc):
    code, said = wmpc("plan", "run=shipped:reacher", "goal=frame:9:20", "budget=2")
    assert code == 0 and (Path("plans/reacher/plan/001/plan.json")).exists(), said


def test_its_recordings_are_looked_at(site, wmpc):
    code, said = wmpc("data", "inspect", "shipped:reacher")
    assert code == 0 and "Reacher" in said


def test_the_check_passes_here(site, wmpc):
    code, said = wmpc("check", "count=4")
    assert code == 0, said
    assert "this machine reproduces it: 4 of 4 cases as recorded" in " ".join(said.split())
    assert not [*Path().iterdir()]


def spoiled(site, folder, change):
    """A copy of the run in which `change` was done to the weights, with a digest that is right."""
    shutil.copytree(site / "reacher", folder)
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755)
    step, weights = read_weights(folder)
    change(weights)
    save_weights(folder, weights, step or 0)
    return folder


def test_the_check_fails_for_a_changed_weight(site, wmpc):
    def change(weights):
        name = next(name for name in weights if name.startswith("encoder.") and "weight" in name)
        weights[name].flatten()[0] += 1.0

    run = spoiled(site, Path("changed"), change)
    code, said = wmpc("check", f"run={run}", "count=1")
    said = " ".join(said.split())
    assert code == 1 and "this machine does not reproduce it" in said, said
    assert "Copy changed again from where it was recorded" in said
    found = package.check(run, count=1)
    assert {look.name for look in found.checks if look.fatal} >= {"weights", "latents"}


def test_the_check_fails_for_a_damaged_file(site, wmpc):
    run = spoiled(site, Path("damaged"), lambda weights: None)
    data = bytearray((run / WEIGHTS).read_bytes())
    data[-1] ^= 1
    (run / WEIGHTS).write_bytes(bytes(data))
    code, said = wmpc("check", f"run={run}", "count=2")
    assert code == 1 and "is damaged" in said and "nothing could be run" in said


def test_the_check_fails_for_other_pictures(site, wmpc, monkeypatch):
    render = Renderer.render
    monkeypatch.setattr(Renderer, "render", lambda *arguments: 255 - render(*arguments))
    code, said = wmpc("check", "count=3")
    said = " ".join(said.split())
    assert code == 1 and "this machine does not reproduce it" in said, said
    assert "0 of 3 the same to the bit" in said and "try MUJOCO_GL=" in said


def made_up(count=20, seed=0, **changes):
    rng = np.random.default_rng(seed)
    content = {
        "successes": np.arange(count) > 0, "steps": np.arange(count), "checkpoint": "a",
        "latents": rng.normal(size=(count, 4)), "manifest": "b", "versions": {"torch": "2"},
        "pictures": np.zeros(count),
    }  # fmt: skip
    return Measured(**{**content, **changes})


def fatal(**changes):
    found = judge(made_up(), made_up(**changes), "shipped:reacher")
    assert found.reproduces == (not any(look.fatal for look in found.checks))
    assert ("does not reproduce" in found.sentence) != found.reproduces
    assert all(look.fix for look in found.checks if look.fatal)
    return [look.name for look in found.checks if look.fatal]


def test_rounding_is_no_difference_and_more_is():
    latents, flipped = made_up().latents, made_up().successes.copy()
    assert fatal() == []
    assert fatal(latents=latents + 1e-4) == [] and fatal(latents=latents * 1.01) == ["latents"]
    assert fatal(pictures=np.full(20, 0.9)) == []
    assert fatal(pictures=np.full(20, 1.1)) == ["pictures"]
    flipped[:2] ^= True
    assert fatal(successes=flipped) == []
    flipped[2] ^= True
    assert fatal(successes=flipped) == ["outcomes"]
    assert fatal(checkpoint="c") == ["weights"] and fatal(manifest="c") == ["cases"]


def test_the_verdict_counts_cases_and_names_what_differs():
    flipped = made_up().successes.copy()
    flipped[1] = False
    found = judge(made_up(), made_up(successes=flipped, versions={"torch": "3"}), "shipped:reacher")
    assert found.sentence == (
        "this machine reproduces it: 19 of 20 cases as recorded; rate 90% (recorded 95%)"
    )
    assert (found.same, found.cases) == (19, 20)
    looks = {look.name: look.found for look in found.checks}
    assert looks["versions"] == "torch 3 (recorded 2)"
    assert looks["outcomes"] == "19 of 20 as recorded, 19 after as many actions"


@pytest.mark.parametrize(
    "change",
    [
        {"format": "else"}, {"version": 2}, {"successes": [1, 0]}, {"steps": ["a"]},
        {"latents": [[1.0], [float("1e999")]]}, {"latents": [[1.0], [1.0, 2.0]]}, {"versions": []},
        {"checkpoint": 3}, {"steps": [1]}, {"latents": None}, {"manifest": None},
    ],
)  # fmt: skip
def test_a_damaged_record_is_refused(tmp_path, change):
    content = {
        "format": "wmpc-reproduction", "version": 1, "checkpoint": "a", "manifest": "b",
        "versions": {}, "successes": [True, False], "steps": [3, -1], "latents": [[1.0], [2.0]],
    }  # fmt: skip
    (tmp_path / RECORD).write_text(json.dumps(content))
    assert read_record(tmp_path).steps.tolist() == [3, -1]
    (tmp_path / RECORD).write_text(json.dumps({**content, **change}))
    with pytest.raises(WmpcError, match="damaged"):
        read_record(tmp_path)


def test_a_record_of_anybody_is_refused_or_judged(tmp_path, capsys):
    content = {
        "format": "wmpc-reproduction", "version": 1, "checkpoint": "a", "manifest": "b",
        "versions": {"torch": "2", "renderer": "llvmpipe"}, "successes": [True, False, True],
        "steps": [3, -1, 4], "latents": [[1.0, 2.0], [2.0, 0.0], [0.5, 1.0]],
    }  # fmt: skip
    here, judged = made_up(3, latents=np.ones((3, 2))), 0
    for seed in range(400):
        rng = generator(seed)
        (tmp_path / RECORD).write_bytes(text(spoil(content, rng), rng))
        try:
            found = judge(read_record(tmp_path).first(3), here, tmp_path)
        except WmpcError:
            continue
        say_checks(found.checks, Console())
        judged += not found.reproduces
    assert 40 < judged < 390 and len(capsys.readouterr().out) < 400 * 4000


def test_a_run_without_a_record_says_which_has_one(trained):
    with pytest.raises(WmpcError, match="run=shipped:reacher"):
        package.check(trained)


def test_names_lead_into_the_package_alone(site, tmp_path, wmpc):
    for name in ("shipped:nonsense", "shipped:", "shipped:../shipped/reacher", "shipped:."):
        with pytest.raises(WmpcError, match="shipped with wmpc: shipped:reacher"):
            shipped.locate_run(name)
    with pytest.raises(WmpcError, match=r"no run at \./shipped"):
        load_model("./shipped:reacher")  # a folder of one's own
    for words in (["train", "run=shipped:reacher"], ["collect", "data=shipped:reacher"]):
        code, said = wmpc(*words)
        assert code == 2 and "is shipped with wmpc and never changed" in said
    assert in_or_instead(site / "reacher", "eval", "there") == Path("there/eval")


def test_the_named_command_writes_a_run_that_reads_itself(tmp_path, monkeypatch):
    # A few seconds: all stages from the first episode on.
    monkeypatch.chdir(tmp_path)
    made = tmp_path / "made"
    monkeypatch.setattr(shipped, "SHIPPED", made)
    few = {"episodes": 20, "steps": 2, "model": "tiny", "cases": 4}
    found = SCRIPT["ship"]("reacher", tmp_path / "work", made / "reacher", **few)
    names = {path.relative_to(made / "reacher").name for path in made.rglob("*.*")}
    known = {path.relative_to(REACHER).name for path in REACHER.rglob("*.*")}
    ahead = {name for name in names | known if name.startswith("ahead-")}
    assert names - ahead == known - ahead and len(ahead) == 2
    assert package.load("shipped:reacher").spec.action_block == 5
    first, again = package.open_episodes(tmp_path / "work/data/reacher"), made / "reacher/data"
    copied = package.open_episodes(again)
    assert np.array_equal(copied.digests, first.digests[:10])
    record = read_record(made / "reacher")
    assert record.steps.tolist() == found.steps.tolist() and len(record.steps) == 4
    assert np.allclose(record.latents, found.latents, rtol=1e-5)
