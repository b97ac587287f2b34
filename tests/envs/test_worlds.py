"""Environments of packages that people have: exact states, their own success, pictures, scripts."""

import itertools
import json

import gymnasium
import numpy as np
import pytest
from own_package import little, run_commands

from wmpc import envs
from wmpc.collecting.check_environment import check_environment
from wmpc.collecting.collect import Recipe, record
from wmpc.configs import list_presets, read_file
from wmpc.envs.worlds import packages
from wmpc.errors import WmpcError

WHY = "the extra is not installed here, as it is where CI installs dev"
PRESETS = {
    name: read_file(f"task/{name}")
    for name in list_presets("task")
    if read_file(f"task/{name}")["id"].partition(":")[0] in packages.PACKAGES
}
REACHED = {  # what counts of a state, and how far from a goal it may be; a place well beyond
    "pointmaze_umaze": (0.44, 0.46),
    "ogbench_pointmaze": (0.99, 1.01),
}


def need(package):
    """Skip where a package of the extra, or a library of the system that it wants, is missing."""
    pytest.importorskip(package, reason=WHY, exc_type=ImportError)


@pytest.fixture(scope="module")
def world():
    """Makes the world of a preset, small, once."""
    made = {}

    def make(name):
        task = PRESETS[name]
        need(task["id"].partition(":")[0])
        if name not in made:
            made[name] = envs.make(task["id"], **{**task["kwargs"], "image_size": 32})
            made[name].reset(seed=0)
        return made[name]

    yield make
    for one in made.values():
        one.close()


@pytest.fixture(scope="module")
def recorded(world):
    """Gives an episode of a preset."""
    made = {}

    def give(name):
        if name not in made:
            task = PRESETS[name]
            recipe = Recipe(task["id"], {}, task["policy"], 4, task["actions_per_frame"], 0)
            made[name] = record(world(name), recipe, 1).episode
        return made[name]

    return give


def test_there_are_presets_of_each_package():
    assert {task["id"].partition(":")[0] for task in PRESETS.values()} == {*packages.PACKAGES}


@pytest.mark.parametrize("name", PRESETS)
def test_a_recorded_state_goes_on_to_the_same_bit(name, world, recorded):
    task, episode = world(name), recorded(name)
    for step in range(4):
        task.reset(seed=50 + step)  # nothing of it may be left
        task.set_state(episode["state"][step], episode["variation"])
        np.testing.assert_array_equal(task.get_state(), episode["state"][step])
        for action in episode["action"][step]:
            assert task.advance(action)["failure"] is None
        seen = task.observe_state(task.get_state())
        for column in ("state", "proprio", "pixels"):
            np.testing.assert_array_equal(seen[column], episode[column][step + 1])
    assert np.ptp(episode["pixels"].astype(int), axis=0).max() > 50


@pytest.mark.parametrize("name", PRESETS)
def test_so_it_does_between_actions_where_nobody_looked(name, world):
    task = world(name)
    task.reset(seed=5)
    task.action_space.seed(0)
    actions = [task.action_space.sample() for _ in range(6)]
    states = [task.get_state()]
    for action in actions:
        task._env.step(action)
        states.append(task.get_state())
    for action, before, after in zip(actions, states, states[1:], strict=False):
        task.set_state(before)
        task._env.step(action)
        np.testing.assert_array_equal(task.get_state(), after)


@pytest.mark.parametrize("name", PRESETS)
def test_an_episode_is_a_function_of_its_seed(name, world, recorded):
    task = PRESETS[name]
    np.random.rand(7)  # noqa: NPY002 (what theirs draw from must not count)
    recipe = Recipe(task["id"], {}, task["policy"], 1, task["actions_per_frame"], 0)
    again = record(world(name), recipe, 1).episode
    for column in ("state", "action"):
        first = recorded(name)[column][: len(again[column])]
        np.testing.assert_array_equal(again[column], first)


@pytest.mark.parametrize("name", PRESETS)
def test_only_what_cannot_be_helped_is_told_before_it_is_recorded(name, world):
    task = PRESETS[name]
    recipe = Recipe(task["id"], {}, task["policy"], 4, task["actions_per_frame"], 0)
    told = check_environment(world(name), recipe)
    known = "no test of success" if name == "adroit_door" else "planner in the true simulator"
    assert all(known in sentence for sentence in told), told


