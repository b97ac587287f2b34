"""`wmpc plan` and the plain gymnasium loop: a single episode towards a goal."""

import json
import runpy
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from wmpc.wm.data import open_episodes

QUICK = ["budget=2", "planner.samples=8", "planner.elites=2", "planner.iterations=2"]
EXAMPLE = Path(__file__).parents[2] / "examples" / "gymnasium_loop.py"


@pytest.fixture
def goals(reacher, tmp_path):
    """Files of the three kinds, and wrong ones."""
    episode = open_episodes(reacher).episode(9)
    picture = Image.fromarray(episode["pixels"][7])
    picture.save(tmp_path / "goal.png")
    picture.convert("L").save(tmp_path / "grey.png")
    picture.resize((48, 48)).save(tmp_path / "large.png")
    (tmp_path / "text.png").write_text("no picture")
    (tmp_path / "text.npy").write_text("no array")
    np.save(tmp_path / "state.npy", episode["state"][7])
    np.save(tmp_path / "short.npy", episode["state"][7][:3])
    np.save(tmp_path / "nan.npy", np.full_like(episode["state"][7], np.nan))
    return tmp_path


@pytest.mark.parametrize("goal", ["goal.png", "state.npy", "frame:9:7"])
def test_an_episode_towards_each_kind_of_goal(trained, goals, wmpc, goal):
    name = goal.replace(":", "-")
    where = goal if goal.startswith("frame") else goals / goal
    code, said = wmpc("plan", f"run={trained}", f"goal={where}", f"name={name}", *QUICK)
    assert code == 0, said
    folder = trained / "plan" / name
    assert (folder / "video.mp4").stat().st_size > 1000
    content = json.loads((folder / "plan.json").read_text())
    assert (content["outcome"] is None) == (goal == "goal.png")  # a picture names no state
    strip = np.asarray(Image.open(folder / "strip.png"))
    assert strip.shape[0] == 36 and strip.shape[1] > 200
    code, said = wmpc("plan", f"run={trained}", f"goal={where}", f"name={name}", *QUICK)
    assert code == 2 and "exists already" in said


@pytest.mark.parametrize(
    ("goal", "message"),
    [
        ("text.png", "not a picture"),
        ("text.npy", "no .npy file"),
        ("short.npy", "state of shape (3,)"),
        ("nan.npy", "finite"),
        ("absent.png", "no file"),
        ("frame:9:999", "no frame 999"),
        ("frame:999:0", "no episode 999"),
    ],
)
def test_wrong_goals_end_in_one_sentence(trained, goals, wmpc, goal, message):
    where = goal if goal.startswith("frame") else goals / goal
    code, said = wmpc("plan", f"run={trained}", f"goal={where}", "name=wrong", *QUICK)
    assert code == 2 and message in said and "Traceback" not in said
    assert not (trained / "plan" / "wrong").exists()


@pytest.mark.parametrize(("goal", "note"), [("grey.png", "mode L"), ("large.png", "48 x 48")])
def test_other_pictures_are_made_what_the_model_sees_and_it_says_so(
    trained, goals, wmpc, goal, note
):
    code, said = wmpc("plan", f"run={trained}", f"goal={goals / goal}", *QUICK)
    assert code == 0 and note in said and "it was made 32 x 32 RGB" in said


def test_the_example_runs_and_repeats_itself(trained):
    reach = runpy.run_path(str(EXAMPLE))["reach"]
    assert reach(str(trained), blocks=2) == reach(str(trained), blocks=2)
