"""Scores of several agents at the points of a curve, and whether planning needs less than cloning.

Every point was measured on the same cases, so that two agents are compared case by case, and what
one loses from point to point with what the other does. Intervals of differences are over the
episodes that the cases are from, which are drawn anew (`wmpc.evaluation.statistics.episodes`); the
training seeds are those that there are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from wmpc.errors import WmpcError
from wmpc.evaluation.offline.headline import is_offline
from wmpc.evaluation.read_results import mean_held
from wmpc.evaluation.statistics.episodes import Resampled
from wmpc.evaluation.statistics.success import wilson_of_shared_cases

PLANNING = "mpc"
"""The agent that others are compared with."""
RATE, ERROR = "rate", "action error"
"""What is measured: the share of cases reached, or where no simulator took part, the difference of
first actions from the recorded ones in standard deviations, of which less is better."""
FLOORS = {
    RATE: {"random": "random actions", "zero": "no action"},
    ERROR: {"random": "a random recorded block", "mean": "the mean action"},
}
"""What is reached without learning, by the names that results have for it."""
Interval = tuple[float, float] | None
Results = Mapping[str, Sequence[Mapping[str, Any]]]
"""By agent, the content of a results.json for each training seed, all on the same cases."""


@dataclass(frozen=True)
class Score:
    """One number of one agent at one point."""

    value: float
    """The mean over the training seeds."""
    interval: Interval
    """Of 95%; None where nothing says how sure it is."""
    seeds: tuple[float, ...] = ()
    """The value of each training seed."""
    held: float | None = None
    """Of a rate, the share of cases in which the goal was held; None where that is not known."""


@dataclass(frozen=True)
class CurvePoint:
    """What was measured at one point of a curve."""

    label: str
    """Such as "10%"."""
    episodes: int
    """That were trained on."""
    runs: tuple[str, ...]
    """A folder a training seed."""
    scores: Mapping[str, Score]
    """By agent."""
    ahead: Mapping[str, Score]
    """By each other agent, how much better planning is: points of the rate, or less error."""


def score_point(
    label: str,
    episodes: int,
    runs: Sequence[str],
    results: Results,
) -> CurvePoint:
    """Sum up what was measured at a point.

    Args:
        label: of the point.
        episodes: that were trained on.
        runs: a folder a training seed.
        results: see `Results`.

    Returns:
        The scores, and how far planning is ahead.

    Raises:
        WmpcError: the results are not of the same cases.
    """
    scores = {agent: _score(found) for agent, found in results.items()}
    ahead = {}
    if PLANNING in results:
        for other in results.keys() - {PLANNING}:
            ahead[other] = _difference(results[PLANNING], results[other])
    order = [agent for agent in results if agent in ahead]
    return CurvePoint(
        label, episodes, tuple(runs), scores, {agent: ahead[agent] for agent in order}
    )


def measure_of(results: Mapping[str, Any]) -> str:
    """Find what results measure.

    Args:
        results: the content of a results.json.

    Returns:
        `RATE` or `ERROR`.
    """
    return ERROR if is_offline(results) else RATE


def find_floors(results: Mapping[str, Any]) -> dict[str, float]:
    """Find what is reached without learning.

    Args:
        results: the content of a results.json of any agent.

    Returns:
        By name in words, the rate or the action error of `FLOORS`, as far as they are there.
    """
    measure = measure_of(results)
    if measure == ERROR:
        kept = results["offline"]["actions"][0]["floors"]
        found = {name: floor["value"] for name, floor in kept.items()}
    else:
        kept = results["reference"]
        found = {name: floor["summary"]["success"]["rate"] for name, floor in kept.items()}
    words = FLOORS[measure].items()
    return {said: found[name] for name, said in words if found.get(name) is not None}


def spared(
    less: Results,
    full: Results,
    other: str,
) -> Score:
    """Compute how much less planning loses than another agent does, from one point to another.

    It is (planning - other) at the first less (planning - other) at the second.

    Args:
        less: of the point with fewer or worse episodes.
        full: those of the point that it is compared with.
        other: the other agent.

    Returns:
        The difference of the differences, above 0 where planning loses less.

    Raises:
        WmpcError: the results are not of the same cases.
    """
    if measure_of(less[other][0]) == ERROR:
        ends = [_difference(at[PLANNING], at[other]).value for at in (less, full)]
        return Score(ends[0] - ends[1], None)
    apart = [_outcomes(at[PLANNING]) - _outcomes(at[other]) for at in (less, full)]
    episode = _episodes([*less[PLANNING], *less[other], *full[PLANNING], *full[other]])
    return _estimated(apart[0].mean(0) - apart[1].mean(0), episode)


def judge(label: str, other: str, found: Score, measure: str) -> str:
    """Say what a difference of differences means for the claim that planning needs less.

    Args:
        label: of the point with fewer or worse episodes.
        other: the agent that planning is compared with.
        found: see `spared`.
        measure: `RATE` or `ERROR`.

    Returns:
        One sentence.
    """
    times, unit = (100, " points") if measure == RATE else (1, "")
    form = "{:.0f}" if measure == RATE else "{:.2f}"
    size = form.format(abs(times * found.value))
    than = f"{size}{unit} {'less' if found.value > 0 else 'more'} than"
    than = than if float(size) else "as much as"
    sentence = f"{label}: planning loses {than} {other} does"
    if found.interval is None:
        return f"{sentence}; there is no interval, so that nothing is decided."
    low, high = (form.format(times * end) for end in found.interval)
    verdict = "which decides nothing: 0 is inside"
    if found.interval[0] > 0:
        verdict = "which confirms here that planning needs less of its data than cloning"
    if found.interval[1] < 0:
        verdict = "which refutes here that planning needs less of its data than cloning"
    return f"{sentence} (95% interval {low} to {high}), {verdict}."


def _score(found: Sequence[Mapping[str, Any]]) -> Score:
    if measure_of(found[0]) == ERROR:
        each = [_action_error(one)["value"] for one in found]
        ends = [_action_error(one)["interval"] for one in found]
        low_high = None if None in ends else np.mean(np.asarray(ends, np.float64), 0).tolist()
        return Score(float(np.mean(each)), low_high and (low_high[0], low_high[1]), tuple(each))
    outcomes = _outcomes(found)
    each = tuple(outcomes.mean(1).tolist())
    rate, interval = float(outcomes.mean()), wilson_of_shared_cases(outcomes)
    return Score(rate, interval, each, mean_held(found))


def _difference(planning: Sequence[Mapping[str, Any]], other: Sequence[Mapping[str, Any]]) -> Score:
    if measure_of(planning[0]) == ERROR:
        mine, theirs = (np.mean([_action_error(x)["value"] for x in s]) for s in (planning, other))
        return Score(float(theirs - mine), None)
    apart = _outcomes(planning) - _outcomes(other)
    episode = _episodes([*planning, *other])
    return _estimated(apart.mean(0), episode, tuple(apart.mean(1).tolist()))


def _estimated(apart: np.ndarray, episode: np.ndarray, seeds: tuple[float, ...] = ()) -> Score:
    drawn = Resampled(episode)
    found = drawn.estimate(drawn.means(apart))
    return Score(found.value, found.interval, seeds)


def _outcomes(found: Sequence[Mapping[str, Any]]) -> np.ndarray:
    """(R, n) float64, 1 where a case was reached, in the order of the cases."""
    return np.array([[float(row["success"]) for row in _rows(one)] for one in found])


def _episodes(found: Sequence[Mapping[str, Any]]) -> np.ndarray:
    """(n,) of which episode each case is; WmpcError unless all results are of the same cases."""
    cases = [[(row["case"], row["episode"]) for row in _rows(one)] for one in found]
    manifests = {one["manifest"]["hash"] for one in found}
    if len(manifests) > 1 or any(one != cases[0] for one in cases):
        raise WmpcError(
            "the results of a curve are not of the same cases: give it another folder (name=)"
        )
    return np.array([episode for _, episode in cases[0]])


def _rows(results: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    counted = [row for row in results["rows"] if row["start"] == results["start"]]
    return sorted(counted, key=lambda row: row["case"])


def _action_error(results: Mapping[str, Any]) -> Mapping[str, Any]:
    scores = results["offline"]["actions"]
    if not scores:
        raise WmpcError(
            f"{results['dataset']['path']} has no held-out episode long enough to ask an agent for "
            "actions: set cases.blocks lower"
        )
    return scores[0]["agent"]
