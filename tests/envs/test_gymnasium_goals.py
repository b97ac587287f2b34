"""Any gymnasium MuJoCo environment, given tolerances, is a task with goals."""

import numpy as np
import pytest

from wmpc import envs
from wmpc.collecting.collect import Recipe, record_episodes, settings
from wmpc.envs.goal_env import GoalEnv, StateSampler, require
from wmpc.envs.simulator import Simulator
from wmpc.errors import WmpcError
from wmpc.evaluation.draw_cases import draw_manifest
from wmpc.evaluation.run_cases import run_cases

TOLERANCES = {"qpos0": 0.1, "qpos1": 0.1}


@pytest.fixture(scope="module")
def task():
    made = envs.make("Reacher-v5", image_size=16, tolerances=TOLERANCES)
    made.reset(seed=0)
    yield made
    made.close()


def turned(task, shoulder, elbow):
    qpos = np.array([shoulder, elbow, 0.0, 0.0])
    return task.state_of(qpos, np.zeros(4))


def test_errors_are_those_of_the_variables_named_and_angles_go_the_short_way_round(task):
    errors = task.errors(turned(task, np.pi - 0.02, 1.0), turned(task, -np.pi + 0.03, 1.25))
    assert errors == pytest.approx({"qpos[0]": 0.05, "qpos[1]": 0.25})
    assert task.distance(turned(task, 0, 1.0), turned(task, 0.05, 1.0)) == pytest.approx(0.5)
    assert task.success(turned(task, 0, 1.0), turned(task, 0.09, 1.0))
    assert task.distance(turned(task, 0, 1.0), turned(task, 0.09, 1.0)) > 0.5


def test_coordinates_count_tolerances(task):
    here, there = task.coordinates(np.stack([turned(task, 1.0, 0.5), turned(task, 1.01, 0.5)]))
    assert len(task.coordinate_names) == len(here) == 3
    assert np.linalg.norm(here - there) == pytest.approx(0.1, rel=1e-3)


def test_state_of_restores_positions_and_velocities(task):
    for _ in range(5):
        task.step(task.action_space.sample())
    qpos, qvel = task.data.qpos.copy(), task.data.qvel.copy()
    observed = task.proprio(task.get_state())
    assert np.allclose(task.proprio(task.state_of(qpos, qvel)), observed, atol=1e-6)
    with pytest.raises(WmpcError, match="qpos"):
        task.state_of(qpos[:2], qvel)


def test_the_simulator_moves_as_the_environment_does(task):
    observation, _ = task.reset(seed=3)
    actions = np.random.default_rng(0).uniform(-1, 1, (3, 2)).astype(np.float32)
    simulator = Simulator(task, threads=1)
    start = simulator.start({"state": observation["state"]})
    latents = simulator.rollout(start[None], actions[None, None])
    for action in actions:
        task.step(action)
    assert np.allclose(latents[0, 0, -1, :3], task.coordinates(task.get_state()), atol=1e-6)
    simulator.close()


def test_recorded_frames_are_goals_that_the_recording_reaches_and_doing_nothing_does_not(task):
    kwargs = {"image_size": 16, "tolerances": TOLERANCES}
    recipe = Recipe("Reacher-v5", kwargs, "random", 12, 2, 0)

    class Recorded:
        meta = {**settings(task, kwargs, 2), "env": "Reacher-v5", "kwargs": kwargs}  # noqa: RUF012
        hash = "x"
        held_out_ids = range(4)
        episodes = [recording.episode for recording in record_episodes(recipe, 0, 4, 1)]  # noqa: RUF012

        def episode(self, index):
            return self.episodes[index]

    drawn = draw_manifest(Recorded(), task, blocks=3, action_block=2, budget=6, count=6)

    class Replay:
        def __init__(self, case):
            self.left = list(case.replay)

        def reset(self, goal):
            pass

        def observe(self, observation, executed):
            pass

        def act(self):
            return self.left.pop(0) if self.left else np.zeros((2, 2), np.float32)

    class Still(Replay):
        def act(self):
            return np.zeros((2, 2), np.float32)

    assert all(row.success for row in run_cases(Replay, drawn, task))
    assert not any(row.success for row in run_cases(Still, drawn, task))


def test_pictures_may_be_those_of_gymnasium_itself():
    kwargs = {"default_camera_config": {"trackbodyid": -1, "distance": 0.5, "elevation": -90.0}}
    own = envs.make("Reacher-v5", image_size=32, drawn_by="gymnasium", **kwargs)
    try:
        own.reset(seed=0)
        seen = own.render_state(own.get_state())
        assert np.array_equal(seen, own._env.render())
        before = own.get_state()
        own.render_state(own.state_of(np.array([2.0, 1.0, 0.1, 0.1]), np.zeros(4)))
        assert np.array_equal(own.get_state(), before)
        assert own.render_settings["drawn_by"] == "gymnasium"
    finally:
        own.close()


@pytest.mark.parametrize(
    ("tolerances", "sentence"),
    [
        ({"elbow": 0.1}, "No variable 'elbow'.*qpos0"),
        ({"qpos0": 0.0}, "above 0"),
        ({}, "empty"),
    ],
)
def test_wrong_tolerances_are_refused(tolerances, sentence):
    with pytest.raises(WmpcError, match=sentence):
        envs.make("Reacher-v5", tolerances=tolerances)


def test_it_has_no_goals_to_sample_and_none_without_tolerances(task):
    assert require(task, GoalEnv) is task
    with pytest.raises(WmpcError, match="tolerances"):
        require(task, StateSampler)
    with pytest.raises(WmpcError, match="tolerances"):
        require(envs.make("Reacher-v5", image_size=16), GoalEnv)
    with pytest.raises(WmpcError, match="wmpc or gymnasium"):
        envs.make("Reacher-v5", drawn_by="hand")
