"""`wmpc curve`: the same cases at every point, cloning of the run's own episodes, and going on."""

import functools
import json
from pathlib import Path

import numpy as np
import pytest

import wmpc
from wmpc.agents import entrants
from wmpc.api import curve_runs, evaluate_offline
from wmpc.api.curve_points import plan_observation
from wmpc.cli.main import main
from wmpc.errors import WmpcError
from wmpc.evaluation.read_results import read_results
from wmpc.wm.data import EpisodeWriter, open_episodes

SEARCH = ["planner.samples=8", "planner.elites=4", "planner.iterations=1"]
LITTLE = ["model=tiny", "train.steps=3", "train.batch=4", "cloning=2", "train.accelerator=cpu"]
LITTLE += ["cases.count=3", "cases.blocks=3", "cases.budget=3", *SEARCH]
SIMULATED = ["curve", "data=data/arm", "shares=[1,0.2]", "agents=[mpc,gcbc]", *LITTLE]
RECORDED = ["curve", "data=data/robot", "shares=[0.2,1]", "agents=[mpc,gcbc]", *LITTLE]
WRONG = {
    "share of nothing": ("shares=[0]", "above 0"),
    "share above all": ("shares=[1.5]", "above 0 and is at most 1"),
    "too few": ("shares=[0.05]", "leaves 1 of the 18 training episodes"),
    "no share": ("shares=[]", "at least one"),
    "word for a share": ("shares=[many]", "above 0"),
    "no seed": ("seeds=[]", "seeds=[] came"),
    "seed twice": ("seeds=[1,1]", "different ones"),
    "seed below 0": ("seeds=[-1]", "from 0 to"),
    "axis": ("axis=size", "episodes, quality, observation"),
    "agent": ("agents=[mpc,gbc]", "gcbc, gcidm"),
    "agent of no model": ("agents=[replay]", "gcbc, gcidm"),
    "cloning": ("cloning=0", "at least 1 step"),
    "short": ("axis=quality short=1.0", "between 0 and 1"),
    "subset": ("+train.subset=0.5", "shares=[0.1,1] instead"),
    "seed of a training": ("train.seed=3", "no key of train 'seed'"),
    "key of a training": ("train.stepps=3", "did you mean 'steps'"),
    "type of a training": ("train.lr=fast", "train.lr"),
    "no dataset": ("data=nowhere", "nowhere"),
    "steps": ("train.steps=0", "at least 1"),
}


def record(path, cameras=("pixels/side", "pixels/top"), proprio=True):
    """Twenty episodes of a robot that no simulator knows."""
    rng = np.random.default_rng(0)
    meta = {"env": "none", "fps": 10.0, "action_low": [-1.0], "action_high": [1.0]}
    with EpisodeWriter(path, meta) as writer:
        for _ in range(20):
            episode = {name: rng.integers(0, 256, (9, 32, 32, 3), np.uint8) for name in cameras}
            if proprio:
                episode["proprio"] = rng.standard_normal((9, 2)).astype("f4")
            writer.append({**episode, "action": rng.uniform(-1, 1, (8, 1, 1)).astype("f4")})
    return open_episodes(path)


@pytest.fixture(scope="module")
def sets(tmp_path_factory):
    folder = tmp_path_factory.mktemp("curve")
    task = {"id": "wmpc/Reacher-v0", "kwargs": {"image_size": 32}, "actions_per_frame": 5}
    task |= {"episodes": 20, "steps": 10, "policy": "random"}
    wmpc.collect(task, folder / "arm", workers=0)
    record(folder / "robot")
    record(folder / "plain", ("pixels",), proprio=False)
    return folder


@pytest.fixture(autouse=True)
def here(sets, tmp_path, monkeypatch):
    """A fresh folder that sees the datasets, where offline floors are quickly learned."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").symlink_to(sets)
    monkeypatch.setattr(evaluate_offline, "CLONING", 2)
    return tmp_path


def trained(folder="curves"):
    """When each run's weights and results were written."""
    files = [*Path(folder).rglob("model.safetensors"), *Path(folder).rglob("results.json")]
    return {str(file): file.stat().st_mtime_ns for file in files}


def test_points_share_their_cases_and_cloning_its_episodes_with_the_run(capsys, monkeypatch):
    taught = []

    def spy(encoded, context, **settings):
        taught.append(len(encoded.lengths))
        return train(encoded, context, **settings)

    train = entrants.train_goal_policy
    monkeypatch.setattr(entrants, "train_goal_policy", spy)
    assert main(SIMULATED) == 0
    said = capsys.readouterr().out
    assert "2 trainings of 3 steps" in said and "[1/2] 20% (4 episodes): planning" in said
    assert taught == [4, 18]
    runs = [Path("curves/arm") / f"share={share}-seed=0" for share in ("0.2", "1")]
    found = [read_results(run / "eval" / who / "results.json")
             for run in runs for who in ("mpc", "gcbc")]  # fmt: skip
    assert len({one["manifest"]["hash"] for one in found}) == 1
    assert {row["episode"] % 10 for one in found for row in one["rows"]} == {9}
    subsets = [wmpc.load(run).spec.subset for run in runs]
    assert subsets == [0.2, None]
    content = json.loads(Path("curves/arm/episodes.json").read_bytes())
    assert [point["episodes"] for point in content["points"]] == [4, 18]
    assert [point["label"] for point in content["points"]] == ["20%", "100%"]
    assert len(content["findings"]) == 1 and "random actions" in content["floors"]
    assert "<svg" in Path("curves/arm/episodes.html").read_text()
    before = trained()
    assert main(SIMULATED) == 0 and trained() == before and taught == [4, 18]
    assert "2 are there" in capsys.readouterr().out


