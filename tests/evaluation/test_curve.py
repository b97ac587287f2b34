"""What a curve's results come to: rates, paired differences, and what they say of the claim."""

import numpy as np
import pytest

from wmpc.errors import WmpcError
from wmpc.evaluation.evidence.curve import find_floors, judge, score_point, spared
from wmpc.evaluation.statistics.success import wilson
from wmpc.reporting.curve import curve_page, show_curve, tell_point

CASES = 60


def results(reached, manifest="m", start="warm"):
    """A results.json of which the first cases are reached, three an episode."""
    rows = [
        {"case": i, "episode": 9 + 10 * (i // 3), "start": start, "success": bool(i in reached)}
        for i in reversed(range(CASES))
    ]
    cold = [{**rows[0], "start": "cold", "success": True}]
    floor = {"summary": {"success": {"rate": 0.25}}}
    return {
        "manifest": {"hash": manifest}, "rows": rows + cold, "start": start,
        "summary": {"held": {"rate": len(reached) / CASES / 2}},
        "reference": {"random": floor, "replay": floor},
    }  # fmt: skip


def offline(value, interval=(0.5, 1.5)):
    action = {"agent": {"value": value, "interval": list(interval)}}
    action["floors"] = {"random": {"value": 1.4}, "cloning": {"value": 0.3}}
    return {"kind": "offline", "offline": {"actions": [action]}, "dataset": {"path": "here"}}


def test_a_point_has_the_rates_of_its_cases_and_their_paired_difference():
    found = {"mpc": [results(range(30))], "gcbc": [results(range(10))]}
    point = score_point("10%", 18, ["run"], found)
    assert point.scores["mpc"].value == 0.5 and point.scores["gcbc"].value == pytest.approx(1 / 6)
    assert point.scores["mpc"].interval == pytest.approx(wilson(30, CASES))
    assert point.scores["mpc"].held == 0.25
    ahead = point.ahead["gcbc"]
    assert ahead.value == pytest.approx(1 / 3) and ahead.held is None
    low, high = ahead.interval or (0, 0)
    assert 0 < low < ahead.value < high < 0.6
    assert find_floors(found["mpc"][0]) == {"random actions": 0.25}


def test_agents_that_reach_the_same_cases_differ_by_nothing_for_certain():
    point = score_point("x", 1, [], {"mpc": [results(range(9))], "gcbc": [results(range(9))]})
    assert point.ahead["gcbc"].interval == (0.0, 0.0)


def test_seeds_are_averaged_and_kept():
    two = [results(range(30)), results(range(18))]
    point = score_point("x", 1, ["a", "b"], {"mpc": two, "gcbc": [results(range(6))] * 2})
    assert point.scores["mpc"].seeds == (0.5, 0.3) and point.scores["mpc"].value == 0.4
    assert point.ahead["gcbc"].seeds == pytest.approx((0.4, 0.2))


def test_other_cases_are_refused():
    with pytest.raises(WmpcError, match="not of the same cases"):
        score_point("x", 1, [], {"mpc": [results([])], "gcbc": [results([], manifest="other")]})


CLAIMS = {
    "confirms": (range(45), range(5)),  # with less data, cloning falls from 45 to 5
    "refutes": (range(5), range(45)),
    "decides nothing": (range(44), range(45)),
}


@pytest.mark.parametrize("verdict", CLAIMS)
def test_the_claim_is_judged_by_who_loses_more(verdict):
    planning, cloning = CLAIMS[verdict]
    full = {agent: [results(range(45))] for agent in ("mpc", "gcbc")}
    less = {"mpc": [results(planning)], "gcbc": [results(cloning)]}
    found = spared(less, full, "gcbc")
    assert found.value == pytest.approx((len(planning) - len(cloning)) / CASES)
    assert verdict in judge("From 100% to 5%", "gcbc", found, "rate")


def test_offline_scores_are_errors_of_which_less_is_better_and_decide_nothing():
    found = {"mpc": [offline(0.5), offline(0.7)], "gcbc": [offline(0.9), offline(0.9)]}
    point = score_point("x", 1, [], found)
    assert point.scores["mpc"].value == pytest.approx(0.6)
    assert point.ahead["gcbc"].value == pytest.approx(0.3)
    assert point.ahead["gcbc"].interval is None
    full = {"mpc": [offline(0.5)], "gcbc": [offline(0.5)]}
    less = spared(found, full, "gcbc")
    assert less.value == pytest.approx(0.3)
    assert "nothing is decided" in judge("x", "gcbc", less, "action error")
    assert find_floors(found["mpc"][0]) == {"a random recorded block": 1.4}
    empty = {**offline(1.0), "offline": {"actions": []}}
    with pytest.raises(WmpcError, match=r"cases\.blocks lower"):
        score_point("x", 1, [], {"mpc": [empty]})


def content(axis, measure="rate", agents=("mpc", "gcbc")):
    scores = {agent: {"value": 0.5, "interval": [0.4, 0.6], "seeds": [0.5]} for agent in agents}
    ahead = {agent: {"value": 0.125, "interval": [-0.1, 0.35], "seeds": []} for agent in agents[1:]}
    points = [
        {"label": label, "episodes": n, "runs": [f"curves/x/{n}"], "scores": scores, "ahead": ahead}
        for label, n in (("<10%", 9), ("2 cameras, proprio", 90))
    ]
    return {
        "axis": axis, "measure": measure, "points": points, "floors": {"random actions": 0.1},
        "findings": ["a & b"], "data": "data/x", "seeds": [0, 1], "train": {"steps": 3},
        "command": "wmpc curve data=data/x",
    }  # fmt: skip


@pytest.mark.parametrize("axis", ["episodes", "quality", "observation"])
@pytest.mark.parametrize("measure", ["rate", "action error"])
def test_a_page_has_chart_table_and_intervals_and_loads_nothing(axis, measure):
    page = curve_page(content(axis, measure))
    assert page.count("<svg") >= 1 and "var(--c2)" in page and "a &amp; b" in page
    assert ("+12 (-10 to +35)" if measure == "rate" else "+0.12 (-0.10 to +0.35)") in page
    assert "&lt;10%" in page and "<10%" not in page and "3 steps" in page
    assert "http" not in page.replace("http://www.w3.org", "")
    assert page == curve_page(content(axis, measure))


def test_a_table_for_a_terminal_has_a_row_a_point():
    table, floors, finding = show_curve(content("episodes"))
    assert table.row_count == 2 and len(table.columns) == 5  # type: ignore[union-attr]
    assert floors == "Without learning: random actions 10%" and finding == "a & b"
    point = score_point("10%", 9, [], {"mpc": [results(range(30))]})
    assert tell_point(point, "rate") == "10% (9 episodes): planning 50%"
    assert not point.ahead and np.isclose(point.scores["mpc"].value, 0.5)


def test_shares_that_were_held_stand_beside_those_that_were_reached():
    both = [results(range(30)), results(range(60))]
    point = score_point("10%", 9, ["a", "b"], {"mpc": both})
    assert point.scores["mpc"].held == pytest.approx(0.375)
    both[1]["summary"] = {}
    assert score_point("10%", 9, ["a", "b"], {"mpc": both}).scores["mpc"].held is None
    drawn = content("episodes")
    assert "% held" not in curve_page(drawn)
    drawn["points"][0]["scores"]["mpc"]["held"] = 0.375
    assert "50% (40 to 60), 38% held" in curve_page(drawn)
