"""What a row tells of its path, on paths whose answer is known."""

import numpy as np
import pytest

from wmpc.evaluation.draw_cases import draw_manifest
from wmpc.evaluation.row import Row
from wmpc.evaluation.run_cases import run_cases
from wmpc.evaluation.statistics.success import by_stratum

RATIO = {"success": True, "strict": False, "distance": 0.5, "errors": {}}


def walked(path, reached):
    """The row of a path (T+1, 2) of states, within tolerance where `reached` says so."""
    row = Row(0, 9, "warm", 0)
    row.begin(np.asarray(path[0], float), 5.0)
    for state, success in zip(path[1:], reached, strict=True):
        info = {**RATIO, "success": success, "action": np.zeros(1)}
        row.take(np.asarray(state, float), info)
    row.conclude(lambda states: states)
    return row


@pytest.mark.parametrize(
    ("path", "reached", "efficiency"),
    [
        ([(0, 0), (1, 0), (2, 0)], [False, True], 1.0),
        ([(0, 0), (3, 0), (3, 4)], [False, True], 5 / 7),
        ([(0, 0), (3, 0), (3, 4), (0, 0)], [True, False, False], 1.0),  # to the first success
        ([(0, 0), (1, 0)], [False], None),
        ([(0, 0), (0, 0)], [True], None),
    ],
)
def test_path_efficiency_is_straight_over_walked(path, reached, efficiency):
    assert walked(path, reached).path_efficiency == pytest.approx(efficiency)


@pytest.mark.parametrize(
    ("reached", "held"), [("", 0), ("...", 0), ("+..++.", 2), (".+++", 3), ("++++", 4)]
)
def test_held_is_the_longest_stay_within_tolerance(reached, held):
    path = [(i, 0) for i in range(len(reached) + 1)]
    assert walked(path, [mark == "+" for mark in reached]).held == held


def test_a_failure_takes_all_of_it_back():
    row = walked([(0, 0), (1, 0)], [True])
    row.fail("the agent hung")
    assert (row.held, row.path_efficiency, row.success) == (0, None, False)


def test_actions_lead_from_state_to_state(line):
    manifest = draw_manifest(
        line.Recording(), line.Task(), blocks=3, action_block=4, budget=6, count=3
    )

    class Drunk:
        def reset(self, goal):
            self.rng = np.random.default_rng(0)

        def observe(self, observation, executed):
            pass

        def act(self):
            return self.rng.uniform(-1, 1, (3, 1))

    for row in run_cases(Drunk(), manifest, line.Task(), latency=0.02):
        task = line.Task()
        task.goal = {"state": np.zeros(2)}
        task.set_state(row.states[0])
        assert len(row.actions) == len(row.states) - 1 == 24
        for action, state in zip(row.actions, row.states[1:], strict=True):
            task.advance(action)
            assert np.array_equal(task.get_state(), state)
        assert not {"actions", "states", "successes"} & row.as_dict().keys()


def test_rates_by_stratum_count_the_cases_that_belong_to_it():
    rows = [{"case": case, "success": case < 2} for case in range(4)]
    rates = by_stratum(rows, [["near"], ["far", "hard"], ["far"], ["far"]])
    assert {name: (r["successes"], r["n"]) for name, r in rates.items()} == {
        "far": (1, 3), "hard": (1, 1), "near": (1, 1),
    }  # fmt: skip
