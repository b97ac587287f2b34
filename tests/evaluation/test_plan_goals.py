"""`wmpc plan` towards every kind of goal that needs no goal picture."""

import json

import numpy as np
import pytest
from PIL import Image

from wmpc.wm.data import open_episodes

QUICK = ["budget=2", "planner.samples=8", "planner.elites=2", "planner.iterations=2"]


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """A probe that is fitted in a moment, and reads off an untrained model what it can."""
    monkeypatch.setattr("wmpc.agents.completion.STEPS", 200)
    monkeypatch.setattr("wmpc.agents.completion.SHOWN", 0.98)


@pytest.fixture
def here(reacher, tmp_path, monkeypatch):
    """The working folder, with files to name."""
    episode = open_episodes(reacher).episode(9)
    Image.fromarray(episode["pixels"][7]).save(tmp_path / "a.png")
    half = np.zeros((64, 64), np.uint8)
    half[:32] = 255
    Image.fromarray(half).save(tmp_path / "half.png")
    Image.fromarray(0 * half).save(tmp_path / "black.png")
    np.save(tmp_path / "state.npy", episode["state"][7])
    np.save(tmp_path / "short.npy", episode["state"][7][:3])
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("words", "goals", "judged"),
    [
        (["goal=proprio:1,0,0,1,_,nan"], 1, False),
        (["goal=nearest:proprio:1,0,0,1,_,_"], 1, True),
        (["goal=nearest:state:state.npy"], 1, True),
        (["goal=a.png", "mask=half.png"], 1, False),
        (["goal=frame:9:7", "crop=0.25,0.5,0.75,1"], 1, False),
        (["goal=a.png", "crop=[0,0,16,16]"], 1, False),
        (["goal=[a.png,frame:9:3,'proprio:1,0,0,1,_,_',state.npy]"], 4, True),
    ],
)
def test_an_episode_towards_each(trained, here, wmpc, words, goals, judged):
    name = "".join(c for c in "".join(words) if c.isalnum())
    code, said = wmpc("plan", f"run={trained}", f"name={name}", *words, *QUICK)
    assert code == 0, said
    content = json.loads((trained / "plan" / name / "plan.json").read_text())
    assert (content["outcome"] is not None) == judged
    assert set(content["stages"]) <= set(range(goals)) and content["stages"][0] == 0
    strip = np.asarray(Image.open(trained / "plan" / name / "strip.png"))
    assert strip.shape[1] >= 38 * (goals + 2)


def test_what_does_not_count_is_dimmed(trained, here, wmpc):
    code, said = wmpc("plan", f"run={trained}", "name=dim", "goal=a.png", "mask=half.png", *QUICK)
    assert code == 0, said
    strip = np.asarray(Image.open(trained / "plan" / "dim" / "strip.png"))[2:34, 2:34]
    picture = np.asarray(Image.open("a.png"))
    assert np.array_equal(strip[:16], picture[:16])
    assert strip[16:].mean() < 0.3 * picture[16:].mean()


@pytest.mark.parametrize("agent", ["nearest", pytest.param("gcbc", marks=pytest.mark.slow)])
def test_agents_that_clone_take_parts_and_refuse_lists(trained, here, wmpc, agent):
    words = [f"run={trained}", f"agent={agent}", "budget=2"]
    words += ["agent.steps=5", "agent.width=8"] if agent == "gcbc" else []
    for goal in ("goal=proprio:1,0,0,1,_,_", "goal=frame:9:7"):
        code, said = wmpc("plan", *words, goal, "crop=0,0,0.5,1" if "frame" in goal else "seed=1")
        assert code == 0, said
    code, said = wmpc("plan", *words, "goal=[a.png,a.png]")
    assert code == 2 and "1 subgoals came" in said


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["goal=proprio:1,2"], "the goal has 2 numbers; the proprioception has 6"),
        (["goal=proprio:1,x"], "cannot read proprio:1,x: give numbers"),
        (["goal=proprio:_,_,_,_,_,_"], "at least one that is not"),
        (["goal=proprio:_,_,_,_,1,1"], "none of the numbers that count is shown"),
        (["goal=nearest:proprio:1,2"], "2 numbers came"),
        (["goal=nearest:state:absent.npy"], "no file absent.npy"),
        (["goal=nearest:state:short.npy"], "state of shape (3,)"),
        (["goal=nearest:pixels:a.png"], "cannot read the goal nearest:pixels:a.png"),
        (["goal=frame:9"], "cannot read the goal frame:9"),
        (["goal=[]"], "goal is an empty list"),
        (["goal=[a.png,absent.png]"], "no file absent.png"),
        (["goal=a.png", "mask=absent.png"], "no file absent.png"),
        (["goal=a.png", "mask=black.png"], "no white pixel"),
        (["goal=a.png", "mask=state.npy"], "not a picture"),
        (["goal=a.png", "mask=half.png", "crop=0,0,1,1"], "give one of them"),
        (["goal=a.png", "crop=0.5,0,0.5,1"], "holds no pixel"),
        (["goal=a.png", "crop=0,0,1"], "give x0,y0,x1,y1"),
        (["goal=a.png", "crop=left"], "cannot read crop left"),
        (["goal=proprio:1,0,0,1,_,_", "crop=0,0,1,1"], "mask and crop are for pictures"),
        (["goal=a.png", "crop=0,0,0.5,1", "agent=simulator"], "without mask or crop"),
        (["goal=a.png", "agent.patience=0"], "patience 0"),
    ],
)
def test_wrong_goals_end_in_one_sentence(trained, here, wmpc, words, message):
    code, said = wmpc("plan", f"run={trained}", "name=wrong", *words, *QUICK)
    assert code == 2 and message in said and "Traceback" not in said
    assert not (trained / "plan" / "wrong").exists()
