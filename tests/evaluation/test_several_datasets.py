"""A run on two worlds is asked in either, each time in the right one."""

import pytest

import wmpc
from wmpc.errors import WmpcError
from wmpc.evaluation.find_manifest import find_dataset
from wmpc.reporting.facts import dataset_of

FEW = {"cases": {"count": 2, "blocks": 2, "budget": 2, "filter": "any"}, "cold": 0, "videos": 0}
FEW |= {"reference": {"cases": 0}}
SMALL = {"samples": 8, "iterations": 1, "elites": 4}


@pytest.fixture(scope="module")
def run(reacher, two_room, tmp_path_factory):
    """A run on random episodes of both that has learned next to nothing, and the second's data."""
    run, other = tmp_path_factory.mktemp("both") / "run", find_dataset(str(two_room), None)
    wmpc.train(reacher, run, "tiny", also=[other], steps=2, batch=4, evaluate_every=2)
    return run, other


def test_it_is_evaluated_where_the_data_are_from(run):
    run, other = run
    first = wmpc.evaluate(run, planner=SMALL, **FEW)
    second = wmpc.evaluate(run, data=other, planner=SMALL, name="second", **FEW)
    assert first.headline.startswith("Reacher") and second.headline.startswith("TwoRoom")
    assert not [note for found in (first, second) for note in found.content["notes"]]


def test_cases_of_a_further_world_ask_for_its_data(run):
    run, other = run
    second = wmpc.evaluate(run, data=other, planner=SMALL, name="kept", **FEW)
    cases = {**FEW["cases"], "path": second.content["manifest"]["file"]}
    with pytest.raises(WmpcError, match=r"2 datasets.*say data=FOLDER"):
        wmpc.evaluate(run, planner=SMALL, **{**FEW, "cases": cases})


def test_it_plans_where_the_data_are_from(run):
    run, other = run
    asked = {"planner": SMALL, "budget": 1}
    first = wmpc.plan(run, "frame:9:3", **asked)
    second = wmpc.plan(run, "frame:9:3", data=other, **asked)
    assert first.row is not None and second.row is not None
    assert set(second.row.errors_end) == {"distance_m"} != set(first.row.errors_end)
    with pytest.raises(WmpcError, match="nowhere"):
        wmpc.plan(run, "frame:9:3", data="nowhere", **asked)


def test_a_page_shows_the_dataset_of_its_evaluation(tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    of_one = {"train": {"data": str(first)}, "data": {}}
    of_two = {**of_one, "data": {"others": [{}]}}
    results = {"config": {"data": str(second)}}
    for config in (of_one, of_two):
        assert dataset_of(config, None, None) == first == dataset_of(config, {"config": {}}, None)
    assert dataset_of(of_one, results, None) == first
    assert dataset_of(of_two, results, None) == second == dataset_of(None, results, None)
    assert dataset_of(of_two, results, str(first)) == first
    for odd in ("shipped:none", "x" * 5000, 3, None, "\0"):
        dataset_of(of_two, {"config": {"data": odd}}, None)
    second.rmdir()
    assert dataset_of(of_two, results, None) is None  # moved: the first would be another's
    with pytest.raises(WmpcError, match="there is no dataset"):
        dataset_of(of_one, results, str(second))
