"""What every task promises, by enumeration over all that is registered; and the adapter too."""

from pathlib import Path

import gymnasium
import numpy as np
import pytest
import yaml
from gymnasium.utils.env_checker import check_env

from wmpc import envs
from wmpc.envs.policies import RandomPolicy
from wmpc.envs.shift.names import find
from wmpc.envs.task import Task
from wmpc.errors import WmpcError

ROOT = Path(__file__).parents[2]
CASES = [(name, {}) for name in envs.ids()] + [
    ("wmpc/TwoRoom-v0", {"variation": "random"}),
    ("wmpc/Maze-v0", {"layout": "random"}),
    ("wmpc/Maze-v0", {"layout": "large", "view": "riding"}),
]
WORLDS = [*CASES, ("Pusher-v5", {})]


def name(case):
    return "-".join([case[0].removeprefix("wmpc/"), *case[1].values()])


@pytest.fixture(scope="module", params=CASES, ids=name)
def task(request):
    made = envs.make(request.param[0], **request.param[1])
    yield made
    made.close()


@pytest.fixture(scope="module", params=WORLDS, ids=name)
def world(request):
    made = envs.make(request.param[0], **request.param[1])
    made.reset(seed=0)  # tests may begin with any of these, as they are spread over processes
    yield made
    made.close()


def same(left, right):
    return left.keys() == right.keys() and all(np.array_equal(left[k], right[k]) for k in left)


def actions(world, count, seed=0):
    policy = RandomPolicy(world.action_space.low, world.action_space.high)
    policy.reset(np.random.default_rng(seed))
    return np.stack([policy({}) for _ in range(count)])


def after(world, block):
    """What is seen after a block of actions."""
    for action in block:
        world.advance(action)
    return world.observe_state(world.get_state())


@pytest.mark.filterwarnings("ignore:.*(A Box observation space m|not having a spec).*")
def test_gymnasium_is_content(task):
    check_env(task)


def test_made_by_gymnasium_with_arguments():
    env = gymnasium.make("wmpc/TwoRoom-v0", variation="random", image_size=32)
    observation, info = env.reset(seed=0)
    assert observation["pixels"].shape == (32, 32, 3)
    assert observation["variation"].shape == (2,) == info["goal"]["variation"].shape
    env.close()


def test_same_seed_same_episode(world):
    episodes = []
    for _ in range(2):
        first, _ = world.reset(seed=7)
        episodes.append([first] + [world.step(action)[0] for action in actions(world, 5)])
    assert all(same(a, b) for a, b in zip(*episodes, strict=True))
    other, _ = world.reset(seed=8)
    assert not same(other, episodes[0][0])


def test_replay_from_a_state_in_motion_is_exact(world):
    world.reset(seed=3)
    after(world, actions(world, 20))
    state, variation = world.get_state(), world.variation.copy()
    block = actions(world, 25, seed=1)
    recorded = [world.step(action)[0] for action in block]

    world.reset(seed=4)  # elsewhere, and for a varying task under another variation
    after(world, block[:3])
    world.set_state(state, variation)
    assert np.array_equal(world.get_state(), state)
    assert all(same(world.step(a)[0], seen) for a, seen in zip(block, recorded, strict=True))
    world.set_state(state)
    assert same(after(world, block), recorded[-1])


def test_looking_does_not_disturb(world):
    world.reset(seed=0)
    block = actions(world, 10)
    after(world, block[:5])
    elsewhere, variation = world.get_state(), world.variation.copy()
    undisturbed = after(world, block[5:])

    world.reset(seed=1)
    here, now = world.get_state(), world.variation.copy()
    seen = world.observe_state(elsewhere, variation)
    assert np.array_equal(seen["state"], elsewhere)
    assert np.array_equal(world.get_state(), here) and np.array_equal(world.variation, now)
    world.set_state(elsewhere, variation)
    assert same(seen, world.observe_state(world.get_state()))
    for _ in range(3):
        world.render()
        world.observe_state(here)
    assert same(after(world, block[5:]), undisturbed)


def test_observations_are_as_declared(world):
    observation, _ = world.reset(seed=0)
    assert world.observation_space.contains(observation)
    assert world.describe(observation["state"]).shape == (len(world.describe_names),)
    assert world.render_settings == {**world.render_settings, "width": 64, "shadows": False}
    assert np.array_equal(world.render(), observation["pixels"])


def test_pictures_show_the_state(world):
    before, _ = world.reset(seed=0)
    later = after(world, actions(world, 15))
    assert not np.array_equal(before["pixels"], later["pixels"])
    assert np.array_equal(before["pixels"], world.render_state(before["state"]))


def test_actions_are_clipped_in_sight(world):
    world.reset(seed=0)
    info = world.step(world.action_space.high * 3 + 1)[-1]
    assert np.array_equal(info["action"], world.action_space.high)


def test_an_action_that_is_not_a_number_fails_the_episode(world):
    world.reset(seed=0)
    before = world.get_state()
    bad = np.full(world.action_space.shape, np.nan)
    _, _, terminated, truncated, info = world.step(bad)
    assert terminated and not truncated and "not finite" in info["failure"]
    assert np.array_equal(world.get_state(), before)
    assert not world.advance(world.action_space.low)["failure"] and world.advance(bad)["failure"]