def test_it_goes_on_where_it_was_stopped_and_measures_anew_what_changed(capsys, monkeypatch):
    evaluate, calls = curve_runs.evaluate, []

    @functools.wraps(evaluate)
    def third_time(**settings):
        calls.append(settings["name"])
        if len(calls) == 3:
            raise KeyboardInterrupt("rows are kept")
        return evaluate(**settings)

    with monkeypatch.context() as patch:
        patch.setattr(curve_runs, "evaluate", third_time)
        assert main(RECORDED) == 130
    assert "rows are kept" in capsys.readouterr().err
    before = trained()
    assert len(before) == 4  # two runs, of which the first is evaluated
    assert main(RECORDED) == 0
    after = trained()
    assert before.items() <= after.items() and len(after) == 6
    assert main([*RECORDED, "planner.samples=9"]) == 0
    changed = {file for file, when in trained().items() if after[file] != when}
    assert len(changed) == 4 and all("results.json" in file for file in changed)
    assert main([*RECORDED, "train.lr=0.01"]) == 2
    assert "train.lr was 0.002, is 0.01" in capsys.readouterr().err


def test_recordings_have_the_axes_that_can_be_made_of_them(capsys):
    assert main([*RECORDED, "agents=[gcbc]", "axis=observation"]) == 0
    content = json.loads(Path("curves/robot/observation.json").read_bytes())
    labels = ["1 camera", "1 camera, proprio", "2 cameras", "2 cameras, proprio"]
    assert [point["label"] for point in content["points"]] == labels
    specs = [wmpc.load(point["runs"][0]) for point in content["points"]]
    assert [len(one.spec.cameras) for one in specs] == [1, 1, 2, 2]
    assert ["proprio" in one.layout for one in specs] == [False, True, False, True]
    assert content["points"][2]["runs"] == ["curves/robot/share=1-seed=0"]
    assert content["measure"] == "action error" and not content["findings"]
    assert main([*RECORDED, "agents=[gcbc]", "axis=quality", "short=0.5"]) == 0
    content = json.loads(Path("curves/robot/quality.json").read_bytes())
    assert [point["label"] for point in content["points"]] == ["50% of each", "as recorded"]
    short = wmpc.open_episodes("curves/robot/data-short=0.5")
    assert set(short.lengths[short.train_ids]) == {4} and set(short.lengths[[9, 19]]) == {8}


def test_worse_episodes_are_judged_on_the_same_cases(capsys):
    assert main([*SIMULATED, "agents=[gcbc]", "axis=quality", "short=0.7"]) == 0
    content = json.loads(Path("curves/arm/quality.json").read_bytes())
    assert [p["label"] for p in content["points"]] == ["random", "70% of each", "as recorded"]
    found = [read_results(Path(p["runs"][0]) / "eval/gcbc/results.json") for p in content["points"]]
    assert len({one["manifest"]["hash"] for one in found}) == 1
    assert found[0]["manifest"]["dataset"] == wmpc.open_episodes("data/arm").hash
    random = wmpc.open_episodes("curves/arm/data-random")
    assert random.meta["sources"][0]["policy"] == "random" and len(random) == 20
    assert [Path(one["config"]["data"]).name for one in found[:2]] == [
        "data-random",
        "data-short=0.7",
    ]


def test_a_program_is_told_the_same():
    with pytest.raises(WmpcError, match=r"seeds=\[0,1\] instead"):
        wmpc.curve("data/robot", train={"seed": 3})
    words = {"model": "tiny", "train": {"steps": 2, "batch": 4}, "cases": {"count": 2, "blocks": 2}}
    made = wmpc.curve("data/robot", shares=[1.0], agents=["gcbc"], cloning=2, name="mine", **words)
    (point,) = made.points
    assert made.page == Path("curves/mine/episodes.html") and made.page.exists()
    assert point.episodes == 18 and point.scores["gcbc"].value > 0 and not point.ahead


def test_one_camera_and_no_proprioception_leave_nothing_to_leave_out():
    episodes = wmpc.open_episodes("data/plain")
    with pytest.raises(WmpcError, match="one camera"):
        plan_observation(Path("data/plain"), episodes, {})


@pytest.mark.parametrize("case", WRONG)
def test_wrong_words_end_in_one_sentence(here, capsys, case):
    words, message = WRONG[case]
    assert main([*RECORDED, *words.split()]) == 2
    error = capsys.readouterr().err
    assert message in error and error.startswith("wmpc curve: ")
    assert error.count("\n") == 1 and "Traceback" not in error
    assert not list(here.glob("curves/*/*/config.json"))
