"""The evaluator, with agents whose success is known in advance."""

import time

import numpy as np
import pytest

from wmpc.agents.baselines import RandomAgent, ReplayAgent, ZeroAgent
from wmpc.errors import WmpcError
from wmpc.evaluation.draw_cases import draw_manifest
from wmpc.evaluation.run_cases import run_cases
from wmpc.evaluation.statistics.success import summary


@pytest.fixture
def manifest(line):
    return draw_manifest(
        line.Recording(), line.Task(), blocks=3, action_block=4, budget=6, count=12, lead_in=2
    )


class Walker:
    """Walks to the goal as fast as it can, `m` actions at a time; remembers what it was told."""

    def __init__(self, case, m=4):
        self.target, self.m, self.told = case.goal_state[0], m, []

    def reset(self, goal):
        self.goal = goal

    def observe(self, observation, executed):
        self.told.append((observation, executed))

    def act(self):
        position, actions = float(self.told[-1][0]["proprio"][0]), []
        for _ in range(self.m):
            actions.append([np.clip((self.target - position) / 0.1, -1, 1)])
            position += 0.1 * actions[-1][0]
        return np.array(actions)


@pytest.mark.parametrize("m", [1, 3, 4, 10, 100])
def test_a_perfect_agent_succeeds_at_the_first_possible_action(line, manifest, m):
    for row in run_cases(lambda case: Walker(case, m), manifest, line.Task()):
        case = manifest.cases[row.case]
        gap = abs(case.goal_state[0] - case.start_state[0])
        assert row.success and row.success_strict and row.success_end and row.failure is None
        assert row.steps_to_success == np.ceil((gap - 0.1) / 0.1 - 1e-6)
        assert row.steps == manifest.actions == 24 and len(row.states) == 25
        assert row.distance_end == pytest.approx(0, abs=1e-4) and row.lead_in_drift == 0
        assert len(row.latencies_ms) == int(np.ceil(24 / m))


def test_warm_agents_watch_the_lead_in_and_cold_ones_do_not(line, manifest):
    for start, frames in (("warm", 3), ("cold", 1)):
        case = manifest.cases[0]
        agent = Walker(case)
        (row,) = run_cases(agent, manifest, line.Task(), start=start, cases=[0])
        assert np.array_equal(row.states[0], case.start_state)
        assert agent.told[0][1] is None
        assert all(np.shape(executed) == (4, 1) for _, executed in agent.told[1:])
        # One frame a block: the lead-in's, then all but the last of the budget's 6 blocks.
        assert len(agent.told) == frames + 5
        if start == "warm":
            executed = np.stack([executed for _, executed in agent.told[1:3]])
            assert np.array_equal(executed, case.lead_in)


def test_agents_are_told_what_was_applied_not_what_they_asked_for(line, manifest):
    class Rounded(Walker):
        def act(self):
            return np.full((4, 1), 1 + 1e-6)

    agent = Rounded(manifest.cases[0])
    (row,) = run_cases(agent, manifest, line.Task(), cases=[0])
    assert row.failure is None and len(agent.told) == 8
    assert all((executed == 1).all() for _, executed in agent.told[3:])


def test_only_privileged_agents_see_states(line, manifest):
    for privileged in (False, True):
        agent = Walker(manifest.cases[0])
        list(run_cases(agent, manifest, line.Task(), cases=[0], privileged=privileged))
        assert all(("state" in seen) == privileged for seen, _ in agent.told)
        assert ("state" in agent.goal.observation) == privileged
        assert agent.goal.observation["pixels"].shape == (8, 8, 3)


def test_passing_through_the_goal_counts_but_not_at_the_end(line, manifest):
    class Passer(Walker):
        def act(self):
            gap = self.target - self.told[0][0]["proprio"][0]
            return np.full((1, 1), np.sign(gap))

    rows = list(run_cases(Passer, manifest, line.Task(), start="cold"))
    assert all(row.success and not row.success_end for row in rows)
    assert all(row.distance_best <= 1 < row.distance_end for row in rows)
    stopped = list(run_cases(Passer, manifest, line.Task(), start="cold", stop_at_success=True))
    assert all(row.success_end is None and row.steps == row.steps_to_success for row in stopped)
    assert [r.steps_to_success for r in rows] == [r.steps_to_success for r in stopped]


class Broken(Walker):
    """Walks, but on every third case does something wrong."""

    def __init__(self, case, wrong, index=[0]):  # noqa: B006 (counts the cases)
        super().__init__(case)
        index[0] += 1
        self.wrong = wrong if index[0] % 3 == 0 else super().act

    def act(self):
        return self.wrong()


