"""A submission holds only where everything it states follows from its actions."""

import json

import numpy as np
import pytest

import wmpc as package
from wmpc.agents.agent import Goal
from wmpc.envs.policies import RandomPolicy
from wmpc.errors import WmpcError
from wmpc.evaluation.manifest import hash_content, load_manifest
from wmpc.evaluation.read_results import RESULTS, read_results
from wmpc.evaluation.statistics.success import summary


class Lucky:
    """Acts at random, but replays on every second case: some goals are reached, some are not."""

    def __init__(self, action_space, action_block, seed):
        self._policy = RandomPolicy(action_space.low, action_space.high, 30.0)
        self._block, self._seed = action_block, seed

    def reset(self, goal: Goal):
        self._policy.reset(np.random.default_rng(self._seed))

    def observe(self, observation, executed):
        pass

    def act(self):
        return np.stack([self._policy({}) for _ in range(self._block)])


@pytest.fixture(scope="module")
def results(trained, tmp_path_factory):
    """Of an agent that reaches some goals, one block ahead, and not all."""
    found = package.evaluate(
        trained, agent=Lucky, cases={"blocks": 2, "budget": 4, "count": 12}, cold=2,
        videos=0, reference={"cases": 0}, folder=tmp_path_factory.mktemp("evals"), name="lucky",
    )  # fmt: skip
    assert 0 < found.rate < 1
    return found.folder


@pytest.fixture
def submission(results, tmp_path):
    return package.submit(results, tmp_path / "mine.json")


def changed(path, change):
    """Rewrite a submission, hash and all, as somebody would who wants to be believed."""
    content = json.loads(path.read_bytes())
    content.pop("hash")
    change(content)
    content["manifest"].pop("hash")
    new = hash_content(content["manifest"])
    content["manifest"]["hash"] = content["results"]["manifest"]["hash"] = new
    path.write_text(json.dumps({**content, "hash": hash_content(content)}))
    return path


def failing(path):
    return [check.name for check in package.verify(path).checks if check.fatal]


def counted(content):
    rows = [row for row in content["results"]["rows"] if row["start"] == "warm"]
    content["results"]["summary"] = summary(rows)
    return rows


def test_what_was_measured_holds(submission, results):
    found = package.verify(submission)
    assert found.holds and "holds: Reacher" in found.sentence
    said = {check.name: check.found for check in found.checks}
    assert said["outcomes"] == "12 of 12 to the action"
    reference = read_results(results / RESULTS)["reference"]["random"]["summary"]["success"]
    assert said["floors"] == f"random {reference['rate']:.0%}, replay 100%"
    assert package.verify(changed(submission, lambda content: None)).holds


def test_it_needs_no_file_beside_it_and_names_no_folder(submission, results, trained, reacher):
    text = submission.read_text()
    assert not [path for path in (results, trained, reacher) if str(path.parent) in text]
    assert "lead_in_state" in text


def claim_success(content):
    row = next(row for row in counted(content) if not row["success"])
    row.update(success=True, steps_to_success=3, success_end=True, held=10)
    counted(content)


def raise_rate(content):
    content["results"]["summary"]["success"]["rate"] = 1.0


def hide_a_case(content):
    content["results"]["rows"].pop(1)
    counted(content)


def count_twice(content):
    rows = content["results"]["rows"]
    rows[2] = {**rows[0]}
    counted(content)


def begin_at_the_goal(content):
    case = content["manifest"]["cases"][0]
    case["start_state"] = case["goal_state"]


def swap_actions(content):
    rows = counted(content)
    for row in rows:
        row["actions"] = rows[0]["actions"]


def lower_the_floor(content):
    content["results"]["reference"]["random"]["summary"]["success"]["rate"] = -0.5


def forget_the_floor(content):
    content["results"]["reference"].pop("random")


@pytest.mark.parametrize(
    ("change", "fails"),
    [
        (claim_success, "outcomes"),
        (raise_rate, "rates"),
        (hide_a_case, "rows"),
        (count_twice, "rows"),
        (begin_at_the_goal, "starts"),
        (swap_actions, "outcomes"),
        (lower_the_floor, "floors"),
        (forget_the_floor, "floors"),
    ],
)
def test_what_was_made_up_does_not_hold(submission, change, fails):
    found = package.verify(changed(submission, change))
    assert not found.holds and "does not hold" in found.sentence
    assert fails in [check.name for check in found.checks if check.fatal and check.fix]


def test_results_of_other_cases_do_not_hold(submission):
    content = json.loads(submission.read_bytes())
    content.pop("hash")
    content["results"]["manifest"]["hash"] = "0" * 64
    submission.write_text(json.dumps({**content, "hash": hash_content(content)}))
    assert failing(submission) == ["cases"]


def cut(content):
    content["results"]["rows"][0]["actions"]["data"] = "AAAA"


def widen(content):
    content["results"]["rows"][0]["actions"]["shape"] = [10, 4]


def spoil(content):
    content["results"]["rows"][0]["latencies_ms"] = "fast"


def no_agent(content):
    del content["results"]["agent"]


@pytest.mark.parametrize("change", [cut, widen, spoil, no_agent])
def test_what_is_damaged_is_said_in_a_sentence(submission, change):
    path = changed(submission, change)
    try:
        assert not package.verify(path).holds
    except WmpcError as error:
        assert "\n" not in str(error)


def test_a_file_that_was_altered_is_refused(submission, tmp_path):
    text = submission.read_text()
    submission.write_text(text.replace('"success": false', '"success": true', 1))
    with pytest.raises(WmpcError, match="altered or damaged"):
        package.verify(submission)
    submission.write_text(text[: len(text) // 2])
    with pytest.raises(WmpcError):
        package.verify(submission)
    with pytest.raises(WmpcError, match="no submission at"):
        package.verify(tmp_path / "nowhere.json")
    other = tmp_path / "other.json"
    other.write_text("{}")
    with pytest.raises(WmpcError, match="does not say format"):
        package.verify(other)


def test_results_of_an_earlier_version_cannot_be_submitted(results, tmp_path):
    old = json.loads((results / RESULTS).read_bytes())
    for row in old["rows"]:
        row.pop("actions", None)
    (tmp_path / RESULTS).write_text(json.dumps(old))
    with pytest.raises(WmpcError, match=r"earlier version.*evaluate again"):
        package.submit(tmp_path)
    with pytest.raises(WmpcError, match=r"holds no results\.json"):
        package.submit(tmp_path / "nowhere")


def test_cases_drawn_anew_are_not_taken_for_the_old_ones(results, tmp_path):
    content = json.loads((results / RESULTS).read_bytes())
    drawn = load_manifest(content["manifest"]["file"])
    assert drawn.hash == content["manifest"]["hash"]
    content["manifest"]["hash"] = "1" * 64
    (tmp_path / RESULTS).write_text(json.dumps(content))
    with pytest.raises(WmpcError, match="other cases"):
        package.submit(tmp_path)


def test_the_verbs(results, tmp_path, wmpc, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, said = wmpc("report", "submit", results, "out=mine.json")
    assert code == 0 and "mine.json" in said
    code, said = wmpc("report", "check", "mine.json")
    assert code == 0 and "this submission holds" in said
    changed(tmp_path / "mine.json", raise_rate)
    code, said = wmpc("report", "check", "mine.json")
    assert code == 1 and "does not hold" in said
    code, said = wmpc("report", "check")
    assert code == 2 and "wmpc report check PATH" in said
