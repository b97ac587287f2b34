"""A cost is chosen like a planner: ours by name, anybody's by module:name, an object in Python."""

import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import untrained

import wmpc
from wmpc.agents.cost import make_cost
from wmpc.agents.taught import fit_cost
from wmpc.api.presets import read_preset
from wmpc.cli import compose
from wmpc.cli.main import main
from wmpc.errors import WmpcError
from wmpc.evaluation.read_results import read_results
from wmpc.planners import ICEM, GoalCost, LatentDistance, Target
from wmpc.planners.costs import WhitenedDistance
from wmpc.system.renamed import move_settings
from wmpc.wm.data import open_episodes

PAGE = Path(__file__).parents[2] / "docs" / "new-cost.md"
MODULE = """
from wmpc.planners import costs

def flat(target, executed=1, price: float = 1.0):
    return costs.effort(price)

def made(price: float = 2.0):
    return lambda target, executed: costs.effort(price * executed)

class Priced:
    def __init__(self, price: float = 3.0):
        self.price = price

    def __call__(self, target, executed):
        return costs.effort(self.price)

def nothing(price: float = 1.0):
    return None
"""
FEW = {"count": 2, "blocks": 2, "budget": 2}
QUICK = {"cases": FEW, "cold": 0, "reference": {"cases": 0}, "videos": 0}
SMALL = {"samples": 8, "elites": 2, "iterations": 1}


@pytest.fixture(autouse=True)
def module(tmp_path, monkeypatch):
    (tmp_path / "priced.py").write_text(MODULE)
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    yield
    sys.modules.pop("priced", None)


def composed(*words):
    (job,) = compose.jobs("eval", list(words))
    return job.config.cost


def price(cost: GoalCost, executed=2):
    latents, actions = torch.zeros(1, 1, 3, 1, 2), torch.ones(1, 1, 3, 4)
    return float(cost(Target(torch.zeros(1, 1, 2)), executed)(latents, actions))


@pytest.mark.parametrize(
    ("words", "priced"),
    [
        (["cost=priced:flat"], 1),
        (["cost=priced:flat", "cost.price=5"], 5),
        (["cost=priced:made"], 4),
        (["cost=priced:Priced", "cost.price=7"], 7),
    ],
)
def test_a_function_its_maker_and_a_class_are_costs(words, priced):
    assert price(make_cost(composed(*words))) == priced


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"_target_": "priced:flat", "prize": 3}, "prize"),
        ({"_target_": "priced:made", "prize": 3}, "prize"),
        ({"_target_": "priced:nothing"}, "made a NoneType"),
        ({"_target_": "priced:gone"}, "no 'gone'"),
        ({"_target_": "wmpc.planners.costs.LatentDistance", "steps": "first"}, "steps is 'first'"),
    ],
)
def test_what_is_no_cost_is_told(config, message):
    with pytest.raises(WmpcError, match=message):
        make_cost(config)


@pytest.mark.parametrize(("key", "now"), [("steps", "last"), ("gamma", "0.5")])
@pytest.mark.parametrize("agent", ["mpc", "simulator"])
def test_settings_that_moved_are_told_where_they_are(agent, key, now, capsys, tmp_path):
    said = rf"there is no agent.{key}: it is a setting of the cost now, cost.{key}=..."
    assert main(["eval", f"agent={agent}", f"agent.{key}={now}"]) == 2
    assert said in capsys.readouterr().err
    (tmp_path / "agent").mkdir()
    text = f"_target_: wmpc.agents.entrants.{agent}\n{key}: {now}\n"
    (tmp_path / "agent" / "mine.yaml").write_text(text)
    assert main(["eval", "--config-dir", str(tmp_path), "agent=mine"]) == 2
    assert said in capsys.readouterr().err
    with pytest.raises(WmpcError, match=said):
        wmpc.evaluate("nowhere", agent={**read_preset("agent", agent), key: now})


def test_steps_of_a_training_are_no_steps_of_a_cost():
    (job,) = compose.jobs("eval", ["agent=gcbc", "agent.steps=5"])
    assert job.config.agent.steps == 5


def test_what_results_of_earlier_versions_hold_is_a_cost():
    old = {"agent": {"_target_": "wmpc.agents.entrants.mpc", "horizon": 5, "steps": "last"}}
    moved = move_settings(old)
    assert moved["agent"] == {"_target_": "wmpc.agents.entrants.mpc", "horizon": 5}
    assert make_cost(moved["cost"]) == LatentDistance("last", 0.9)
    assert move_settings(moved) == moved
    cloned = {"agent": {"_target_": "wmpc.agents.entrants.gcbc", "steps": 5}}
    assert move_settings(cloned) == cloned


