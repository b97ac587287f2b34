"""Policies learned by hindsight, on a point whose best action is known."""

import numpy as np
import points
import pytest
import torch

from wmpc.agents import goal_policy
from wmpc.agents.goal_policy import GoalPolicyAgent, train_goal_policy
from wmpc.errors import WmpcError

QUICK = {"within": 3, "steps": 500, "batch": 128, "width": 64, "lr": 3e-3}


@pytest.fixture(scope="module")
def walks():
    return points.wandering()


@pytest.fixture(scope="module")
def cloning(walks):
    return train_goal_policy(walks, 2, **QUICK)


@pytest.fixture(scope="module")
def inverse(walks):
    return train_goal_policy(walks, 2, timed=True, **QUICK)


@pytest.fixture(params=["cloning", "inverse"])
def policy(request):
    return request.getfixturevalue(request.param)


def asked(policy, places, goals, k):
    """The policy's actions (n, 2) at places (n, 2), of which nothing is remembered."""
    n = len(places)
    latents = torch.stack([torch.full_like(places, 9.0), places], 1)[:, :, None]
    valid = torch.tensor([False, True]).expand(n, 2)
    return policy(latents, torch.full((n, 1, 2), 9.0), valid, goals, torch.full((n,), k))


@pytest.mark.parametrize("k", [1, 2, 3])
def test_inverse_dynamics_takes_an_equal_share_of_the_way(inverse, k):
    """Of k independent actions that sum to the way, each is expected to be a k-th of it."""
    rng = torch.Generator().manual_seed(1)
    places = 2 * torch.rand(200, 2, generator=rng) - 1
    ways = 0.9 * (2 * torch.rand(200, 2, generator=rng) - 1)
    wrong = (asked(inverse, places, places + ways, k) - ways / k).abs().mean()
    assert wrong < 0.05  # standing still: 0.45 / k
    if k == 1:
        assert wrong < 0.1 * ways.abs().mean()


def test_cloning_goes_towards_the_goal(cloning):
    places = torch.zeros(4, 2)
    goals = torch.tensor([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    actions = asked(cloning, places, goals, 1)
    assert ((actions * goals).sum(1) > 0.3).all()
    assert (actions[goals == 0].abs() < 0.15).all()


def test_a_policy_reaches_goals_further_away_than_a_block(policy):
    agent = GoalPolicyAgent(points.eye(), policy)
    for target in ([1.5, 1.5], [-1.8, 0.4], [0.2, -1.2]):
        places = points.walk(agent, [0.0, 0.0], target, 10)
        assert np.abs(places[-1] - target).max() < 0.1


def test_what_is_padded_does_not_count(policy):
    places, goals = torch.zeros(1, 2), torch.ones(1, 2)
    one = asked(policy, places, goals, 1)
    latents = torch.zeros(1, 2, 1, 2)
    valid = torch.tensor([[False, True]])
    assert torch.equal(one, policy(latents, torch.zeros(1, 1, 2), valid, goals, torch.tensor([1])))


def test_the_same_seed_gives_the_same_policy_and_leaves_the_rest_alone(walks):
    few = {"steps": 20, "width": 8, "timed": True}
    before = torch.random.get_rng_state()
    one, same, other = (train_goal_policy(walks, 2, seed=s, **few) for s in (3, 3, 4))
    assert torch.equal(before, torch.random.get_rng_state())
    pairs = zip(one.parameters(), same.parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)
    pairs = zip(one.parameters(), other.parameters(), strict=True)
    assert not all(torch.equal(a, b) for a, b in pairs)
    assert not any(p.requires_grad for p in one.parameters())


def test_an_agent_repeats_itself_after_reset(policy):
    agent = GoalPolicyAgent(points.eye(), policy)
    first, second = (points.walk(agent, [1.0, 0.0], [0.0, 1.0], 5) for _ in range(2))
    assert np.array_equal(first, second)


@pytest.mark.parametrize("stride", [1, 2])
def test_what_a_policy_learns_from_belongs_together(stride, monkeypatch):
    """Of one episode: the frames of a context with the blocks between them, the block that was
    executed there, and a goal that lies k blocks ahead."""
    walks, draws = points.wandering(episodes=6, steps=7, stride=stride), []
    monkeypatch.setattr(goal_policy, "fit", lambda module, loss, draw, recipe: draws.append(draw))
    train_goal_policy(walks, 3, within=2, batch=3000, width=4)
    latents, executed, valid, goal, k, block = draws[0](0)
    z = latents[:, :, 0]

    def row(places):
        return (places[:, None] == walks.picture).all(-1).int().argmax(1)

    now, there = row(z[:, -1]), row(goal)
    assert torch.equal(there, now + stride * k) and torch.equal(there // 8, now // 8)
    assert set(k.tolist()) == {1, 2}
    assert torch.equal(block, walks.blocks[now])
    assert torch.allclose(z[:, -1] + block, walks.picture[now + stride], atol=1e-6)
    assert valid[:, -1].all() and (valid[:, 1:] >= valid[:, :-1]).all()
    assert torch.allclose(z.diff(dim=1)[valid[:, :-1]], executed[valid[:, :-1]], atol=1e-6)
    before, long = now % 8 // stride, valid.sum(1)
    assert (long <= before + 1).all()  # no frame is of the episode before
    share = [float((long[before >= 2] == n).float().mean()) for n in (1, 2, 3)]
    assert share == pytest.approx([1 / 3] * 3, abs=0.06)
    assert set(long[before == 1].tolist()) == {1, 2}


@pytest.mark.parametrize("name", ["within", "steps", "batch", "width", "lr"])
def test_settings_out_of_range(walks, name):
    with pytest.raises(WmpcError, match=f"{name} is 0"):
        train_goal_policy(walks, 2, **{name: 0})


def test_what_an_agent_cannot_do(policy):
    with pytest.raises(WmpcError, match="it must be 1 to within = 3"):
        GoalPolicyAgent(points.eye(), policy, arrive=4)
    agent = GoalPolicyAgent(points.eye(), policy)
    with pytest.raises(WmpcError, match="before act"):
        agent.act()


def test_episodes_shorter_than_a_block_teach_nothing():
    short = points.wandering(episodes=3, steps=0)
    with pytest.raises(WmpcError, match="no training episode is 1 blocks long"):
        train_goal_policy(short, 2)