def oops():
    raise RuntimeError("the model exploded")


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (oops, "the agent raised RuntimeError: the model exploded (test_evaluate.py:"),
        (lambda: np.full((4, 1), np.nan), "not finite"),
        (lambda: np.zeros((4, 2)), "shape (4, 2), not (m, 1)"),
        (lambda: np.zeros(1), "shape (1,)"),
        (lambda: np.zeros((0, 1)), "shape (0, 1)"),
        (lambda: None, "shape ()"),
        (lambda: np.array([["left"]]), "not finite numbers"),
    ],
)
def test_an_agent_that_breaks_fails_its_case_alone(line, manifest, wrong, reason):
    rows = list(run_cases(lambda case: Broken(case, wrong, [2]), manifest, line.Task()))
    assert all(reason in row.failure for row in rows)
    turns = [0]
    rows = list(run_cases(lambda case: Broken(case, wrong, turns), manifest, line.Task()))
    assert [row.failure is None for row in rows] == [True, True, False] * 4
    assert all(row.success == (row.failure is None) for row in rows)
    total = summary([row.as_dict() for row in rows])
    assert total["failures"] == 4 and total["success"]["successes"] == 8


def test_an_agent_that_cannot_be_made_fails_its_case(line, manifest):
    rows = list(run_cases(lambda case: 1 / 0, manifest, line.Task()))
    assert all("ZeroDivisionError" in row.failure for row in rows)


def test_a_simulation_that_breaks_is_no_success(line, manifest):
    task = line.Task()
    task.breaks_beyond = 0.0
    rows = list(run_cases(Walker, manifest, task))
    assert all(row.failure == "the simulation failed: fell off the line" for row in rows)
    assert not any(row.success or row.success_strict or row.success_end for row in rows)


def test_floors_and_ceiling(line, manifest):
    task = line.Task()
    replay = list(run_cases(lambda case: ReplayAgent(case.replay), manifest, task))
    assert all(row.success_strict and row.steps_to_success <= 12 for row in replay)
    assert all(row.success_end for row in replay)  # then it stands still
    zero = list(run_cases(ZeroAgent(1, block=4), manifest, task))
    assert not any(row.success for row in zero)  # never solved at the start
    chance = [
        list(run_cases(lambda c: RandomAgent([-1], [1], 4, c.seed), manifest, task))
        for _ in range(2)
    ]
    assert [r.distance_end for r in chance[0]] == [r.distance_end for r in chance[1]]


def test_refuses_another_task_and_an_unknown_start(line, manifest):
    other = line.Task()
    other.id = "test/Other"
    with pytest.raises(WmpcError, match="not for test/Other"):
        list(run_cases(Walker, manifest, other))
    with pytest.raises(WmpcError, match="'warm' or 'cold'"):
        list(run_cases(Walker, manifest, line.Task(), start="hot"))


class Pulser(Walker):
    """Steps towards the goal for three actions, then stands for one."""

    def act(self):
        gap = self.target - self.told[0][0]["proprio"][0]
        return np.array([[np.sign(gap)]] * 3 + [[0.0]])


@pytest.mark.parametrize(("latency", "late"), [(0.0, 0), (0.02, 1), (0.021, 2), (0.06, 3)])
def test_a_late_agent_arrives_later_by_what_it_waited(line, manifest, latency, late):
    """At a cold start, and after a pulse, the action that is repeated is zero."""
    rows = list(run_cases(Pulser, manifest, line.Task(), start="cold", latency=latency))
    for row in rows:
        case = manifest.cases[row.case]
        moves = int(np.ceil(abs(case.goal_state[0] - case.start_state[0]) / 0.1 - 1 - 1e-6))
        cycles, rest = divmod(moves - 1, 3)
        expected = cycles * (4 + late) + late + rest + 1
        assert row.steps_to_success == (expected if expected <= 24 else None)
        assert row.steps == 24 and row.waited == sum(i % (4 + late) < late for i in range(24))
        assert len(row.latencies_ms) == np.ceil(24 / (4 + late))
    assert any(row.success for row in rows)


def test_the_last_action_is_repeated_while_waiting_and_the_agent_is_told(line, manifest):
    class Ramp(Walker):
        def act(self):
            return np.linspace(0.1, 0.4, 4)[:, None] / len(self.told)

    agent = Ramp(manifest.cases[0])
    (row,) = run_cases(agent, manifest, line.Task(), cases=[0], latency=0.12)
    executed = [told for _, told in agent.told[1:]]
    assert [len(told) for told in executed] == [4, 4, 4, 2, 4, 4, 2, 4]  # the lead-in, then 6 late
    before = manifest.cases[0].lead_in[-1, -1]
    assert all((told == before).all() for told in executed[2:4])
    assert np.allclose(executed[4][:, 0], np.linspace(0.1, 0.4, 4) / 3)
    assert all((told == executed[4][-1]).all() for told in executed[5:7])
    assert row.steps == 24 and row.waited == 6 + 6 + 4  # the budget ends while it decides


def test_a_measured_latency_is_what_the_agent_took(line, manifest):
    class Sleeper(Walker):
        def act(self):
            time.sleep(0.05)
            return super().act()

    quick, slow = (
        list(run_cases(kind, manifest, line.Task(), cases=[0, 1], latency="measured"))
        for kind in (Walker, Sleeper)
    )
    for one, other in zip(quick, slow, strict=True):
        assert other.waited >= 3 * (len(other.latencies_ms) - 1) and other.waited > one.waited


@pytest.mark.parametrize("latency", [-0.1, np.nan, "slow", None])
def test_refuses_a_latency_that_is_none(line, manifest, latency):
    with pytest.raises(WmpcError, match="seconds, such as"):
        list(run_cases(Walker, manifest, line.Task(), latency=latency))