@pytest.mark.parametrize("name", REACHED)
def test_a_maze_is_reached_to_its_own_tolerance(name, world):
    task = world(name)
    goal = task.get_state()
    for off, reached in zip(REACHED[name], (True, False), strict=True):
        state = goal.copy()
        state[1] += off  # x, after the time
        assert task.success(state, goal) is reached and task.success(goal, goal)


def test_a_cube_is_moved_to_its_own_tolerance(world):
    task = world("ogbench_cube")
    goal = task.get_state()
    cube = 1 + int(task.model.joint("object_joint_0").qposadr[0])
    for index, off, reached in ((cube, 0.039, True), (cube + 1, 0.041, False), (1, 0.5, True)):
        state = goal.copy()
        state[index] += off
        assert task.success(state, goal) is reached


def test_what_a_gripper_feels_follows_from_the_state(world):
    task = world("ogbench_cube")
    task.reset(seed=2)
    policy = task.scripted_policy(np.random.default_rng(2))
    states, felt = [], []
    for _ in range(60):
        task.advance(policy({"state": task.get_state()}))
        states.append(task.get_state())
        felt.append(task.proprio(states[-1]))
    task.reset(seed=3)
    again = [task.proprio(state) for state in states]
    np.testing.assert_array_equal(again, felt)
    contact = np.array(felt)[:, 18]
    assert (contact == 0).any() and (contact > 0.1).any()


def test_a_t_is_covered_by_gym_pushts_own_share(world):
    task = world("gym_pusht")
    goal = np.array([100, 100, 0, 0, 256, 256, 0.3, 0, 0, 0.0])
    covered = {}
    near = [(5, 0.2 * step) for step in range(40)]  # where 95% are covered, and around
    for index, off in ((0, 200.0), (4, 1.0), *near, (6, 0.02), (6, 0.3), (6, 2 * np.pi)):
        state = goal.copy()
        state[index] += off
        env = task._env._env
        task._env.set_state(state)
        task._env._build()
        env.goal_pose = goal[4:7].copy()
        covered[index, off] = env._get_coverage()
        assert task.success(state, goal) == (covered[index, off] >= 0.95)
    shares = np.array([*covered.values()])
    assert ((shares > 0.94) & (shares < 0.95)).any() and ((shares > 0.95) & (shares < 0.96)).any()
    assert not task._env.in_bounds([100, 100, 0, 0, -9, 256, 0, 0, 0, 0])


def test_a_pose_is_near_where_disc_and_t_are_together():
    need("gym_pusht")
    task = envs.make(PRESETS["gym_pusht"]["id"], image_size=32, success="reward", judged_by="pose")
    cases = [  # what is off by how much, and whether it is the goal
        ({0: 19.9}, True), ({1: -20.1}, False),
        ({0: 12.0, 5: 12.0}, True), ({0: 15.0, 5: 15.0}, False), ({4: 12, 5: 12, 0: 12}, False),
        ({6: 0.34}, True), ({6: -0.34}, True), ({6: 0.36}, False), ({6: 2 * np.pi - 0.34}, True),
        ({6: 0.34, 0: 19.0}, True), ({6: np.pi}, False),
        ({2: 500.0, 9: 3.0}, True),  # velocities do not count
    ]  # fmt: skip
    for angle, (offsets, there) in itertools.product((0.3, 3.1), cases):
        goal = np.array([100, 100, 5, 0, 256, 256, angle, 0, 9, 0.0])
        state = goal.copy()
        for index, off in offsets.items():
            state[index] += off
        assert task.success(state, goal) == task.success(goal, state) == there, offsets
        assert (task.distance(state, goal) <= 1) == there
    task.close()
    with pytest.raises(WmpcError, match=r"judged_by='area' came; it is coverage or pose"):
        envs.make(PRESETS["gym_pusht"]["id"], judged_by="area")


