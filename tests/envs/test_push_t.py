"""The block: it moves when pushed, stops when not, stays in the arena, and the test is joint."""

import numpy as np
import pytest

from wmpc import envs
from wmpc.envs.pusher import DISC_REACH


@pytest.fixture(scope="module")
def task():
    return envs.make("wmpc/PushT-v0")


@pytest.fixture(scope="module")
def scripted(task):
    """States (N, T+1, S) of scripted episodes."""
    episodes = []
    for seed in range(30):
        observation, _ = task.reset(seed=seed)
        policy = task.scripted_policy(np.random.default_rng(seed))
        rows = [task.get_state()]
        for _ in range(150):
            info = task.advance(policy({**observation, "state": rows[-1]}))
            assert info["failure"] is None
            rows.append(task.get_state())
        episodes.append(rows)
    return np.array(episodes)


def test_scripted_episodes_move_and_turn_the_block(task, scripted):
    qpos = task.layout.qpos(scripted)
    moved = np.linalg.norm(qpos[:, -1, 2:4] - qpos[:, 0, 2:4], axis=-1)
    turned = np.ptp(qpos[..., 4], axis=1)
    assert np.mean(moved > 2 * task.tolerances["position_m"]) > 0.7
    assert np.mean(turned > 2 * task.tolerances["angle_rad"]) > 0.5
    keep = task.filters["block_moved"]
    worth = [keep(rows[t], rows[t + 25], None) for rows in scripted for t in range(0, 120, 20)]
    assert np.mean(worth) > 0.25


def test_the_block_is_pushed_from_all_sides_all_over_the_arena(task, scripted):
    described = task.describe(scripted).reshape(-1, 6)
    assert np.ptp(described[:, 2:4], axis=0).min() > 1.8 * task.block_reach
    angle = np.arctan2(described[:, 5], described[:, 4])
    assert (np.histogram(angle, 8, (-np.pi, np.pi))[0] > 0).all()
    side = np.arctan2(*(described[:, 1::-1] - described[:, 3:1:-1]).T)
    assert (np.histogram(side, 8, (-np.pi, np.pi))[0] > 0).all()


def test_everything_stays_inside_and_apart(task, scripted):
    qpos = task.layout.qpos(scripted).reshape(-1, 5)
    assert np.abs(qpos[:, :2]).max() < DISC_REACH + 0.03
    assert np.abs(qpos[:, 2:4]).max() < task.block_reach + 0.03
    assert min(task.gap(q[:2], q[2:4], q[4]) for q in qpos) > -0.03
    assert np.abs(task.layout.qvel(scripted)[..., 4]).max() < 15


def test_a_block_let_go_stops(task):
    state = task.layout.at_rest(np.array([-0.9, -0.9, 0.0, 0.0, 0.3]))
    task.reset(options={"state": state})
    task.data.qvel[2:] = 1.0, 0.0, 3.0
    for _ in range(10):
        task.advance(np.zeros(2))
    _, x, y, turn = task.layout.qpos(task.get_state())[1:]
    assert np.abs(task.layout.qvel(task.get_state())).max() < 0.05
    assert 0 < x < 0.08 and abs(y) < 0.01 and 0 < turn - 0.3 < 0.3


def test_success_is_joint(task):
    goal = task.layout.at_rest(np.array([0.5, 0.5, 0.0, 0.0, np.pi]))

    def at(*offset):
        return task.layout.at_rest(np.array([0.5, 0.5, 0.0, 0.0, np.pi]) + offset)

    assert task.success(at(0.07, 0, 0, 0, 0), goal) and task.success(at(0, 0, 0, 0.07, 0), goal)
    assert not task.success(at(0.07, 0, 0, 0.07, 0), goal)  # 0.099 m together
    assert task.success(at(0, 0, 0, 0, np.deg2rad(19)), goal)
    assert task.success(at(0, 0, 0, 0, -np.deg2rad(361)), goal)
    assert not task.success(at(0, 0, 0, 0, np.deg2rad(21)), goal)
    assert task.distance(at(0, 0, 0, 0, np.deg2rad(11)), goal) > 0.5


def test_sampled_states_do_not_overlap(task):
    rng = np.random.default_rng(0)
    task.reset(seed=0)
    for _ in range(50):
        task.reset(options={"state": task.sample_state(rng)})
        task.advance(np.zeros(2))
        assert task.data.ncon == 0


def test_gap_is_the_distance_to_the_block(task):
    assert task.gap(np.array([0.0, 0.4]), np.zeros(2), 0.0) == pytest.approx(0.4 - 0.192 - 0.08)
    assert task.gap(np.array([0.4, 0.0]), np.zeros(2), np.pi / 2) == pytest.approx(
        0.4 - 0.368 - 0.08
    )
