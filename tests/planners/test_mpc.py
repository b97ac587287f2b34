"""MPC on a simulator written with numpy, where the optimum is plain."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from model_cases import model

from wmpc.agents.mpc import MPCAgent
from wmpc.planners import CEM, NumpyDynamics, NumpyModel, WmpcError
from wmpc.planners.knots import hold


def double_integrator(latents, actions):
    """latents (B, 2), actions (B, N, H, n) forces -> (B, N, H, 2)"""
    B, N, H, n = actions.shape
    x = np.broadcast_to(latents[:, None, 0], (B, N)).copy()
    v = np.broadcast_to(latents[:, None, 1], (B, N)).copy()
    out = np.empty((B, N, H, 2))
    for t in range(H):
        for i in range(n):
            v = v + 0.1 * actions[:, :, t, i]
            x = x + 0.1 * v
        out[:, :, t, 0], out[:, :, t, 1] = x, v
    return out


class Goal:
    def __init__(self, x):
        self.observation = {"state": np.array([x, 0.0])}


@pytest.fixture
def agent():
    model = NumpyModel(
        start=lambda observation: observation["state"],
        rollout=double_integrator,
        low=np.array([-1.0]),
        high=np.array([1.0]),
        action_block=3,
        counted=1,
    )
    return MPCAgent(model, CEM(samples=64, elites=8, iterations=4), horizon=6)


def test_knots_are_held_over_their_share_of_a_block(agent):
    block = run_one(agent)
    assert (block == block[0]).all()  # one knot: constant over the block
    free = run_one(MPCAgent(agent.model, agent.planner, horizon=6, knots=None))
    assert len(set(free[:, 0])) > 1
    with pytest.raises(WmpcError, match="divide"):
        MPCAgent(agent.model, agent.planner, knots=2)


def test_hold_repeats_each_action():
    knots = torch.tensor([1.0, 10.0, 2.0, 20.0])  # two knots of two numbers
    assert hold(knots, 2, 2).tolist() == [1, 10, 1, 10, 2, 20, 2, 20]


def run_one(agent):
    agent.reset(Goal(0.3))
    agent.observe({"state": np.zeros(2)}, None)
    return agent.act()


def run(agent, blocks=15, goal=1.0):
    state = np.zeros(2)
    agent.reset(Goal(goal))
    agent.observe({"state": state}, None)
    nearest = np.inf
    for _ in range(blocks):
        block = agent.act()
        assert block.shape == (3, 1) and np.abs(block).max() <= 1
        state = double_integrator(state[None], block.reshape(1, 1, 1, 3))[0, 0, 0]
        agent.observe({"state": state}, block)
        nearest = min(nearest, abs(state[0] - goal))
    return nearest, state


def test_reaches_the_goal(agent):
    nearest, _ = run(agent)
    assert nearest < 0.05


def test_reset_starts_the_randomness_anew(agent):
    assert np.array_equal(run(agent, 4)[1], run(agent, 4)[1])


def test_the_last_plan_is_shifted_into_the_next(agent):
    agent.reset(Goal(1.0))
    agent.observe({"state": np.zeros(2)}, None)
    agent.act()
    before = agent.plan.actions
    warm = agent._filled(agent._shifted(1), 6)
    assert torch.equal(warm[:, :-1], before[:, 1:]) and warm[:, -1].eq(0).all()


def test_act_before_observe():
    model = NumpyModel(lambda o: o["state"], double_integrator, np.array([-1]), np.array([1]), 3)
    with pytest.raises(WmpcError, match="reset"):
        MPCAgent(model, CEM()).act()
    with pytest.raises(WmpcError, match="execute"):
        MPCAgent(model, CEM(), horizon=2, execute=3)


def test_numpy_dynamics_predicts_each_step_from_the_state_given():
    dynamics = NumpyDynamics(double_integrator, np.array([[0.2, 0.1]]))
    actions = torch.rand(1, 4, 3, 3, dtype=torch.float64)
    rolled = dynamics.rollout(actions)
    assert torch.allclose(dynamics.predict(rolled[:, :, :-1], actions), rolled)


def test_a_function_of_the_wrong_shape_is_named():
    dynamics = NumpyDynamics(lambda s, a: np.zeros((1, 1)), np.zeros((1, 2)))
    with pytest.raises(WmpcError, match=r"must return \(B, N, H, D\)"):
        dynamics.rollout(torch.zeros(1, 4, 3, 3))


class Recorder:
    """A world model that notes which context it was given."""

    context, columns = 3, ("x", "action")
    action_block = action_size = 1

    def __init__(self):
        self.contexts = []

    def encode(self, observation):
        return torch.as_tensor(observation["x"], dtype=torch.float32).unsqueeze(-2)

    def known(self, observation, weight=None):
        return torch.ones(1, 1), []

    def dynamics(self, latents, executed):
        self.contexts.append((latents[0, :, 0, 0].tolist(), executed[0, :, 0].tolist()))
        return NumpyDynamics(lambda s, a: a.cumsum(2) + s[:, None, None], latents[:, -1, 0].numpy())

    def action_bounds(self):
        return -torch.ones(1, dtype=torch.float64), torch.ones(1, dtype=torch.float64)

    def normalise(self, actions):
        return torch.as_tensor(actions).flatten(-2)

    def denormalise(self, actions):
        return actions.unflatten(-1, (1, -1)).numpy()


def test_the_context_is_the_true_history():
    model = Recorder()
    agent = MPCAgent(model, CEM(samples=8, elites=2, iterations=1), horizon=2)
    goal = Goal(0.0)
    goal.observation = {"x": np.zeros(1)}
    agent.reset(goal)
    agent.observe({"x": np.array([0.0])}, None)
    agent.act()
    for t in range(1, 5):
        agent.observe({"x": np.array([float(t)])}, np.array([[t / 10]]))
    agent.act()
    assert model.contexts[0] == ([0.0], [])  # short at the start, and said so
    assert model.contexts[1][0] == [2.0, 3.0, 4.0]
    assert model.contexts[1][1] == pytest.approx([0.3, 0.4])


def pushed(latents, actions):
    """latents (B, 2), actions (B, N, H, 2 * 2) moves, two a block -> (B, N, H, 2)"""
    moves = actions.reshape(*actions.shape[:3], 2, 2).sum(3)
    return latents[:, None, None] + moves.cumsum(2)


@pytest.mark.parametrize("knots", [1, None])
def test_no_action_is_larger_than_the_ball(knots):
    model = NumpyModel(
        start=lambda observation: observation["state"], rollout=pushed,
        low=np.array([-1.0, -1.0]), high=np.array([1.0, 1.0]), action_block=2,
    )  # fmt: skip
    agent = MPCAgent(model, CEM(samples=128, elites=8, iterations=6), knots=knots, ball=0.5)
    agent.reset(SimpleNamespace(observation={"state": np.array([9.0, 9.0])}))
    agent.observe({"state": np.zeros(2)}, None)
    sums = np.abs(agent.act()).sum(-1)
    assert sums.shape == (2,) and (sums <= 0.5 + 1e-6).all() and (sums > 0.45).all()


def test_the_ball_is_in_the_units_of_the_environment():
    network = model()
    agent = MPCAgent(network, CEM(), knots=None, ball=0.3)
    bound = agent.actions.clamp(agent.actions.high * torch.tensor([1.0, 0.5]).repeat(2))
    done = network.denormalise(bound)
    np.testing.assert_allclose(np.abs(done).sum(-1), 0.3, atol=1e-6)
    nothing = network.denormalise(agent.actions.clamp(network.normalise(np.zeros((2, 2)))))
    np.testing.assert_allclose(nothing, 0, atol=1e-7)