def test_a_broken_simulation_fails_the_episode(world, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # MuJoCo writes its log where it stands
    world.reset(seed=0)
    world.data.qvel[0] = 1e12
    observation, _, terminated, _, info = world.step(actions(world, 1)[0])
    assert terminated and "MuJoCo warning" in info["failure"]
    assert world.observation_space.contains(observation)
    world.reset(seed=0)
    assert world.step(actions(world, 1)[0])[-1]["failure"] is None


@pytest.mark.parametrize(
    "state", [np.zeros(3), np.zeros((2, 2)), "nan"], ids=["short", "matrix", "nan"]
)
def test_a_wrong_state_is_refused(world, state):
    world.reset(seed=0)
    before = world.get_state()
    if isinstance(state, str):
        state = np.full_like(before, np.nan)
    for use in (world.set_state, world.render_state, world.observe_state):
        with pytest.raises(WmpcError, match="state"):
            use(state)
    assert np.array_equal(world.get_state(), before)


def test_wrong_words_are_refused(world):
    with pytest.raises(WmpcError, match="action of shape"):
        world.step(np.zeros(99))
    with pytest.raises(WmpcError, match="variation"):
        world.set_state(world.get_state(), np.zeros(17))


def test_goals_are_reached_by_being_there(task):
    for seed in range(5):
        observation, info = task.reset(seed=seed)
        goal = info["goal"]
        assert not info["success"] and info["distance"] > 1
        assert task.success(goal["state"], goal["state"])
        assert set(info["errors"]) == set(task.tolerances)
        assert task.observation_space.contains(goal)
        again, _ = task.reset(options={"state": goal["state"], "goal_state": observation["state"]})
        assert same(again, goal)
        assert task.step(np.zeros(task.action_space.shape))[1] == 0.0
    _, info = task.reset(options={"state": goal["state"], "goal_state": goal["state"]})
    assert info["success"] and info["strict"] and info["distance"] == 0
    _, reward, terminated, _, info = task.step(np.zeros(task.action_space.shape))
    assert reward == 1.0 and info["success"] and not terminated


def test_distance_counts_tolerances(task):
    rng = np.random.default_rng(0)
    task.reset(seed=0)
    states = np.stack([task.sample_state(rng) for _ in range(200)])
    left, right = states[:100], states[100:]
    for a, b in zip(left, right, strict=True):
        distance = task.distance(a, b)
        assert task.success(a, b) == (distance <= 1)
        assert distance == pytest.approx(task.distance(b, a))
    coordinates = task.coordinates(states.reshape(2, 100, -1))
    assert coordinates.shape == (2, 100, len(task.coordinate_names))
    near = left.copy()
    near[:, 1 : 1 + task.model.nq] += 1e-4
    length = np.linalg.norm(task.coordinates(near) - task.coordinates(left), axis=-1)
    distance = [task.distance(a, b) for a, b in zip(near, left, strict=True)]
    assert np.all(length < 3 * np.array(distance)) and np.all(length > 0.5 * np.array(distance))


def test_unknown_reset_options_are_refused(task):
    with pytest.raises(WmpcError, match="goal_stat"):
        task.reset(options={"goal_stat": None})


def test_tasks_say_what_they_are(task):
    assert isinstance(task, Task) and task.id in envs.ids()
    assert task.__doc__ and task.metadata["render_fps"] == round(1 / task.dt)


def test_unknown_ids_and_arguments_name_what_there_is():
    with pytest.raises(WmpcError, match="wmpc/Reacher-v0"):
        envs.make("wmpc/Nowhere-v0")
    with pytest.raises(WmpcError, match="image_size"):
        envs.make("wmpc/Reacher-v0", size=3)
    with pytest.raises(WmpcError, match="fixed"):
        envs.make("wmpc/TwoRoom-v0", variation="wild")
    for size in (0, -1, 10**6, 1.5):
        with pytest.raises(WmpcError, match="pixels"):
            envs.make("wmpc/Reacher-v0", image_size=size)


def test_the_page_has_every_task():
    page = (ROOT / "docs" / "tasks.md").read_text()
    presets = [yaml.safe_load(path.read_text()) for path in ROOT.glob("configs/task/*.yaml")]
    own = {preset["name"]: preset for preset in presets if preset["id"].startswith("wmpc/")}
    assert {preset["id"] for preset in own.values()} == set(envs.ids())
    for name, preset in own.items():
        made = envs.make(preset["id"], **preset["kwargs"])
        (line,) = (line for line in page.splitlines() if line.startswith(f"| `{name}` |"))
        assert f"`{made.hard_filter}`" in line
        made.close()


@pytest.mark.parametrize("env", envs.ids())
def test_what_moves_and_what_stops_it_is_found_by_name(env):
    task = envs.make(env)
    assert task.objects
    for pattern in filter(None, [*task.objects.values(), task.walls]):
        assert find(task.model, "geom", pattern)
    for pattern in task.objects.values():
        moved = find(task.model, "body", pattern)
        assert any(int(task.model.jnt_bodyid[joint]) in moved for joint in range(task.model.njnt))
    task.close()