def test_an_evaluation_plans_with_the_cost_that_is_given(trained, reacher, tmp_path):
    """One that sees nothing but actions, and likes them large."""
    given = {"data": reacher, "planner": SMALL, "folder": tmp_path, **QUICK}
    distance = wmpc.evaluate(trained, name="distance", **given)
    by_name = wmpc.evaluate(
        trained, name="named", cost={"_target_": "priced:flat", "price": -1}, **given
    )
    given["planner"] = ICEM(**SMALL)
    asked = []

    class Noted(LatentDistance):
        def __call__(self, target, executed):
            asked.append(target)
            return super().__call__(target, executed)

    by_object = wmpc.evaluate(trained, name="given", cost=Noted(), **given)
    assert asked and asked[0].latents.shape[0] == 1
    assert [row.distance_best for row in by_object.rows] == [
        row.distance_best for row in distance.rows
    ]
    assert [row.distance_end for row in by_name.rows] != [row.distance_end for row in distance.rows]
    assert by_object.content["config"]["cost"]["steps"] == "sum"


@pytest.mark.parametrize("stride", [1, 2])
def test_a_cost_that_is_fitted_sees_latents_one_block_apart(stride, reacher, tmp_path):
    seen = []

    class Fitted(LatentDistance):
        def fitted(self, latents):
            seen.append(latents)
            return self

    model = wmpc.load(untrained(reacher, tmp_path / "run", stride))
    episodes = open_episodes(reacher)
    fit_cost(Fitted(), model, lambda: episodes)
    (found,) = seen
    (first, *_) = ids = episodes.train_ids
    row = episodes.ends[first] - episodes.lengths[first] - 1
    frames = episodes.frames("pixels")[[row, row + stride]]
    assert torch.allclose(found[0], model.encode({"pixels": frames[None]})[0], atol=1e-5)
    assert len(found) == (episodes.lengths[ids] - stride + 1).sum()  # of none that is held out
    plain = LatentDistance()
    assert fit_cost(plain, model, None) is plain
    with pytest.raises(WmpcError, match="needs a run and its dataset"):
        fit_cost(Fitted(), model, None)


def test_a_simulator_has_no_latents_to_fit_a_cost_to(trained, reacher, tmp_path):
    given = {"data": reacher, "planner": SMALL, "folder": tmp_path, **QUICK}
    with pytest.raises(WmpcError, match="agent=simulator has none"):
        wmpc.evaluate(trained, agent="simulator", cost="whitened_distance", **given)


@pytest.mark.parametrize("agent", ["mpc", "roadmap"])
def test_agents_that_plan_fit_the_whitened_distance(agent, trained, reacher, tmp_path):
    roots = []

    class Noted(WhitenedDistance):
        def fitted(self, latents):
            made = super().fitted(latents)
            roots.append(made.root)
            return made

    given = {"data": reacher, "planner": SMALL, "agent": agent, "folder": tmp_path, **QUICK}
    wmpc.evaluate(trained, name="noted", cost=Noted(), **given)
    D = wmpc.load(trained).latent
    assert [root.shape for root in roots] == [(1, D, D)]
    named = wmpc.evaluate(trained, name="named", cost="whitened_distance", **given)
    assert [row.failure for row in named.rows] == [None, None]


def test_results_with_the_settings_of_earlier_versions_are_read(trained, reacher, tmp_path):
    found = wmpc.evaluate(
        trained, data=reacher, planner=SMALL, folder=tmp_path, name="now", **QUICK
    )
    file = found.folder / "results.json"
    content = json.loads(file.read_text())
    cost = content["config"].pop("cost")
    content["config"]["agent"] |= {k: v for k, v in cost.items() if k != "_target_"}
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "results.json").write_text(json.dumps(content))
    old = read_results(tmp_path / "old" / "results.json")
    assert old["config"] == found.content["config"]
    with pytest.raises(WmpcError, match="are the same results"):  # no setting differs
        wmpc.compare(found.folder, tmp_path / "old")


def test_a_plan_takes_a_cost(trained):
    picture = np.zeros((32, 32, 3), np.uint8)
    asked = []

    def noted(target, executed):
        asked.append(executed)
        return LatentDistance()(target, executed)

    wmpc.plan(trained, picture, budget=1, planner=SMALL, cost=noted, name="own-cost")
    assert asked == [1]


def test_the_page_runs_as_it_stands():
    code = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.S | re.M)
    names: dict = {}
    exec(compile("\n".join(code), str(PAGE), "exec"), names)
    assert names["agent"].act().shape == (1, 2)
