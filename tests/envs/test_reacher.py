"""The arm: both joints move, and goals are neither trivial nor out of reach."""

import numpy as np
import pytest

from wmpc import envs
from wmpc.envs.policies import RandomPolicy

EPISODES, LEAD, AHEAD, BUDGET = 60, 20, 25, 50


@pytest.fixture(scope="module")
def task():
    return envs.make("wmpc/Reacher-v0")


@pytest.fixture(scope="module")
def episodes(task):
    """Random episodes: states (N, T+1, S) and actions (N, T, 2)."""
    policy = RandomPolicy(task.action_space.low, task.action_space.high)
    states, actions = [], []
    for seed in range(EPISODES):
        task.reset(seed=seed)
        policy.reset(np.random.default_rng(seed))
        block = np.stack([policy({}) for _ in range(100)])
        rows = [task.get_state()]
        for action in block:
            task.advance(action)
            rows.append(task.get_state())
        states.append(rows)
        actions.append(block)
    return np.array(states), np.array(actions)


def test_a_random_block_turns_both_joints(task, episodes):
    qpos = task.layout.qpos(episodes[0])
    block = np.abs(qpos[:, 5:] - qpos[:, :-5]).mean((0, 1))
    five_blocks = np.abs(qpos[:, 25:] - qpos[:, :-25]).mean((0, 1))
    assert np.all((block > 0.2) & (block < 0.5)), block
    assert np.all((five_blocks > 0.8) & (five_blocks < 2.0)), five_blocks


def test_random_episodes_reach_every_pose(task, episodes):
    angles = np.mod(task.layout.qpos(episodes[0]).reshape(-1, 2), 2 * np.pi)
    counts, _, _ = np.histogram2d(*angles.T, bins=8)
    assert (counts > 0).all() and counts.max() < 8 * counts.mean()


def test_floors_are_low_and_replay_arrives(task, episodes):
    rates = dict.fromkeys(("replay", "random", "zero"), 0.0)
    for states, actions, seed in zip(*episodes, range(EPISODES), strict=True):
        policy = RandomPolicy(task.action_space.low, task.action_space.high)
        policy.reset(np.random.default_rng(1000 + seed))
        tries = {
            "replay": actions[LEAD : LEAD + AHEAD],
            "random": np.stack([policy({}) for _ in range(BUDGET)]),
            "zero": np.zeros((BUDGET, 2)),
        }
        for kind, attempt in tries.items():
            task.reset(options={"state": states[LEAD], "goal_state": states[LEAD + AHEAD]})
            rates[kind] += any(task.advance(a)["success"] for a in attempt) / EPISODES
    assert rates["replay"] == pytest.approx(1.0)
    assert rates["random"] < 0.15 and rates["zero"] < 0.15, rates


def test_angles_wrap(task):
    near, far = (task.layout.at_rest(np.array([angle, 0.0])) for angle in (np.pi - 0.02, -np.pi))
    assert task.errors(near, far)["shoulder_rad"] == pytest.approx(0.02)
    assert task.distance(near, far) <= 0.5
    assert not task.success(near, task.layout.at_rest(np.array([np.pi, 0.11])))
    assert np.linalg.norm(task.coordinates(near) - task.coordinates(far)) == pytest.approx(
        0.2, 1e-3
    )
