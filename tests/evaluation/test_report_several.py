"""`wmpc report compare`, `seeds` and `tasks`: what they conclude, and what they refuse."""

import json
import shutil

import numpy as np
import pytest
from made_up_sides import GOOD, POOR, refused, said_of, writer

from wmpc.evaluation.evidence.comparison import compare_results
from wmpc.evaluation.evidence.result import find_result


@pytest.fixture
def write(tmp_path):
    return writer(tmp_path)


def test_a_clear_difference_of_two_planners_on_one_checkpoint(write, wmpc, tmp_path):
    a, b = write("r", "icem", GOOD), write("r", "few", POOR, samples=8)
    said = said_of(wmpc, "compare", a, b, f"out={tmp_path}/told.json")
    assert "A reaches 25 points more than B on these 60 cases" in said
    assert "15 cases were reached by A alone, 0 by B alone" in said
    assert "due to the planner (samples 256 against samples 8)" in said
    assert "holds for other trainings" in said and "other seeds of the planner" in said
    assert "equally good" not in said and "do not tell" not in said
    found = json.loads((tmp_path / "told.json").read_text())
    assert found["table"] == {"both": 40, "only_a": 15, "only_b": 0, "neither": 5}
    assert found["p"] == pytest.approx(2 / 2**15, abs=1e-12) and found["significant"]
    assert found == compare_results([find_result(a)], [find_result(b)])


def test_a_comparison_may_be_a_page_and_nothing_else_is(write, wmpc, tmp_path):
    a, b = write("r", "icem", GOOD), write("r", "few", POOR, samples=8)
    said_of(wmpc, "compare", a, b, f"out={tmp_path}/two.html")
    assert "A reaches 25 points more than B" in (tmp_path / "two.html").read_text()
    code, said = wmpc("report", "seeds", a, b, f"out={tmp_path}/two.html")
    assert code == 2 and "seeds has no page" in " ".join(said.split())


def test_two_trainings_say_nothing_of_their_methods(write, wmpc):
    said = said_of(wmpc, "compare", write("r", "x", GOOD), write("s", "x", POOR, seed=1))
    assert "Anything about the methods: each side is one training" in said
    assert "nothing but their seeds differs" in said
    said = said_of(wmpc, "compare", write("r", "x", GOOD), write("r", "y", GOOD, planner_seed=1))
    assert "nothing but their seeds differs" in said


def test_no_clear_difference_asks_for_more_cases(write, wmpc):
    few, other = GOOD.copy(), GOOD.copy()
    few[:3], other[10:12] = False, False
    a, b = write("r", "x", few), write("r", "y", other, samples=8)
    said = said_of(wmpc, "compare", a, b)
    assert "do not tell A and B apart" in said and "That A and B are equally good." in said
    advised = compare_results([find_result(a)], [find_result(b)])["needed"]
    assert f"takes {advised['cases']} cases" in said and advised["cases"] > 1000
    closer = said_of(wmpc, "compare", a, b, "difference=0.1")
    assert "a difference of 10 points takes" in closer


def test_equal_results_name_no_number_and_ceilings_are_named(write, wmpc):
    a = write("r", "x", np.ones(60, bool))
    said = said_of(wmpc, "compare", a, write("s", "x", np.ones(60, bool), seed=1))
    assert "name a difference=" in said and "both are at the ceiling" in said
    said = said_of(wmpc, "compare", write("r", "y", ~GOOD[::-1] & False, samples=2),
                   write("s", "y", GOOD & False, seed=1, samples=2))  # fmt: skip
    assert "at the floor" in said


def test_whatever_else_differs_is_said(write, wmpc):
    b = write("s", "x", POOR, seed=1, latency=0.1, versions={"wmpc": "0.2"}, samples=8)
    said = said_of(wmpc, "compare", write("r", "x", GOOD), b)
    assert "the sides differ in planner, latency and versions at once" in said
    assert "wmpc 0.1" in said and "wmpc 0.2" in said


