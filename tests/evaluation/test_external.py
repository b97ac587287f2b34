"""Agents that others wrote: what they may be, what they get, and what is said of wrong ones."""

import json
import sys

import numpy as np
import pytest
from gymnasium.spaces import Box

from wmpc.agents.baselines import ZeroAgent
from wmpc.agents.external import make_agent
from wmpc.cli import compose
from wmpc.errors import WmpcError
from wmpc.system.construct import find

AGENTS = """
import numpy as np

class Still:
    def __init__(self, action_space, action_block, seed):
        self.shape = (action_block, *action_space.shape)
        with open("seeds", "a") as file: print(seed, file=file)
    def reset(self, goal): self.goal = goal
    def observe(self, observation, executed): self.seen = observation
    def act(self): return np.zeros(self.shape)

def still(**given): return Still(**given)
def policy(observation, goal):
    return np.full(2, goal["pixels"].mean() - observation["pixels"].mean()) / 100
def makes_policy(action_block): return lambda seen, goal: np.zeros((action_block, 2))
def asks(colour): return None
def half(): return type("Half", (), {"act": lambda self: 0})()
def nothing(): return None
def explodes(): raise RuntimeError("no weights here")
class Shy(Still):
    calls = []
    def reset(self, goal):
        self.calls.append(goal)
        if len(self.calls) in (1, 5): raise RuntimeError("not this one")
number = 3
"""
OFFERED = {"action_space": Box(-1, 1, (2,), np.float32), "action_block": 5, "seed": 7}
QUICK = ["cases.count=4", "cases.blocks=3", "cases.budget=4", "cold=0", "videos=0"]
QUICK += ["reference.cases=0", "overwrite=true"]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """The current directory, with a module in it that is not on `sys.path`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "theirs.py").write_text(AGENTS)
    (tmp_path / "torn.py").write_text("import nowhere_at_all")
    yield tmp_path
    sys.modules.pop("theirs", None)


@pytest.mark.parametrize("name", ["Still", "still", "policy", "makes_policy"])
def test_whatever_makes_an_agent_or_is_a_policy(name):
    agent = make_agent(find(f"theirs:{name}"), name, **OFFERED)
    goal = type("Goal", (), {"observation": {"pixels": np.full((8, 8, 3), 3.0)}})
    agent.reset(goal)
    agent.observe({"pixels": np.full((8, 8, 3), 1.0)}, None)
    actions = agent.act()
    assert actions.shape == ((1, 2) if name == "policy" else (5, 2))
    assert (actions == (0.02 if name == "policy" else 0)).all()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("absent:make", "no module 'absent'"),
        ("torn:make", "raised ModuleNotFoundError: No module named 'nowhere_at_all'"),
        ("theirs:make", "has no 'make'; what can be called there: ['Still', 'still', 'policy'"),
        ("theirs:Still.make", "has no 'make'"),
        ("theirs:number", "is a int"),
        ("theirs:asks", "asks for ['colour']; it may ask for ['action_block'"),
        ("theirs:half", "['act'] of the methods reset, observe and act"),
        ("theirs:nothing", "made a NoneType with none of the methods"),
        ("theirs", "write module:function"),
        (":make", "write module:function"),
    ],
)
def test_what_is_no_agent_is_refused(name, message):
    with pytest.raises(WmpcError) as caught:
        make_agent(find(name), name, **OFFERED)
    assert message in str(caught.value)


def test_a_function_of_the_house_comes_by_name_too():
    made = make_agent(lambda action_block: ZeroAgent(2, action_block), "zero", **OFFERED)
    assert made.act().shape == (5, 2)


def test_the_word_stands_for_two_keys():
    words = ["run=x", "agent=my.own:Agent.make", "agent.seed=3"]
    (job,) = compose.jobs("eval", words)
    assert job.config.agent.function == "my.own:Agent.make" and job.config.agent.seed == 3
    jobs = compose.jobs("eval", ["-m", "run=x", "agent=zero,my:make"])
    assert jobs[1].config.agent.function == "my:make"


def test_an_external_agent_is_evaluated_like_ours(trained, wmpc, tmp_path):
    for name in ("Still", "policy"):
        words = [f"run={trained}", f"agent=theirs:{name}", f"name={name}", *QUICK]
        code, said = wmpc("eval", *words)
        assert code == 0, said
        results = json.loads((trained / "eval" / name / "results.json").read_text())
        assert [row["failure"] for row in results["rows"]] == [None] * 4
        assert results["config"]["agent"]["function"] == f"theirs:{name}"
    seeds = (tmp_path / "seeds").read_text().split()
    assert len(seeds) == 5 and len(set(seeds)) == 5  # one to see whether it works, one a case


@pytest.mark.parametrize("name", ["Walker", "policy"])
def test_the_example_reaches_its_goals(two_room, wmpc, monkeypatch, pytestconfig, name):
    monkeypatch.chdir(pytestconfig.rootpath)
    words = [f"agent=examples.external_agent:{name}", f"name={name}", "cases.count=4"]
    code, said = wmpc("eval", f"run={two_room}", *words, "cold=0", "videos=0", "reference.cases=0")
    assert code == 0 and "4/4 reached" in said, said


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("agent=theirs:explodes", "raised RuntimeError: no weights here"),
        ("agent=theirs:half", "of the methods reset"),
        ("agent=theirs:make", "has no 'make'"),
        ("agent=absent:make", "no module 'absent'"),
        ("agent=mcp", "did you mean 'mpc'"),
        ("agent=mine", "module:name"),
        ("agent=external", "agent.function=... must be given"),
    ],
)
def test_wrong_names_end_in_one_sentence(trained, wmpc, word, message):
    code, said = wmpc("eval", f"run={trained}", word, *QUICK)
    assert code == 2 and message in said and "Traceback" not in said
    assert said.strip().count("\n") == 0


def test_one_broken_case_ends_no_run(trained, wmpc):
    """The only cold case breaks as its warm twin did: two rows say so, the others stand."""
    words = ["agent=theirs:Shy", "name=shy", *QUICK, "cold=1"]
    code, said = wmpc("eval", f"run={trained}", *words)
    assert code == 0, said
    results = json.loads((trained / "eval" / "shy" / "results.json").read_text())
    broken = [row["failure"] is not None for row in results["rows"]]
    assert broken == [True, False, False, False, True]
    assert "not this one" in results["rows"][0]["failure"] and "1 of them failed" in said
