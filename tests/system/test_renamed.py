"""Words of earlier versions are refused by their new name, and translated where recorded."""

import hashlib
import json

import pytest

import wmpc
from wmpc.errors import WmpcError
from wmpc.evaluation.find_manifest import find_manifest
from wmpc.evaluation.read_results import read_results
from wmpc.system.renamed import rename_keys, rename_word


@pytest.mark.parametrize(
    ("call", "now"),
    [
        (lambda: wmpc.collect(env="reacher", data="set"), "task"),
        (lambda: wmpc.evaluate(data="set", manifest="hard"), "cases"),
        (lambda: wmpc.evaluate(data="set", patience=3), "timeout_s"),
        (lambda: wmpc.diagnose("run", manifest="hard"), "cases"),
    ],
)
def test_an_old_argument_is_refused_by_its_new_name(call, now):
    with pytest.raises(WmpcError, match=f"it is called '{now}' now"):
        call()


def test_recorded_keys_are_translated_and_those_of_today_stay():
    of_today = {"cases": {"count": 3, "budget": 2}, "agent": {"patience": 7}, "timeout_s": 1.0}
    old = {"manifest": {"cases": 3, "budget": 2}, "agent": {"patience": 7}, "patience": 1.0}
    assert rename_keys(old) == rename_keys(of_today) == of_today
    assert rename_word("+env.kwargs.x=[env]") == "+task.kwargs.x=[env]"
    assert rename_word("reference.cases=3") == "reference.cases=3"


def test_results_are_read_under_the_keys_of_today(tmp_path):
    old = {"format": "wmpc-results", "version": 2, "env": {}, "summary": {}, "reference": {}}
    old |= {"manifest": {"hash": "beef"}, "rows": [], "config": {"manifest": {"cases": 3}}}
    (tmp_path / "results.json").write_text(json.dumps(old))
    read = read_results(tmp_path / "results.json")
    assert read["config"] == {"cases": {"count": 3}} and read["manifest"] == {"hash": "beef"}


def find_file(folder, **asked):
    """The file of a case, and the filter that it passes."""
    drawn, file = find_manifest(asked, None, str(folder), None)
    return file.stem, drawn.filter


def name_as_before(folder, **asked):
    """The name that the file of these cases had in the first version that named them so."""
    asked["cases"] = asked.pop("count")
    identity = json.dumps([2, asked, 5, wmpc.open_episodes(folder).hash], sort_keys=True)
    return f"ahead-{hashlib.sha256(identity.encode()).hexdigest()[:10]}"


def test_frozen_cases_keep_the_file_that_they_had(tmp_path):
    folder = tmp_path / "set"
    wmpc.collect("reacher", folder, episodes=10, steps=10, workers=0)
    asked = {"kind": "ahead", "blocks": 1, "budget": 2, "count": 1, "filter": None}
    assert find_file(folder, **asked) == (name_as_before(folder, **asked), None)
    hard = {**asked, "filter": "hard", "blocks": 5, "budget": 5}
    assert find_file(folder, **hard) == (name_as_before(folder, **hard), "far_pose")


def test_cases_of_pusht_that_were_drawn_before_its_block_had_to_move_are_any(tmp_path):
    folder = tmp_path / "set"
    wmpc.collect("push_t", folder, episodes=10, policy="scripted", workers=0)
    asked = {"kind": "ahead", "blocks": 5, "budget": 5, "count": 1}
    before, moved = (name_as_before(folder, **asked, filter=f) for f in (None, "block_moved"))
    assert find_file(folder, **asked, filter="any") == (before, None)
    assert find_file(folder, **asked, filter=None) == (moved, "block_moved")
    assert find_file(folder, **asked, filter="block_moved") == (moved, "block_moved")