def test_sides_trained_with_other_objectives_differ_in_their_recipe(write, wmpc):
    a, b = write("r", "x", GOOD), write("s", "x", POOR, seed=1, sigreg=0.1)
    said = said_of(wmpc, "compare", a, b)
    assert "objective.sigreg.weight" in said and "0.25" in said and "0.1" in said
    assert "luck of the seed" not in said
    refused(wmpc, ["compare", a, b, "vs", write("t", "x", POOR, seed=2)], "sigreg")


def test_a_side_that_ranks_no_plans_differs_in_its_agent_alone(write, wmpc):
    b = write("s", "x", POOR)
    results = json.loads((b / "results.json").read_text())
    results["config"]["agent"] = {"_target_": "wmpc.agents.entrants.zero"}
    results["agent"] = {"name": "zero", "planner": None}
    (b / "results.json").write_text(json.dumps(results))
    said = said_of(wmpc, "compare", write("r", "x", GOOD), b)
    assert "cost" not in said.split("differs A B")[-1]


def test_cases_that_broke_are_said(write, wmpc):
    b = write("s", "x", POOR, seed=1)
    results = json.loads((b / "results.json").read_text())
    results["rows"][50]["failure"] = "the agent raised"
    (b / "results.json").write_text(json.dumps(results))
    said = said_of(wmpc, "compare", write("r", "x", GOOD), b)
    assert "B's rate is all B can do: 1 of its cases broke" in said


@pytest.fixture
def methods(write):
    """Two methods, three trainings and two planner seeds each: folders of either."""
    rng, found = np.random.default_rng(0), ([], [])
    for side, p in enumerate((0.9, 0.6)):
        for seed in range(3):
            for planner_seed in range(2):
                found[side].append(
                    write(f"m{side}-seed={seed}", f"p{planner_seed}", rng.random(60) < p,
                          seed=seed, planner_seed=planner_seed, samples=10 + side)
                )  # fmt: skip
    return found


def test_several_seeds_a_side_stand_around_vs(methods, wmpc, tmp_path):
    a, b = methods
    said = said_of(wmpc, "compare", *a[::-1], "vs", *b, f"out={tmp_path}/told.json")
    assert "A 3 trainings x 2 planner seeds" in said and "only 2/3 of the variance" in said
    assert "McNemar" not in said
    found = json.loads((tmp_path / "told.json").read_text())
    assert found["significant"] and found["table"] is None and found["p"] is None
    assert found["a"]["training_seeds"] == [0, 1, 2] and np.shape(found["a"]["rates"]) == (3, 2)
    again = said_of(wmpc, "compare", *a, "vs", *b)
    assert again == said.removesuffix(f" {tmp_path}/told.json")  # order is no matter, seeds fixed


def test_the_variance_is_split_in_words_and_numbers(methods, wmpc, tmp_path):
    said = said_of(wmpc, "seeds", *methods[0], f"out={tmp_path}/told.json")
    assert "which 60 cases were drawn" in said and "standard deviation of" in said
    assert "Variances from 3 trainings are rough" in said
    found = json.loads((tmp_path / "told.json").read_text())
    assert found["variance"]["cases"] == pytest.approx(found["rate"] * (1 - found["rate"]) / 60)
    said = said_of(wmpc, "seeds", *methods[0][:2])
    assert "not varied" in said and "With one training, nothing is known of others." in said


def test_tasks_are_told_in_one_number(methods, write, wmpc, tmp_path):
    a, b = methods
    rng = np.random.default_rng(1)
    for side, folders in enumerate(methods):
        for seed in range(3):
            outcomes = rng.random(60) < 0.5
            folders.append(
                write(f"n{side}-seed={seed}", "p", outcomes, seed=seed, cases="dead",
                      env={"id": "wmpc/PushT-v0"})
            )  # fmt: skip
    said = said_of(wmpc, "tasks", *a, "vs", *b, f"out={tmp_path}/told.json")
    assert "PushT ahead dead" in said and "A less B" in said and "too narrow" in said
    found = json.loads((tmp_path / "told.json").read_text())
    scores = np.sort(np.ravel(found["a"]["scores"]))
    assert found["a"]["iqm"] == pytest.approx(scores[1:5].mean(), abs=1e-12)
    assert "so there is no interval" in said_of(wmpc, "tasks", a[0], a[-1])


