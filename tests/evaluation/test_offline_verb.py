"""`wmpc eval`, `report` and `plan` on recordings of no environment: scores, a page, a plan."""

import json
import shutil

import numpy as np
import pytest
from conftest import untrained
from PIL import Image

import wmpc as library
from wmpc.errors import WmpcError
from wmpc.evaluation.evidence.result import find_result
from wmpc.evaluation.offline.headline import offline_headline
from wmpc.evaluation.read_results import read_results
from wmpc.wm.data import EpisodeWriter, open_episodes

SMALL = ["planner.samples=8", "planner.elites=2", "planner.iterations=2"]
QUICK = ["cases.count=5", "cases.blocks=3", *SMALL]


def without_home(source, path, columns=("pixels", "proprio", "action")):
    """The same recordings as a robot's: no environment, no states."""
    episodes = open_episodes(source)
    bounds = ("action_low", "action_high") if "action" in columns else ()
    meta = {key: episodes.meta[key] for key in ("fps", *bounds)} | {"env": "none"}
    with EpisodeWriter(path, meta) as writer:
        for index in range(len(episodes)):
            episode = episodes.episode(index)
            writer.append({name: np.array(episode[name]) for name in columns})
    return path


@pytest.fixture(scope="module")
def robot(reacher, tmp_path_factory):
    """A run that knows nothing, on recordings of no environment."""
    data = without_home(reacher, tmp_path_factory.mktemp("robot") / "data")
    return untrained(data, tmp_path_factory.mktemp("robot") / "arm")


@pytest.fixture(autouse=True)
def short_cloning(monkeypatch):
    monkeypatch.setattr("wmpc.api.evaluate_offline.CLONING", 5)


