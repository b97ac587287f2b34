"""The Wilson interval against published values and scipy; what rows come to."""

import json

import numpy as np
import pytest
from scipy.stats import binomtest

from wmpc.errors import WmpcError
from wmpc.evaluation.read_results import FORMAT, RESULTS, VERSION, headline, read_results
from wmpc.evaluation.statistics.success import (
    by_stratum,
    rate,
    summary,
    wilson,
    wilson_of_shared_cases,
)


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [  # Newcombe, Statistics in Medicine 17 (1998), table I, method 3
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_agrees_with_newcombe(successes, n, low, high):
    assert wilson(successes, n) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize("n", [1, 7, 100])
@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.99])
def test_wilson_agrees_with_scipy(n, confidence):
    for successes in range(n + 1):
        theirs = binomtest(successes, n).proportion_ci(confidence, method="wilson")
        assert wilson(successes, n, confidence) == pytest.approx(tuple(theirs), abs=1e-12)


def test_no_cases_say_nothing_and_impossible_counts_are_refused():
    assert wilson(0, 0) == (0.0, 1.0)
    for successes, n in ((3, 2), (-1, 2)):
        with pytest.raises(WmpcError, match="successes of"):
            wilson(successes, n)
    with pytest.raises(WmpcError, match="confidence"):
        wilson(1, 2, 95)


def row(success: bool, **changes: object) -> dict:
    return {
        "success": success,
        "success_strict": False,
        "success_end": success,
        "steps_to_success": 7 if success else None,
        "failure": None,
        "latencies_ms": [10.0, 20.0],
        **changes,
    }


def test_summary_counts_what_happened():
    rows = [row(True), row(True), row(False, failure="agent raised")]
    total = summary(rows)
    assert total["success"]["successes"] == 2 and total["success"]["n"] == 3
    assert total["strict"]["rate"] == 0 and total["failures"] == 1
    assert total["steps"] == 7 and total["latency_ms"]["p50"] == 15


def test_episodes_stopped_at_their_success_say_nothing_of_their_end():
    total = summary([row(True, success_end=None, success_strict=None), row(False)])
    assert total["success"]["rate"] == 0.5
    assert total["end"]["rate"] is None and total["strict"]["rate"] is None


def test_summary_tells_of_holding_distance_and_path():
    rows = [
        row(True, held=12, distance_end=0.5, path_efficiency=0.8),
        row(True, held=3, distance_end=2.0, path_efficiency=None),
        row(False, held=11, distance_end=9.0, path_efficiency=None, failure="fell"),
    ]
    total = summary(rows)
    assert total["held"]["successes"] == 1 and total["held"]["n"] == 3 and total["hold"] == 10
    assert total["final_distance"] == 1.25 and total["path_efficiency"] == 0.8
    assert summary(rows, hold=3)["held"]["successes"] == 2
    stopped = summary([*rows, row(True, success_end=None, held=1, distance_end=0.9)])
    assert stopped["held"]["rate"] is None and stopped["final_distance"] is None
    assert stopped["path_efficiency"] == 0.8


def test_who_leaves_the_goal_again_has_not_held_it(tmp_path):
    rows = [
        {**row(True, held=20, success_end=True), "start": "warm"},
        {**row(True, held=20, success_end=False), "start": "warm"},
        {**row(True, held=9, success_end=True), "start": "warm"},
    ]
    total = summary(rows)
    assert total["held"]["successes"] == 1 and total["held"]["n"] == 3
    old = {**total, "held": rate([True, True, False])}  # as earlier versions counted
    results = {
        "format": FORMAT, "version": VERSION, "env": {"id": "wmpc/Reacher-v0"}, "summary": old,
        "manifest": {}, "reference": {}, "rows": rows, "start": "warm", "failures": {},
    }  # fmt: skip
    (tmp_path / RESULTS).write_text(json.dumps(results))
    found = read_results(tmp_path / RESULTS)
    assert found["summary"]["held"]["successes"] == 1
    assert "3/3 reached" in headline(found) and ", 33% held" in headline(found)


def test_a_case_that_broke_has_no_final_distance():
    rows = [row(False, distance_end=d) for d in (4.0, 6.0)]
    broken = [row(False, distance_end=0.0, failure="agent raised")] * 3
    assert summary(rows + broken)["final_distance"] == 5.0
    assert summary(broken)["final_distance"] is None


def test_rows_of_an_earlier_version_lack_what_came_later():
    total = summary([row(True), row(False)])
    assert total["held"]["rate"] is None and total["held"]["n"] == 0
    assert total["final_distance"] is None and total["path_efficiency"] is None


def test_success_by_stratum_counts_a_case_in_each_of_its_own():
    strata = [["far"], ["far", "other_room"], ["near"], ["near"]]
    rows = [row(True, case=1), row(False, case=0), row(True, case=3)]
    found = by_stratum(rows, strata)
    assert list(found) == ["far", "near", "other_room"]
    assert found["far"] == rate([True, False])
    assert found["near"] == found["other_room"] == rate([True])


def test_summary_of_nothing_is_empty_not_wrong():
    total = summary([])
    assert total["success"]["rate"] is None and total["latency_ms"]["p50"] is None


def test_results_on_the_same_cases_are_worth_no_more_than_they_are():
    """Copies of one result say what it says alone; independent ones what as many cases do."""
    rng = np.random.default_rng(0)
    alone = rng.random(100) < 0.8
    assert wilson_of_shared_cases(np.stack([alone] * 3)) == pytest.approx(
        wilson(int(alone.sum()), 100), rel=0.02
    )
    apart = rng.random((3, 20_000)) < 0.8
    assert wilson_of_shared_cases(apart) == pytest.approx(
        wilson(int(apart.sum()), 60_000), abs=1e-3
    )
    assert wilson_of_shared_cases(np.ones((3, 100), bool)) == wilson(100, 100)
    assert wilson_of_shared_cases(np.zeros((3, 100), bool)) == wilson(0, 100)
    assert wilson_of_shared_cases(alone[None]) == pytest.approx(wilson(int(alone.sum()), 100))
    with pytest.raises(WmpcError, match="results, cases"):
        wilson_of_shared_cases(alone)


def test_the_interval_of_shared_cases_covers_what_it_says():
    """Cases of unequal difficulty under three seeds: pooled as if they were independent, it would
    hold the true rate in far fewer draws."""
    rng, inside, naive = np.random.default_rng(1), 0, 0
    for _ in range(500):
        chance = rng.beta(0.4, 0.1, 100)  # of each case; its mean is 0.8
        outcomes = rng.random((3, 100)) < chance
        low, high = wilson_of_shared_cases(outcomes)
        inside += low <= 0.8 <= high
        low, high = wilson(int(outcomes.sum()), 300)
        naive += low <= 0.8 <= high
    assert inside > 460 and naive < 430