def test_a_run_stands_for_its_latest_results(write, wmpc, tmp_path):
    write("r", "x", GOOD)
    write("s", "x", POOR, seed=1)
    assert "A reaches 25 points" in said_of(wmpc, "compare", tmp_path / "r", tmp_path / "s")


def test_a_run_that_results_name_elsewhere_is_not_read(write, tmp_path):
    """Results may come from anybody: the path of a run in them is a word."""
    there = write("a", "one", GOOD)
    assert find_result(str(there)).settings["training.model.latent"] == 16
    moved = tmp_path / "elsewhere"
    shutil.copytree(there, moved)
    assert "training.model.latent" not in find_result(str(moved)).settings


def test_other_cases_are_refused_with_both_hashes(write, wmpc):
    manifest = {"hash": "dead", "kind": "ahead", "filter": None, "budget": 20}
    a, b = write("r", "x", GOOD), write("s", "x", POOR, manifest=manifest)
    refused(wmpc, ["compare", a, b], "beef", "dead", "budget 10 and 20")
    refused(wmpc, ["seeds", a, b], "beef", "dead")
    refused(wmpc, ["tasks", a, "vs", b], "not measured on the same cases")
    fewer = write("s", "y", POOR[:50])
    refused(wmpc, ["compare", a, fewer], "60 cases", "50 or others")


def test_the_same_results_twice_are_refused(write, wmpc, tmp_path):
    a = write("r", "x", GOOD)
    copy = shutil.copytree(tmp_path / "r", tmp_path / "copy") / "eval" / "x"
    for words in (["compare", a, a], ["compare", a, copy], ["tasks", a, "vs", copy]):
        refused(wmpc, words, "are the same results")
    refused(wmpc, ["seeds", a, copy], "the same checkpoint with the same planner seed")


def test_a_side_is_one_method(write, wmpc):
    a, b = write("r", "x", GOOD), write("s", "x", POOR, seed=1, samples=8)
    refused(wmpc, ["seeds", a, b], "differ in planner.samples (256, 8)")
    c, d = write("r", "y", GOOD, planner_seed=1), write("t", "x", GOOD, seed=2)
    refused(wmpc, ["seeds", a, c, d], "equally many")
    e = write("e", "x", GOOD, cases="dead")
    refused(wmpc, ["tasks", a, d, e], "different numbers of trainings")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["compare"], "no results came"),
        (["compare", "vs"], "no results came"),
        (["compare", "nowhere", "nowhere"], "nowhere does not exist"),
        (["compare", "{r}"], "takes two, A B"),
        (["compare", "{r}", "vs", "{r}", "vs", "{r}"], "vs came 2 times"),
        (["compare", "{r}", "{s}", "difference=5"], "0.05 for 5 points"),
        (["compare", "{r}", "{s}", "difference=much"], "0.05 for 5 points"),
        (["seeds", "{r}"], "two or more results"),
        (["seeds", "{r}", "vs", "{s}"], "two or more results"),
        (["tasks"], "no results came"),
        (["compara", "{r}"], "did you mean 'compare'"),
        (["page", "{r}"], "run=... must be given"),
        ([], "run=... must be given"),
    ],
)
def test_wrong_words(write, wmpc, words, message):
    folders = {"r": write("r", "x", GOOD), "s": write("s", "x", POOR)}
    refused(wmpc, [word.format(**folders) for word in words], message)


@pytest.mark.parametrize(
    "damage",
    [
        lambda results: "{",
        lambda results: "[]",
        lambda results: json.dumps(results | {"rows": "all"}),
        lambda results: json.dumps(results | {"rows": []}),
        lambda results: json.dumps(results | {"rows": [{"case": 0}]}),
        lambda results: json.dumps(results | {"manifest": {}}),
        lambda results: json.dumps(results | {"config": 3}),
        lambda results: json.dumps(results | {"env": None}),
    ],
)
def test_damaged_results_are_named(write, wmpc, damage):
    a, b = write("r", "x", GOOD), write("s", "x", POOR)
    results = json.loads((a / "results.json").read_text())
    (a / "results.json").write_text(damage(results))
    refused(wmpc, ["compare", a, b], f"{a}", "evaluate again")
