"""Planning while acting."""

import threading

import numpy as np
import pytest
from test_mpc import Goal, Recorder
from test_realtime import drive, model

from wmpc.agents.asynchronous import AsyncMPCAgent
from wmpc.agents.mpc import MPCAgent
from wmpc.planners import CEM, Plan


def agents(planner=None, **arguments):
    planner = planner or CEM(samples=64, elites=8, iterations=4)
    return [kind(model(), planner, horizon=6, **arguments) for kind in (MPCAgent, AsyncMPCAgent)]


@pytest.mark.parametrize("execute", [1, 2])
def test_in_an_exact_model_planning_ahead_loses_nothing(execute):
    now, ahead = (drive(agent, 6, execute) for agent in agents(execute=execute))
    assert np.allclose(now, ahead, atol=1e-12)
    assert abs(ahead[:, 0] - 1).min() < 0.1


def test_the_worker_plans_from_the_imagined_context():
    recorder = Recorder()
    agent = AsyncMPCAgent(recorder, CEM(samples=8, elites=2, iterations=1), horizon=3)
    goal = Goal(0.0)
    goal.observation = {"x": np.zeros(1)}
    agent.reset(goal)
    agent.observe({"x": np.array([5.0])}, None)
    first = float(agent.act()[0, 0])
    agent.observe({"x": np.array([6.0])}, np.array([[0.25]]))
    second = float(agent.act()[0, 0])  # its plan was made by the worker
    agent.reset(goal)
    present, again, ahead, after, then = recorder.contexts
    assert present == again == ([5.0], []) and after == ([5.0, 6.0], [0.25])
    assert ahead[0] == pytest.approx([5.0, 5.0 + first]) and ahead[1] == pytest.approx([first])
    assert then[0] == pytest.approx([5.0, 6.0, 6.0 + second])
    assert then[1] == pytest.approx([0.25, second])


class Gate:
    """A planner that waits for `open` once it was `armed`, then plans as CEM; or raises."""

    def __init__(self, error=None):
        self.open, self.armed, self.error = threading.Event(), False, error
        self.inner = CEM(samples=32, elites=4, iterations=2)

    def plan(self, problem, **arguments) -> Plan:
        if self.armed:
            if self.error is not None:
                raise self.error
            assert self.open.wait(20)
        return self.inner.plan(problem, **arguments)


def start(planner, **arguments):
    agent = AsyncMPCAgent(model(), planner, horizon=4, **arguments)
    agent.reset(Goal(1.0))
    agent.observe({"state": np.zeros(2)}, None)
    return agent


def test_a_late_plan_is_not_waited_for_while_the_old_one_lasts():
    agent = start(Gate(), join=False)
    agent.act()
    agent._next.result()
    agent.planner.armed = True  # the worker will hang over the third plan
    blocks = [agent.act() for _ in range(4)]
    old = agent.plan
    assert np.allclose(np.concatenate(blocks)[::3, 0], old.actions[0, :, 0])
    threading.Timer(0.1, agent.planner.open.set).start()
    late = agent.act()  # nothing is left of the old plan: wait
    assert agent.plan is not old
    assert np.allclose(late[0], agent.plan.actions[0, 3])  # where the late plan is by now


def test_errors_of_the_worker_surface_at_the_next_act():
    agent = start(Gate(error=RuntimeError("the model exploded")))
    agent.act()
    agent._next.result()
    agent.planner.armed = True
    agent.act()
    with pytest.raises(RuntimeError, match="exploded"):
        agent.act()
    agent.reset(Goal(1.0))  # and is forgotten here


def test_act_returns_while_the_worker_plans():
    agent = start(Gate(), join=False)
    agent.act()
    agent._next.result()
    agent.planner.armed = True
    agent.act()
    assert agent.seconds[-1] < 0.05 and not agent._next.done()
    agent.planner.open.set()
    agent.reset(Goal(1.0))