def test_pictures_do_not_depend_on_the_environments_own_goal(world):
    for name in ("pointmaze_umaze", "ogbench_pointmaze", "ogbench_cube", "adroit_door"):
        task = world(name)
        state, variation = task.get_state(), task.variation
        pictures = []
        for seed in (1, 2):
            task.reset(seed=seed)
            pictures.append(task.render_state(state, variation))
        np.testing.assert_array_equal(*pictures)
    drawn = [world("gym_pusht").render_state(np.array([99, 99, 0, 0, 400, 400, 0, 0, 0, 0.0]))]
    drawn.append(envs.make(PRESETS["gym_pusht"]["id"], image_size=32, draw_target=True).render())
    green = [((p[..., 1] > 200) & (p[..., 0] < 170)).any() for p in drawn]
    assert green == [False, True]


def test_a_door_stands_where_the_variation_says(world):
    task = world("adroit_door")
    seen = {}
    for seed in (1, 2):
        task.reset(seed=seed)
        seen[seed] = task.variation, task.get_state(), task.render()
    assert len(task.variation_names) == 3 and (seen[1][0] != seen[2][0]).all()
    assert not np.array_equal(seen[1][2], seen[2][2])
    variation, state, picture = seen[1]
    np.testing.assert_array_equal(task.render_state(state, variation), picture)
    np.testing.assert_array_equal(task.render(), seen[2][2])  # it is not left there
    observation, _ = task.reset(seed=3, options={"state": state, "variation": variation})
    np.testing.assert_array_equal(observation["pixels"], picture)
    observation, _ = task.reset(seed=4, options={"state": state})
    np.testing.assert_array_equal(observation["variation"], variation)  # the present one stays


@pytest.mark.parametrize("name", ["ogbench_pointmaze", "ogbench_cube", "gym_pusht"])
def test_a_script_moves_what_counts(name, world):
    task = world(name)
    recipe = Recipe(task.id, {}, "scripted", 16, PRESETS[name]["actions_per_frame"], 0)
    states = record(task, recipe, 2).episode["state"]
    assert any(not task.success(states[0], state) for state in states)
    assert (np.abs(task.scripted_policy(np.random.default_rng(0))({"state": states[0]})) <= 1).all()


def test_how_pusht_goes_on_is_as_gym_pusht_does(world):
    task = world("gym_pusht")
    native = gymnasium.make("gym_pusht/PushT-v0").unwrapped
    native.reset(seed=4)
    task.reset(seed=4)
    policy = task.scripted_policy(np.random.default_rng(0))
    for _ in range(60):
        state = task.get_state()
        action = policy({"state": state})
        native.step(np.clip(state[:2] + 100.0 * action.astype(np.float64), 0, 512))
        task.advance(action)
    here, there = task.get_state()[4:6], np.array(native.block.position)
    assert np.linalg.norm(here - state[4:6]) >= 0 and np.linalg.norm(here - there) < 20


def test_what_is_not_known_of_ogbench_says_so():
    need("ogbench")
    with pytest.raises(WmpcError, match=r"scene-v0 is not known here: .* cube"):
        envs.make("ogbench:scene-v0")


@pytest.mark.parametrize("id", ["FetchReach-v4", "HandReach-v3", "FrankaKitchen-v1"])
def test_what_does_not_run_says_so(id):
    need("gymnasium_robotics")
    with pytest.raises(WmpcError, match=rf"{id} does not run .* PointMaze"):
        envs.make(f"gymnasium_robotics:{id}")


VERBS = ["collect task={name} {how}", "train name={name}", "eval run=runs/{name}"]
GOALS = {"adroit_door": "+task.kwargs.tolerances={qpos1:0.2,qpos2:0.2}"}


@pytest.mark.slow  # half a minute to two each: processes that import torch, and theirs
@pytest.mark.parametrize("name", PRESETS)
def test_it_is_collected_trained_and_evaluated_in_processes_of_their_own(name, tmp_path):
    need(PRESETS[name]["id"].partition(":")[0])
    (tmp_path / "project").mkdir()
    for verb in VERBS:
        words = verb.format(name=name, how=GOALS.get(name, "")).split()
        more = ["steps=20"] if words[0] == "collect" else []
        run_commands(tmp_path / "project", [[*little(words), *more]])
    (results,) = (tmp_path / "project" / "runs" / name / "eval").glob("*/results.json")
    replay = json.loads(results.read_text())["reference"]["replay"]
    assert replay["summary"]["success"]["rate"] == 1
    (source,) = json.loads((tmp_path / "project/data" / name / "meta.json").read_text())["sources"]
    assert PRESETS[name]["id"].partition(":")[0] in source["versions"]
