"""What would fail in an evaluation is said before the first episode is recorded."""

import re
import time
from pathlib import Path

import goal_envs
import gymnasium
import numpy as np
import pytest
from gymnasium.spaces import Box

from wmpc import envs
from wmpc.cli.main import main
from wmpc.collecting.check_environment import check_environment
from wmpc.collecting.collect import Recipe
from wmpc.configs import list_presets, read_file
from wmpc.envs.task import Task
from wmpc.envs.tasks.reacher.task import Reacher
from wmpc.errors import WmpcError

SMALL = {"image_size": 16}


def check(task, policy="random", timeout_s=60.0):
    return check_environment(task, Recipe(task.id, {}, policy, 3, 2, 0, timeout_s))


def oops(*_, **__):
    raise RuntimeError("out of oil")


def spoilt(**others):
    """Reacher with other attributes."""
    xml = str(Path(envs.__path__[0], "tasks/reacher/reacher.xml"))
    return type("Spoilt", (Reacher,), {"xml": xml, **others})


ALWAYS = lambda self, *_: {"shoulder_rad": 0.0, "elbow_rad": 0.0}  # noqa: E731
BROKEN = {
    "errors raise": ({"errors": oops}, "raised RuntimeError: out of oil .test_check"),
    "errors lack a name": ({"errors": lambda *_: {"elbow_rad": 1.0}}, "KeyError: 'shoulder_rad'"),
    "always at the goal": ({"errors": ALWAYS}, "each of 1000 goals"),
    "no number": ({"errors": lambda *_: {"shoulder_rad": np.nan, "elbow_rad": 2.0}}, "finite"),
    "coordinates raise": ({"coordinates": oops}, "out of oil"),
    "coordinates too few": ({"coordinates": lambda _, s: s[..., :1]}, r"fit its names"),
    "coordinates of the rest": ({"coordinates": lambda _, s: s[..., -4:]}, "layout.qpos"),
    "describe too few": ({"describe": lambda _, s: s[..., :1]}, "describe of .* fit its names"),
    "states of another size": ({"sample_state": lambda *_: np.zeros(3)}, r"shape .3,. came"),
    "a script that raises": ({"scripted_policy": oops}, "out of oil"),
    "no such camera": ({"camera": "side"}, "No camera 'side'.*top"),
    "actions without range": ({"__init__": lambda self, **k: unbounded(self, **k)}, "ctrlrange"),
}


def unbounded(task, **kwargs):
    Reacher.__init__(task, **kwargs)
    task.action_space = Box(-np.inf, np.inf, (2,), np.float32)


@pytest.mark.parametrize("what", BROKEN)
def test_what_cannot_be_recorded_is_one_sentence(what):
    attributes, sentence = BROKEN[what]
    with pytest.raises(WmpcError, match=sentence) as said:
        check(spoilt(**attributes)(**SMALL), "mixed")
    assert "\n" not in str(said.value) and len(str(said.value)) < 500


TOLD = [
    ("Puck", {}, "success=reward asks its own compute_reward"),
    ("Silent", {}, 'no test of success.*tolerances={qpos0:0.1}".*success=info'),
    ("Puck", {"success": "reward"}, None),
    ("Left", {"success": "info"}, None),
    ("Puck", {"success": "info"}, "none of 12 states as itself"),
    ("Hidden", {"success": "reward"}, "will not replay"),
    ("Puck", {}, "proprio depend on more than its state"),
    ("Backwards", {"success": "reward"}, "leaves out the planner in the true simulator"),
    ("Wandering", {"success": "info"}, "test of success depends on more than its state"),
    ("Puck", {"success": "reward", "camera": "away"}, "Nothing is seen to move.*'away'"),
    ("Painted", {"success": "reward"}, "pixels depend on more than its state"),
]


@pytest.mark.parametrize(("name", "kwargs", "sentence"), TOLD)
def test_what_cannot_be_evaluated_is_told(name, kwargs, sentence):
    task = envs.make(f"Own{name}-v0", **SMALL, **kwargs)
    told = check(task)
    task.close()
    if sentence is None:
        assert told == []
    else:
        assert re.search(sentence, " | ".join(told)), told


OURS = [name for name in list_presets("task") if ":" not in read_file(f"task/{name}")["id"]]
"""Those of other packages: `tests/envs/test_worlds.py`."""


@pytest.mark.parametrize("preset", OURS)
def test_of_what_is_here_only_the_missing_test_is_told(preset):
    task = read_file(f"task/{preset}")
    made = envs.make(task["id"], **{**task["kwargs"], **SMALL})
    told = check(made, task["policy"])
    made.close()
    assert [*told] == [] or (preset == "pusher" and "no test of success" in told[0])


def test_success_that_asks_too_little_is_refused():
    task = envs.make("OwnPuck-v0", **SMALL, tolerances={"qpos0": 50.0})
    with pytest.raises(WmpcError, match="every case would be solved at its start"):
        check(task)
    task.close()


def test_one_that_hangs_is_named():
    task = spoilt(errors=lambda *_: time.sleep(60))(**SMALL)
    with pytest.raises(WmpcError, match="cannot be recorded: the environment hung"):
        check(task, timeout_s=0.3)


def test_the_verb_says_it_and_leaves_nothing(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    words = [
        "collect",
        "data=set",
        "steps=3",
        "workers=0",
        "episodes=1",
        "task.kwargs.image_size=16",
    ]
    assert main([*words, "task.id=OwnPuck-v0", "+task.kwargs.tolerances={qpos0:50}"]) == 2
    assert "solved at its start" in capsys.readouterr().err and not (tmp_path / "set").exists()
    assert main([*words, "task.id=OwnPuck-v0"]) == 0
    assert "no test of success" in " ".join(capsys.readouterr().out.split())
    assert main([*words, "task.id=OwnPuck-v0", "task.kwargs.success=reward"]) == 2
    assert "+task.kwargs.success=reward" in capsys.readouterr().err


UNREADABLE = {
    "no names": ({"describe": lambda _, s: s}, "states no describe_names"),
    "no file": ({"xml": "/nowhere/arm.xml"}, "MuJoCo cannot read /nowhere/arm.xml"),
}


@pytest.mark.parametrize("what", UNREADABLE)
def test_a_task_that_lacks_something_says_what(what):
    attributes, sentence = UNREADABLE[what]
    stated = {"tolerances": {"x": 1.0}, "coordinate_names": ("x",), "xml": spoilt().xml}
    methods = {"errors": oops, "coordinates": oops}
    with pytest.raises(WmpcError, match=sentence):
        type("Mine", (Task,), {**stated, **methods, **attributes})(**SMALL)
    gymnasium.register("Mine-v0", entry_point=type("Mine", (Task,), stated))
    try:
        with pytest.raises(WmpcError, match="Mine defines no coordinates, errors"):
            envs.make("Mine-v0")
    finally:
        gymnasium.registry.pop("Mine-v0")


def test_an_id_that_nothing_registers_says_where_to_look():
    with pytest.raises(WmpcError, match="as in my_module:Nothing-v0"):
        envs.make("Nothing-v0")
    with pytest.raises(WmpcError, match=r"goal_envs\.py registers no 'Nothing-v0'"):
        envs.make(f"{goal_envs.__name__}:Nothing-v0")
    assert "Nothing-v0" not in gymnasium.registry
