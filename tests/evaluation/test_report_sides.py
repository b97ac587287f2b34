"""Comparisons of agents that nobody trained here, and of those whose seed is no planner's."""

import json
import shutil

import pytest
from made_up_sides import GOOD, POOR, refused, said_of, writer

from wmpc.evaluation.evidence.comparison import compare_results
from wmpc.evaluation.evidence.result import parse_result
from wmpc.evaluation.read_results import read_results
from wmpc.evaluation.statistics import comparison


@pytest.fixture
def write(tmp_path):
    return writer(tmp_path)


def agent(name, **keys):
    return {"agent": {"_target_": f"wmpc.agents.entrants.{name}", **keys}, "planner": {}}


def test_results_without_a_checkpoint_share_none(write, wmpc, tmp_path):
    words = [
        {"checkpoint": None, "config": agent("external", function=f"m:{f}", seed=0)} for f in "fg"
    ]
    a, b = write("r", "f", GOOD, **words[0]), write("s", "g", POOR, **words[1])
    said = said_of(wmpc, "compare", a, b, f"out={tmp_path}/told.json")
    assert "other trainings of A and B: these results name no checkpoint" in said
    assert "checkpoints are the same" not in said and "same checkpoint" not in said
    assert "compares two checkpoints" not in said
    found = json.loads((tmp_path / "told.json").read_text())
    assert found["a"]["checkpoints"] == found["b"]["checkpoints"] == [None]
    refused(wmpc, ["compare", a, shutil.copytree(a, tmp_path / "copy")], "are the same results")

    other = write("t", "f", POOR, **words[0])
    said = said_of(wmpc, "compare", a, other)
    assert "luck of the seed" not in said and "nothing on record differs" in said
    said = said_of(wmpc, "compare", a, write("u", "x", POOR))
    assert "other trainings of A: these" in said and "B is one training" in said


def test_no_checkpoint_is_no_bond_between_bootstrapped_sides(write, monkeypatch):
    shared = []
    real = comparison.bootstrap_differences

    def spy(*arguments, **options):
        shared.append(options["shared"])
        return real(*arguments, **options)

    monkeypatch.setattr(comparison, "bootstrap_differences", spy)
    sides = []
    for function, outcomes in (("m:f", GOOD), ("m:g", POOR)):
        configs = [agent("external", function=function, seed=seed) for seed in range(2)]
        folders = [
            write(function[-1], f"{seed}", outcomes, checkpoint=None, config=config)
            for seed, config in enumerate(configs)
        ]
        sides.append([parse_result(read_results(folder / "results.json")) for folder in folders])
    found = compare_results(*sides)
    assert shared == [False] and found["significant"]
    assert "A 2 agent seeds, B 2 agent seeds" in found["may"][0]


def test_seeds_of_other_agents_are_not_called_the_planners(write, wmpc):
    folders = [
        write("r", f"{name}{seed}", outcomes, config=agent(name, seed=seed))
        for name, outcomes in (("gcbc", GOOD), ("gcidm", POOR))
        for seed in range(2)
    ]
    one = said_of(wmpc, "compare", folders[0], folders[2])
    assert "That other agent seeds give the same" in one
    several = said_of(wmpc, "compare", *folders[:2], "vs", *folders[2:])
    assert "A 1 trainings x 2 agent seeds" in several
    split = said_of(wmpc, "seeds", *folders[:2])
    assert "between agent seeds" in split
    assert not any("planner" in said for said in (one.split("differs A B")[0], several, split))
    twice = write("r", "again", POOR, config=agent("gcbc", seed=0))
    refused(wmpc, ["seeds", folders[0], twice], "same agent seed")
    beside = said_of(wmpc, "compare", folders[0], write("r", "mpc", POOR))
    assert "agent and planner seeds" in beside and "other agent seeds" in beside


def test_names_are_printed_as_they_are(write, wmpc, tmp_path):
    a, b = write("r[b]", "[red]x", GOOD), write("s", "[i]x", POOR, planner_seed="[/]")
    out = tmp_path / "[bold]" / "told.json"
    said = said_of(wmpc, "compare", a, b, f"out='{out}'")
    assert "r[b]/[red]x" in said and "s/[i]x" in said and "[bold]/told.json" in said
    assert "[/]" in said_of(wmpc, "seeds", b, write("s", "y", GOOD, planner_seed="[/b]"))