@pytest.fixture(scope="module")
def evaluated(robot):
    """Offline results of that run, made once, and what was said."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("wmpc.api.evaluate_offline.CLONING", 5)
        planner = {"samples": 8, "elites": 2, "iterations": 2}
        return library.evaluate(robot, cases={"count": 5, "blocks": 3}, planner=planner)


def test_a_dataset_of_no_environment_is_scored_without_one(robot, evaluated, wmpc):
    results = read_results(evaluated.folder / "results.json")
    assert evaluated.folder == robot / "eval" / "offline-mpc" and evaluated.rows == ()
    assert results["kind"] == "offline" and "none took part" in results["simulator"]
    assert results["dataset"]["held_out"] == [9, 19, 29, 39] == results["offline"]["episodes"]
    assert (
        evaluated.offline == results["offline"] and not (evaluated.folder / "rows.jsonl").exists()
    )
    assert results["agent"] == {"name": "mpc", "planner": "ICEM"}
    far, near = results["offline"]["actions"]
    assert (far["blocks"], near["blocks"], far["agent"]["n"]) == (3, 1, 5)
    assert set(far["floors"]) == {"random", "mean", "previous", "cloning"}
    code, said = wmpc("eval", f"run={robot}", "name=said", *QUICK)
    assert code == 0 and "no simulator" in said and "standard deviations" in said
    again = read_results(robot / "eval" / "said" / "results.json")
    assert again["offline"] == results["offline"]  # the same seeds, the same scores


def test_the_headline_names_the_action_score_beside_its_floors_and_the_retrieval(evaluated):
    scores = evaluated.offline
    far, found = scores["actions"][0], scores["retrieval"]
    said = evaluated.headline
    assert f"are {far['agent']['value']:.2f} (95% interval" in said
    for words, name in (("cloning", "cloning"), ("the mean action", "mean")):
        assert f"{words} {far['floors'][name]['value']:.2f}" in said
    assert f"among 64 in {100 * found['model']['value']:.0f}%" in said and "chance 2%" in said
    assert "4 held-out episodes, no simulator" in said
    empty = dict.fromkeys(("retrieval", "readout"))
    said = offline_headline({"offline": {"episodes": [9], "actions": [], **empty}})
    assert said == "Offline, 1 held-out episode, no simulator: nothing could be scored"


def test_no_rate_is_made_of_it(evaluated, robot):
    for get in (lambda: evaluated.rate, lambda: evaluated.summary, lambda: evaluated.interval):
        with pytest.raises(WmpcError, match="no simulator took part"):
            get()
    with pytest.raises(WmpcError, match="offline scores: no case was tried"):
        find_result(robot)


def test_the_page_shows_scores_and_strips(evaluated, robot, tmp_path):
    assert len(evaluated.content["media"]) == 4
    text = library.report(robot, out=tmp_path / "page.html", eval="offline-mpc").read_text()
    far = evaluated.offline["actions"][0]
    assert f'<span class="figure">{far["agent"]["value"]:.2f}</span>' in text
    for said in ("No simulator took part", "9, 19, 29, 39", "Imagined", "the mean action",
                 "frames out of order", "Which of 64 frames", "proprio 0"):  # fmt: skip
        assert said in text, said
    assert text.count("data:image/png") == 8 and text.count('class="chart"') >= 2
    assert "None" not in text.split("<h2>To do it again")[0]


def test_a_page_without_its_parts_still_comes(evaluated, robot, tmp_path):
    """Recordings without actions, or too short ones, leave most of it out."""
    run = tmp_path / "arm"
    shutil.copytree(robot, run)
    file = run / "eval" / "offline-mpc" / "results.json"
    results = json.loads(file.read_text())
    lacking = dict.fromkeys(("readout", "rollouts", "surprise", "retrieval", "ranks"))
    results["offline"] |= lacking | {"actions": []}
    results["media"] = []
    file.write_text(json.dumps(results))
    text = library.report(run, eval="offline-mpc").read_text()
    assert "No agent was asked" in text and "Nothing could be imagined" in text


def test_a_run_with_an_environment_is_scored_offline_where_it_is_asked(trained, wmpc, tmp_path):
    run = shutil.copytree(trained, tmp_path / "run")
    code, said = wmpc("eval", f"run={run}", "offline=true", *QUICK)
    assert code == 0 and "no simulator" in said, said
    quick = ["cold=0", "reference.cases=0", "videos=0", "cases.budget=4"]
    code, said = wmpc("eval", f"run={run}", *QUICK, *quick)
    assert code == 0 and "reached" in said, said
    assert find_result(run).folder.name == "ahead-mpc"  # not the offline ones
    page = library.report(run).read_text()
    assert "recordings alone" in page  # among the others
    text = library.report(run, eval="offline-mpc", out=tmp_path / "o.html").read_text()
    assert "<h1>Reacher</h1>" in text and "proprio 0" in text


def test_recordings_without_actions_are_read_off_alone(reacher, robot, wmpc, tmp_path):
    data = without_home(reacher, tmp_path / "video", ("pixels", "proprio"))
    code, said = wmpc("eval", f"run={robot}", f"data={data}", "name=video", *QUICK)
    assert code == 0 and "No actions were recorded" in said and "R²" in said
    text = library.report(robot, eval="video", out=tmp_path / "page.html").read_text()
    assert "Nothing could be imagined" in text and "proprio 0" in text


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["diagnose=true"], "diagnose=True came, which needs a simulator"),
        (["shift=colour"], "shift=colour came, which needs a simulator"),
        (["start=cold"], "start=cold came"),
        (["latency=0.1"], "latency=0.1 came"),
        (["agent=simulator"], "agent=simulator came"),
        (["offline=maybe"], "offline is true or false or null"),
        (["offline=false"], "name no environment"),
        (["action_block=7"], "was trained with 5"),
    ],
)
def test_what_needs_a_simulator_is_refused(robot, wmpc, words, message):
    code, said = wmpc("eval", f"run={robot}", "name=refused", *QUICK, *words)
    assert code == 2 and message in said and "Traceback" not in said, said
    assert not (robot / "eval" / "refused" / "results.json").exists()


def test_offline_scores_need_a_model(robot, wmpc):
    data = json.loads((robot / "config.json").read_text())["train"]["data"]
    code, said = wmpc("eval", "agent=random", f"data={data}")
    assert code == 2 and "give run=FOLDER" in said


def test_results_are_not_overwritten_unless_asked(robot, evaluated, wmpc):
    code, said = wmpc("eval", f"run={robot}", "name=offline-mpc", *QUICK)
    assert code == 2 and "overwrite=true" in said
    shutil.copytree(evaluated.folder, robot / "eval" / "mine")
    code, said = wmpc("eval", f"run={robot}", "name=mine", "overwrite=true", *QUICK)
    assert code == 0
    named = {x for one in read_results(robot / "eval" / "mine" / "results.json")["media"]
             for x in (one["real"], one["imagined"])}  # fmt: skip
    assert {file.name for file in (robot / "eval" / "mine").glob("strip*")} == named


def test_another_agent_is_scored_too(robot, wmpc):
    code, said = wmpc("eval", f"run={robot}", "agent=gcbc", "agent.steps=5", *QUICK)
    assert code == 0 and "does not plan: no candidates were ranked" in said
    results = read_results(robot / "eval" / "offline-gcbc" / "results.json")
    assert results["offline"]["ranks"] is None and results["agent"]["planner"] is None


@pytest.mark.parametrize(
    ("words", "start"),
    [
        (["goal=frame:9:12"], "frame:9:5"),  # as many blocks earlier as it plans ahead
        (["goal=frame:9:3"], "frame:9:0"),
        (["goal=frame:9:12", "start=frame:19:2"], "frame:19:2"),
        (["goal=goal.png", "start=frame:9:0"], "frame:9:0"),
        (["goal=proprio:0.5,0.5,_,_,_,_", "start=frame:3:4"], "frame:3:4"),
    ],
)
def test_a_plan_is_made_and_not_executed(robot, wmpc, words, start, tmp_path):
    if words[0] == "goal=goal.png":
        data = json.loads((robot / "config.json").read_text())["train"]["data"]
        Image.fromarray(open_episodes(data).episode(9)["pixels"][7]).save(tmp_path / "goal.png")
        words = [f"goal={tmp_path / 'goal.png'}", *words[1:]]
    name = f"{start.replace(':', '-')}-{len(words)}"
    code, said = wmpc("plan", f"run={robot}", f"name={name}", *words, *SMALL)
    assert code == 0 and "none executed" in said and "strip.png" in said, said
    assert ("models are trained on" in said) == (start == "frame:3:4")
    folder = robot / "plan" / name
    content = json.loads((folder / "plan.json").read_text())
    assert content["start"] == start and content["executed"] is False
    actions = np.array(content["actions"])
    assert actions.shape == (7 * 5, 2) and np.abs(actions).max() <= 1
    assert len(content["distances"]) == 8 and np.isfinite(content["distances"]).all()
    assert np.asarray(Image.open(folder / "strip.png")).shape == (36, 9 * 38 - 2, 3)
    assert not (folder / "video.mp4").exists()


def test_a_plan_begins_with_the_recorded_context_and_ends_as_imagined(robot):
    """By hand: the same agent, shown the same frames, plans the same."""
    data = json.loads((robot / "config.json").read_text())["train"]["data"]
    recorded, model = open_episodes(data).episode(9), library.load(robot)
    planner = library.planners.ICEM(samples=8, elites=2, iterations=2)
    found = library.plan(robot, "frame:9:12", start="frame:9:5", planner=planner, seed=3)
    agent = library.MPCAgent(model, planner, seed=3)
    agent.reset(library.Goal({"pixels": recorded["pixels"][12]}))
    for frame in (3, 4, 5):
        block = None if frame == 3 else recorded["action"][frame - 1]
        agent.observe({"pixels": recorded["pixels"][frame]}, block)
    assert found.actions is not None and found.row is None
    assert np.array_equal(agent.act(), found.actions[:5])
    there = model.encode({"pixels": recorded["pixels"][None, [12]]})[0]
    latents = np.concatenate([agent.history.now.detach(), agent.plan.latents[0]])
    away = np.sqrt(((latents - there.detach().numpy()) ** 2).mean((1, 2)))
    assert found.distances == pytest.approx(tuple(away), rel=1e-5)
    kept = json.loads((found.folder / "plan.json").read_text())["recorded"]
    assert np.array_equal(np.float32(kept), recorded["action"][5:12].reshape(-1, 2))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["goal=frame:9:0"], "no block before it to begin at"),
        (["goal=frame:9:12", "start=here"], "a plan begins at a recorded frame"),
        (["goal=frame:9:12", "start=frame:9:99"], "has no such frame"),
        (["goal=frame:9:12", "start=frame:99:0"], "has no such frame"),
        (["goal=proprio:0.5,0.5,_,_,_,_"], "start=None came"),
        (["goal=frame:9:12", "agent=gcbc", "agent.steps=2"], "needs an agent that plans"),
        (["goal=frame:9:12", "agent=simulator"], "nothing is executed here"),
        (["goal=[frame:9:5,frame:9:12]"], "2 goals came"),
    ],
)
def test_a_plan_that_cannot_be_made_is_refused(robot, wmpc, words, message):
    code, said = wmpc("plan", f"run={robot}", "name=refused", *words, *SMALL)
    assert code == 2 and message in said and "Traceback" not in said, said
    assert not (robot / "plan" / "refused").exists()


def test_a_state_is_no_goal_where_nothing_can_draw_it(robot, wmpc, tmp_path):
    np.save(tmp_path / "state.npy", np.zeros(8))
    code, said = wmpc("plan", f"run={robot}", f"goal={tmp_path / 'state.npy'}", "start=frame:9:0")
    assert code == 2 and "no environment is there to draw it" in said
