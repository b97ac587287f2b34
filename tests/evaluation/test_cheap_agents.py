"""The agents that learn from the dataset, through the command line on the tiny Reacher."""

import json
import shutil

import pytest
from conftest import untrained

from wmpc.agents.entrant import Setting
from wmpc.agents.entrants import gcbc
from wmpc.errors import WmpcError

QUICK = ["cases.count=3", "cases.blocks=3", "cases.budget=4", "cold=0", "videos=0"]
QUICK += ["reference.cases=0"]
AGENTS = {
    "nearest": ["agent.execute=2"],
    "gcbc": ["agent.steps=20", "agent.width=8"],
    "gcidm": ["agent.steps=20", "agent.width=8", "agent.arrive=3"],
    "roadmap": ["agent.horizon=2", "agent.ahead=1", "planner.samples=8", "planner.iterations=1"],
    "actor": ["agent.execute=2"],
    "guarded": ["agent.horizon=3", "planner.samples=8", "planner.iterations=1"],
    "meta": ["agent.horizon=3", "planner.samples=8", "planner.iterations=2", "agent.short=1"],
}


@pytest.fixture(scope="module")
def acting(reacher, tmp_path_factory):
    """A run whose actor knows nothing either."""
    run = tmp_path_factory.mktemp("acting") / "run"
    untrained(reacher, run, actor={"weight": 1.0, "chunk": 2, "width": 8})
    errors = {"rankme": 2.0, "spread": [1.0], "rollout_error": [0.1], "rollout_baseline": [0.2]}
    (run / "train.jsonl").write_text(json.dumps({"kind": "eval", "step": 1, **errors}) + "\n")
    return run


@pytest.mark.parametrize("name", AGENTS)
def test_the_same_command_gives_the_same_rows(trained, acting, wmpc, tmp_path, name):
    run = shutil.copytree(
        acting if name in ("actor", "guarded", "meta") else trained, tmp_path / "run"
    )
    for own in ("first", "second"):
        code, said = wmpc("eval", f"run={run}", f"agent={name}", f"name={own}", *QUICK,
                          *AGENTS[name])  # fmt: skip
        assert code == 0, said
    one, two = (
        json.loads((run / "eval" / n / "results.json").read_text())["rows"]
        for n in ("first", "second")
    )
    for first, second in zip(one, two, strict=True):
        assert first["failure"] is None and first["steps"] == 20
        assert len(first["choices"]) == (4 if name == "meta" else 0)
        assert first | {"latencies_ms": 0} == second | {"latencies_ms": 0}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["agent=gcidm", "agent.arrive=6"], "it must be 1 to within = 5"),
        (["agent=gcbc", "agent.steps=0"], "steps is 0"),
        (["agent=nearest", "agent.frames=9"], "context is 3 frames"),
        (["agent=roadmap", "agent.neighbours=0"], "neighbours is 0"),
        (["agent=gcidm", "agent.ahead=0"], "ahead is 0"),
        (["agent=gcbc", "data=nowhere"], "no dataset at nowhere"),
        (["agent=actor"], "has no actor, but prediction, sigreg: train one with it"),
        (["agent=guarded"], "has no actor, but prediction, sigreg: train one with it"),
        (["agent=guarded", "agent.actor=false", "agent.recordings=false"], "nothing proposes"),
        (["agent=meta"], "has no train.jsonl with the model's errors"),
    ],
)
def test_wrong_settings_end_in_one_sentence(trained, wmpc, words, message):
    quick = [*QUICK, "agent.steps=1"] if "agent=gcidm" in words else QUICK
    code, said = wmpc("eval", f"run={trained}", "name=wrong", *quick, *words)
    assert code == 2 and message in said and "Traceback" not in said
    assert not (trained / "eval" / "wrong").exists()


def test_an_actor_executes_no_more_than_it_gives(acting, wmpc):
    code, said = wmpc(
        "eval", f"run={acting}", "name=wrong", *QUICK, "agent=actor", "agent.execute=3"
    )
    assert code == 2 and "execute is 3; it must be 1 to 2, the actor's chunk" in said


def test_recordings_alone_propose_where_there_is_no_actor(trained, wmpc, tmp_path):
    run = shutil.copytree(trained, tmp_path / "run")
    words = ["agent=guarded", "agent.actor=false", *AGENTS["guarded"]]
    code, said = wmpc("eval", f"run={run}", "name=own", *QUICK, *words)
    assert code == 0, said


def test_there_is_nothing_to_learn_without_a_run(line):
    with pytest.raises(WmpcError, match="needs a run and its dataset"):
        gcbc(Setting(line.Task(), 4))
