"""On time and within memory."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from planner_problems import generator, quadratic
from test_mpc import Goal, double_integrator

from wmpc.agents import mpc
from wmpc.agents.mpc import MPCAgent
from wmpc.planners import CEM, NumpyModel, WmpcError, search
from wmpc.planners.search import Search


class Clock:
    """Time that only passes where a test says so: no test depends on the machine's load."""

    now = 0.0

    def perf_counter(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(search, "time", clock)
    monkeypatch.setattr(mpc, "time", clock)
    return clock


class Slow:
    """A quadratic's dynamics; the i-th rollout takes seconds(i), whatever it rolls out."""

    def __init__(self, clock, seconds):
        self.inner = quadratic(torch.full((1, 3, 1), 0.4)).dynamics
        self.clock, self.seconds, self.sizes = clock, seconds, []

    @property
    def start(self):
        return self.inner.start

    def rollout(self, actions):
        self.clock.now += self.seconds(len(self.sizes))
        self.sizes.append(actions.shape[1])
        return self.inner.rollout(actions)

    def candidate_bytes(self, horizon):
        return 1000


def slow(clock, seconds, memory=1 << 30):
    problem = quadratic(torch.full((1, 3, 1), 0.4))
    return replace(problem, dynamics=Slow(clock, seconds), memory=memory)


def plan(problem, deadline, samples=50):
    planner = CEM(samples=samples, elites=5, iterations=1000)
    return planner.plan(problem, generator=generator(), deadline=deadline)


def test_a_deadline_ends_the_plan_and_is_used(clock):
    found = plan(slow(clock, lambda i: 10), 145)
    assert clock.now == 140  # another round might end at 152.5
    assert len(found.stats["history"]) == 14 and found.stats["seconds"] == 140
    clock.now = 0
    plan(slow(clock, lambda i: 10), 153)
    assert clock.now == 150


def test_rounds_that_take_a_quarter_longer_than_any_before_are_on_time(clock):
    for deadline in range(30, 300, 7):
        clock.now = 0
        plan(slow(clock, lambda i: 10 * 1.05**i), deadline)
        assert 0.4 * deadline < clock.now <= deadline


def test_one_hiccup_does_not_end_the_plan_early(clock):
    plan(slow(clock, lambda i: 70 if i == 1 else 10), 300)
    assert clock.now > 270


def test_one_round_is_the_floor(clock):
    found = plan(slow(clock, lambda i: 50), 10)
    assert clock.now == 50 and len(found.stats["history"]) == 1


def test_time_can_run_out_between_the_pieces_of_a_round(clock):
    problem = slow(clock, lambda i: 10, memory=6 * 100_000 * 3 * 4 + 1000 * 1000)
    found = plan(problem, 150, samples=100_000)
    assert clock.now == 140 and problem.dynamics.sizes == [1000] * 14
    assert found.cost.isfinite().all()


def test_candidates_without_time_rank_last(clock):
    problem = slow(clock, lambda i: 10, memory=6 * 40 * 3 * 4 + 5000)
    search = Search(problem, generator(), None, 35)
    rank = search.score(torch.rand(1, 40, 3, 1))
    assert rank.shape == (1, 40) and problem.dynamics.sizes == [5] * 3
    assert rank[0, :15].isfinite().all() and rank[0, 15:].isinf().all()
    assert list(search.rounds(5)) == []  # and no other loop begins


def test_pieces_change_nothing_but_memory():
    whole, pieces = (
        plan_once(quadratic(torch.full((2, 3, 2), 0.3)), memory) for memory in (1 << 30, 80_000)
    )
    assert torch.allclose(whole.actions, pieces.actions)


def plan_once(problem, memory):
    return CEM(samples=200).plan(replace(problem, memory=memory), generator=generator())


def test_too_little_memory_is_said():
    with pytest.raises(WmpcError, match="200 candidates take 57,600 to draw"):
        plan_once(quadratic(torch.full((2, 3, 2), 0.3)), 30_000)


# The agent ------------------------------------------------------------------------------------


def model(rollout=double_integrator):
    low, high = np.array([-1.0]), np.array([1.0])
    return NumpyModel(lambda o: o["state"], rollout, low, high, action_block=3, counted=1)


def drive(agent, decisions=8, execute=1):
    """The states (decisions * execute + 1, 2) that an agent comes through."""
    states = [np.zeros(2)]
    agent.reset(Goal(1.0))
    agent.observe({"state": states[0]}, None)
    for _ in range(decisions):
        for block in agent.act().reshape(execute, 3, 1):
            after = double_integrator(states[-1][None], block.reshape(1, 1, 1, 3))[0, 0, 0]
            states.append(after)
            agent.observe({"state": after}, block)
    return np.stack(states)


def test_the_deadline_is_of_the_whole_decision(clock):
    class Lazy(NumpyModel):
        def encode(self, observation):
            clock.now += 30
            return super().encode(observation)

    def rollout(latents, actions):
        clock.now += 10
        return double_integrator(latents, actions)

    low, high = np.array([-1.0]), np.array([1.0])
    lazy = Lazy(lambda o: o["state"], rollout, low, high, action_block=3)
    agent = MPCAgent(lazy, CEM(iterations=1000), horizon=6, deadline=105)
    for _ in range(2):
        agent.reset(Goal(1.0))
        for _ in range(3):
            agent.observe({"state": np.zeros(2)}, None)
            clock.now += 500  # waiting for its turn is nobody's fault
            agent.act()
        assert agent.seconds == [100] * 3


def test_rehearsing_does_not_change_the_plans():
    planner = CEM(samples=32, elites=4, iterations=3)
    free, hurried = (MPCAgent(model(), planner, horizon=6, deadline=d) for d in (None, 60.0))
    assert np.array_equal(drive(free), drive(hurried))


def test_memory_reaches_the_problem():
    agent = MPCAgent(model(), CEM(), memory=1000)
    agent.reset(Goal(1.0))
    agent.observe({"state": np.zeros(2)}, None)
    with pytest.raises(WmpcError, match="a memory of 1,000 bytes is too small"):
        agent.act()


HUNDRED_THOUSAND = """
import re, torch
from planners import CEM, Box, Problem, latent_distance
from wmpc.wm.models.dynamics import LatentDynamics
from wmpc.wm.models.predictors import WindowMLP

predictor = WindowMLP(latent=16, action=10, context=3, width=64, depth=2).requires_grad_(False)
dynamics = LatentDynamics(predictor, torch.randn(1, 3, 1, 16), torch.randn(1, 2, 10))
bounds = Box(-torch.ones(10), torch.ones(10))
cost = latent_distance(torch.randn(1, 1, 16))
problem = Problem(dynamics, cost, 7, bounds, memory=MEMORY)


def plan(samples):
    CEM(samples, samples // 10, 1).plan(problem, generator=torch.Generator().manual_seed(0))
    # not getrusage: its maximum begins with that of the process that forked this one
    return 1024 * int(re.search(r"VmHWM:\\s*(\\d+)", open("/proc/self/status").read())[1])


before = plan(100)
print(plan(100_000) - before)
"""


def test_a_hundred_thousand_samples_stay_within_the_memory():
    """Pieces of what does not fit at once; see `LatentDynamics.candidate_bytes`."""
    memory = 224 << 20  # of it 6 x 28 MB for the candidates themselves
    script = HUNDRED_THOUSAND.replace("MEMORY", str(memory))
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=99
    )
    assert done.returncode == 0, done.stderr
    assert 100_000 * 7 * 10 * 4 < int(done.stdout) < memory
