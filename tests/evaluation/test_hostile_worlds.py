"""An environment that raises or hangs: the case alone fails, with the place where it did."""

import time

import numpy as np
import pytest

from wmpc.agents.baselines import ZeroAgent
from wmpc.errors import WmpcError
from wmpc.evaluation.draw_cases import draw_manifest
from wmpc.evaluation.run_cases import run_cases

METHODS = ("reset", "advance", "observe_state", "get_state", "distance")


def broken(task, method, deed):
    """`task`, whose `method` does something else in every second case from its third call on."""

    class Broken(task):
        cases, calls = 0, 0

        def reset(self, **arguments):
            self.cases, self.calls = self.cases + 1, 0
            return super().reset(**arguments)

    kept = getattr(Broken, method)

    def spoilt(self, *arguments, **named):
        self.calls += 1
        if method == "reset" and self.cases % 2 == 1:
            self.cases += 1
            deed()
        if self.cases % 2 == 0 and self.calls > 2:
            deed()
        return kept(self, *arguments, **named)

    setattr(Broken, method, spoilt)
    return Broken()


def oops():
    raise RuntimeError("the simulator is out of oil")


def judged(line, method, deed, **arguments):
    manifest = draw_manifest(
        line.Recording(), line.Task(), blocks=3, action_block=4, budget=3, count=4
    )
    agent = ZeroAgent(1, block=4)
    plain = list(run_cases(agent, manifest, line.Task()))
    rows = list(run_cases(agent, manifest, broken(line.Task, method, deed), **arguments))
    for row, whole in zip(rows[::2], plain[::2], strict=True):
        assert row.failure is None and np.array_equal(row.states, whole.states)
    return [row.failure for row in rows[1::2]]


@pytest.mark.parametrize("method", METHODS)
def test_what_raises_fails_its_case_alone(line, method):
    for failure in judged(line, method, oops):
        assert "the environment raised RuntimeError: the simulator is out of oil" in failure
        assert "test_hostile_worlds.py" in failure


@pytest.mark.parametrize("method", METHODS)
def test_what_hangs_fails_its_case_alone(line, method):
    began = time.monotonic()
    for failure in judged(line, method, lambda: time.sleep(60), timeout_s=0.2):
        assert failure.startswith("the environment hung: ") and failure.endswith("0.2 s")
    assert time.monotonic() - began < 30


def test_a_manifest_that_does_not_fit_the_world_is_bad_input(line):
    def refuse():
        raise WmpcError("a state of another size")

    with pytest.raises(WmpcError, match="another size"):
        judged(line, "reset", refuse)
