"""Try the actions of a submission again, and hold what comes out against what it states.

Nothing of what a submission states is believed that can be computed: cases are solved by nothing,
outcomes follow from actions, rates from outcomes.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from wmpc.agents.baselines import RandomAgent
from wmpc.errors import WmpcError
from wmpc.evaluation.exclusions import find_exclusion
from wmpc.evaluation.manifest import Case, Manifest
from wmpc.evaluation.row import longest_run, unpack_actions
from wmpc.evaluation.statistics.success import summary
from wmpc.evaluation.submission import Submission

RATES = ("success", "strict", "end", "held")
"""Of a summary, what follows from actions."""


@dataclass(frozen=True)
class Outcome:
    """What a row states, or what its actions lead to."""

    success: bool
    steps_to_success: int | None
    success_end: bool | None
    held: int


def read_rows(submission: Submission) -> list[Mapping[str, Any]]:
    """Take the rows that a submission's rate is of, one a case.

    Args:
        submission: what the file holds.

    Returns:
        The rows in the order of the cases.

    Raises:
        WmpcError: a case has no row or several, or a row lacks something.
    """
    results, count = submission.results, len(submission.manifest.cases)
    try:
        rows = [row for row in results["rows"] if row["start"] == results["start"]]
        if [row["case"] for row in rows] != list(range(count)):
            raise WmpcError(f"it does not have one row for each of its {count} cases, in order")
        for row in rows:
            _stated(row)
            unpack_actions(row["actions"])
    except (KeyError, TypeError) as error:
        raise WmpcError(f"its rows lack something: {error}") from None
    return rows


def count_unfit(manifest: Manifest, task: Any) -> dict[str, int]:
    """Count the cases that ask nothing of an agent: solved at the start, or by doing nothing.

    Args:
        manifest: the cases.
        task: theirs.

    Returns:
        How many, by reason.
    """
    found: dict[str, int] = {}
    for case in manifest.cases:
        reason = find_exclusion(
            task, case.start_state, case.goal_state, case.variation,
            filter=None, actions=manifest.actions, replay=None,
        )  # fmt: skip
        if reason is not None:
            found[reason] = found.get(reason, 0) + 1
    return found


def try_again(
    submission: Submission, rows: Sequence[Mapping[str, Any]], task: Any
) -> Iterator[tuple[Outcome, Outcome]]:
    """Execute the actions of every row in the simulator.

    Args:
        submission: what the file holds.
        rows: from `read_rows`.
        task: where to execute them.

    Yields:
        For each row what it states, and what its actions lead to here. A row whose agent or
        simulation failed is no success, and is taken as it is.
    """
    manifest, warm = submission.manifest, submission.results["start"] == "warm"
    for row in rows:
        stated, actions = _stated(row), unpack_actions(row["actions"])
        if row["failure"] is not None or actions is None:
            yield stated, Outcome(False, None, False, 0)
        else:
            yield (
                stated,
                execute(manifest.cases[row["case"]], actions[: manifest.actions], task, warm),
            )


def measure_floors(manifest: Manifest, task: Any, warm: bool) -> dict[str, float]:
    """Measure what chance and the recording reach on the cases.

    Args:
        manifest: the cases.
        task: theirs.
        warm: begin with the recorded lead-in.

    Returns:
        The rate of `random` and, where there are recordings from start to goal, of `replay`.
    """
    space, block, count = task.action_space, manifest.action_block, manifest.actions
    outcomes: dict[str, list[bool]] = {}
    for case in manifest.cases:
        chance = RandomAgent(space.low, space.high, block, case.seed)
        chance.reset(case.goal())
        chance.observe({}, None)
        drawn = np.concatenate([chance.act() for _ in range(manifest.budget)])[:count]
        outcomes.setdefault("random", []).append(execute(case, drawn, task, warm).success)
        if case.replay is not None:
            recorded = case.replay.reshape(-1, case.replay.shape[-1])[:count]
            outcomes.setdefault("replay", []).append(execute(case, recorded, task, warm).success)
    return {name: float(np.mean(found)) for name, found in outcomes.items()}


def execute(case: Case, actions: np.ndarray, task: Any, warm: bool) -> Outcome:
    """Execute actions from the start of a case.

    Args:
        case: the start and the goal.
        actions: (n, A).
        task: where to execute them.
        warm: execute the recorded lead-in first.

    Returns:
        What they lead to; nothing where the simulation breaks.
    """
    case.begin(task, warm)
    if warm:
        for action in case.lead_in.reshape(-1, actions.shape[-1]):
            task.advance(action)
    successes = []
    for action in actions:
        info = task.advance(action)
        if info["failure"] is not None:
            return Outcome(False, None, False, 0)
        successes.append(bool(info["success"]))
    first = successes.index(True) + 1 if any(successes) else None
    return Outcome(first is not None, first, successes[-1], longest_run(successes))


def rates_differ(submission: Submission, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Compute the rates of a submission from its rows.

    Args:
        submission: what the file holds.
        rows: from `read_rows`.

    Returns:
        The names of those that it states otherwise.
    """
    stated, computed = submission.results.get("summary"), summary(rows)
    if not isinstance(stated, Mapping):
        return list(RATES)
    return [name for name in RATES if stated.get(name) != computed[name]]


def _stated(row: Mapping[str, Any]) -> Outcome:
    return Outcome(row["success"], row["steps_to_success"], row["success_end"], row["held"])
