"""Agents that hang, stray, exit or meddle: the case fails with the reason, and the run goes on."""

import contextlib
import signal
import sys
import threading
import time

import numpy as np
import pytest

from wmpc.errors import WmpcError
from wmpc.evaluation.draw_cases import draw_manifest
from wmpc.evaluation.row import Row, count_failures
from wmpc.evaluation.run_cases import run_cases
from wmpc.system.asking import Failed, ask


@pytest.fixture
def manifest(line):
    return draw_manifest(line.Recording(), line.Task(), blocks=3, action_block=4, budget=6, count=6)


class Idle:
    """Does nothing; on every second case, what it is told to do instead."""

    def __init__(self, instead, where="act"):
        self.resets = 0
        self.instead, self.where = instead, where

    def reset(self, goal):
        self.resets += 1
        self.goal = goal
        self.turn("reset")

    def observe(self, observation, executed):
        self.turn("observe")

    def act(self):
        answer = self.turn("act")
        return np.zeros((4, 1)) if answer is None else answer

    def turn(self, name):
        return self.instead() if self.resets % 2 == 0 and name == self.where else None


def sleep():
    time.sleep(30)


def spin():
    while True:
        pass


def spin_and_swallow():
    while True:
        with contextlib.suppress(Exception):
            spin()


def swallow_once():
    try:
        spin()
    except BaseException:
        spin()


def judged(agent, manifest, line, **arguments):
    rows = list(run_cases(agent, manifest, line.Task(), **arguments))
    assert [row.failure is None for row in rows] == [True, False] * 3
    assert not any(row.success or row.held for row in rows[1::2])
    return rows[1::2]


@pytest.mark.parametrize("where", ["reset", "observe", "act"])
@pytest.mark.parametrize("hang", [sleep, spin, spin_and_swallow])
def test_a_hanging_agent_loses_its_case_and_no_other(line, manifest, hang, where):
    began = time.monotonic()
    rows = judged(Idle(hang, where), manifest, line, timeout_s=0.05)
    assert {row.failure for row in rows} == {f"the agent hung: {where} took longer than 0.05 s"}
    assert time.monotonic() - began < 15


def test_an_agent_that_swallows_the_alarm_is_rung_again(line, manifest):
    with pytest.raises(Failed, match="hung: swallow_once"):
        ask(0.05, swallow_once)


def test_an_agent_that_cannot_be_made_in_time_fails_its_case(line, manifest):
    (row,) = run_cases(lambda case: spin(), manifest, line.Task(), cases=[0], timeout_s=0.05)
    assert "the agent hung" in row.failure


def test_alarms_of_others_go_on(line, manifest):
    heard = []
    before = signal.signal(signal.SIGALRM, lambda *_: heard.append(1))
    timer = signal.setitimer(signal.ITIMER_REAL, 0.3)
    try:
        list(run_cases(Idle(spin), manifest, line.Task(), timeout_s=0.02))
        deadline = time.monotonic() + 5
        while not heard and time.monotonic() < deadline:
            time.sleep(0.01)
        assert heard == [1]
    finally:
        signal.setitimer(signal.ITIMER_REAL, *timer)
        signal.signal(signal.SIGALRM, before)


def test_other_threads_evaluate_without_a_timeout(line, manifest):
    rows = []
    slow = Idle(lambda: time.sleep(0.05))
    work = threading.Thread(
        target=lambda: rows.extend(run_cases(slow, manifest, line.Task(), timeout_s=0.01))
    )
    work.start()
    work.join()
    assert len(rows) == 6 and not any(row.failure for row in rows)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (lambda: np.full((4, 1), 1.001), "out of bounds: 1.001 is not within -1 and 1"),
        (lambda: np.full((4, 1), -7), "out of bounds: -7 is not within"),
        (lambda: [[0.0], [0.0, 0.0]], "no array of actions"),
        (lambda: np.full((4, 1), np.inf), "not finite"),
        (lambda: sys.exit(3), "raised SystemExit: 3"),
    ],
)
def test_an_agent_out_of_bounds_or_gone_fails_its_case(line, manifest, wrong, reason):
    rows = judged(Idle(wrong), manifest, line)
    assert all(reason in row.failure for row in rows)


def test_reasons_are_counted_whatever_their_details():
    rows = [Row(case, 9, "warm", 0).as_dict() for case in range(5)]
    for row, failure in zip(
        rows,
        [None, "the agent hung: act took longer than 1 s", "the agent hung: reset took", "odd: x"],
        strict=False,
    ):
        row["failure"] = failure
    assert count_failures(rows) == {"the agent hung": 2, "odd": 1}


def test_an_agent_that_meddles_with_what_it_is_given_changes_no_case(line, manifest):
    class Meddler(Idle):
        def reset(self, goal):
            for value in goal.observation.values():
                value[...] = 0

        def observe(self, observation, executed):
            for value in (*observation.values(), *([] if executed is None else [executed])):
                value[...] = 0
            self.chunk[...] = 5.0

        chunk = np.zeros((8, 1))

        def act(self):
            self.chunk[...] = 0.5
            return self.chunk

    before = manifest.hash, manifest.cases[0].goal_pixels.copy()
    for start in ("warm", "cold"):
        rows = list(run_cases(Meddler(spin), manifest, line.Task(), start=start, privileged=True))
        assert all((np.stack(row.actions) == 0.5).all() and row.failure is None for row in rows)
    del manifest.__dict__["hash"], manifest.__dict__["content"]
    assert manifest.hash == before[0]
    assert np.array_equal(manifest.cases[0].goal_pixels, before[1])


@pytest.mark.parametrize("timeout_s", [0, -1, np.nan])
def test_refuses_a_timeout_that_is_none(line, manifest, timeout_s):
    with pytest.raises(WmpcError, match="seconds, such as 60"):
        list(run_cases(Idle(spin), manifest, line.Task(), timeout_s=timeout_s))
