"""Environments with goals of their own are judged by their own test of success."""

import goal_envs
import numpy as np
import pytest

from wmpc import envs
from wmpc.collecting.check_environment import check_environment
from wmpc.collecting.collect import Recipe, record_episodes, settings
from wmpc.envs.simulator import Simulator
from wmpc.errors import WmpcError
from wmpc.evaluation.draw_cases import draw_manifest
from wmpc.evaluation.run_cases import run_cases

SMALL = {"image_size": 16}


@pytest.fixture
def made():
    worlds = []

    def make(name, **kwargs):
        worlds.append(envs.make(f"{goal_envs.__name__}:Own{name}-v0", **SMALL, **kwargs))
        worlds[-1].reset(seed=0)
        return worlds[-1]

    yield make
    for world in worlds:
        world.close()


def at(world, x, y=0.0):
    return world.state_of(np.array([x, y]), np.zeros(2))


@pytest.mark.parametrize("name", ["Puck", "OneAndZero"])
def test_a_state_is_a_goal_where_its_reward_is_that_of_being_there(made, name):
    world = made(name, success="reward")
    near, far = at(world, 0.39), at(world, 0.5)
    assert world.success(near, at(world, 0.3)) and not world.success(far, at(world, 0.3))
    assert world.distance(near, at(world, 0.3)) <= 1 < world.distance(far, at(world, 0.3))
    assert not world.success(at(world, 0.3, 0.3), at(world, 0.3))


def test_a_reward_that_falls_with_the_distance_is_given_its_value_of_success(made):
    asked = made("Dense", success="reward", success_reward=-0.2)
    assert asked.success(at(asked, 0.1), at(asked, 0.29))
    assert not asked.success(at(asked, 0.1), at(asked, 0.31))
    exact = made("Dense", success="reward")
    assert exact.success(at(exact, 0.1), at(exact, 0.1))
    assert not exact.success(at(exact, 0.1), at(exact, 0.11))
    said = [
        check_environment(world, Recipe(world.id, {}, "random", 3, 2, 0))
        for world in (asked, exact)
    ]
    assert ["success_reward=-0.05" in " ".join(sentences) for sentences in said] == [False, True]
    sparse = made("Puck", success="reward")
    assert not any(
        "exactly" in s for s in check_environment(sparse, Recipe(sparse.id, {}, "random", 3, 2, 0))
    )


def test_info_tells_success_of_a_step_and_of_a_state(made):
    world = made("Left", success="info")
    goal = at(world, 0.0)
    for x in (-0.15, 0.5):
        state = at(world, x)
        present = world.get_state()
        assert world.success(state, goal) == (x < 0)
        np.testing.assert_array_equal(world.get_state(), present)
    world.reset(options={"state": at(world, 0.02), "goal_state": goal})
    told = [world.advance(np.array([-1.0, 0.0])) for _ in range(8)]
    assert [info["success"] for info in told] == [bool(info["is_success"]) for info in told]
    assert not told[0]["success"] and told[-1]["success"]
    assert world.advance(np.full(2, np.nan))["success"] is False


def test_what_is_observed_knows_nothing_of_the_goal_of_another_episode(made):
    world = made("Puck", success="reward")
    state = at(world, 0.2)
    seen = []
    for seed in (1, 2):
        world.reset(seed=seed)
        seen.append(world.observe_state(state)["proprio"])
    np.testing.assert_array_equal(*seen)
    np.testing.assert_allclose(seen[0], [0.2, 0, 0, 0], atol=1e-7)


def test_the_simulator_moves_as_it_does_or_is_refused(made):
    world = made("Puck", success="reward")
    observation, _ = world.reset(seed=3)
    actions = np.random.default_rng(0).uniform(-1, 1, (3, 2)).astype(np.float32)
    simulator = Simulator(world, threads=1)
    start = simulator.start({"state": observation["state"]})
    latents = simulator.rollout(start[None], actions[None, None])
    for action in actions:
        world.step(action)
    assert np.allclose(latents[0, 0, -1, :2], world.coordinates(world.get_state()), atol=1e-6)
    simulator.close()
    with pytest.raises(WmpcError, match=r"cannot plan in .*OwnBackwards"):
        Simulator(made("Backwards", success="reward"))


def drawn(world, kwargs, episodes=6):
    """Cases of a world from episodes recorded in it, and an agent that replays them."""
    recipe = Recipe(world.id, kwargs, "random", 12, 2, 0)

    class Recorded:
        meta = {**settings(world, kwargs, 2), "env": world.id, "kwargs": kwargs}  # noqa: RUF012
        hash = "x"
        held_out_ids = range(episodes)
        recorded = [r.episode for r in record_episodes(recipe, 0, episodes)]  # noqa: RUF012

        def episode(self, index):
            return self.recorded[index]

    class Replay:
        def __init__(self, case):
            self.left = list(case.replay)

        def reset(self, goal):
            pass

        def observe(self, observation, executed):
            pass

        def act(self):
            return self.left.pop(0) if self.left else np.zeros((2, 2), np.float32)

    cases = draw_manifest(Recorded(), world, blocks=5, action_block=2, budget=8, count=3)
    return cases, Replay


@pytest.mark.parametrize(("name", "way"), [("Puck", "reward"), ("Left", "info")])
def test_what_was_recorded_reaches_its_goals(made, name, way):
    world = made(name, success=way)
    cases, replay = drawn(world, {**SMALL, "success": way}, 6 if way == "reward" else 20)
    rows = list(run_cases(replay, cases, world))
    assert len(rows) == 3 and all(row.success for row in rows)
    assert all(world.success(case.goal_state, case.goal_state) for case in cases.cases)
    assert way == "reward" or cases.excluded["unmet_goal"] > 4


@pytest.mark.parametrize(
    ("name", "kwargs", "sentence"),
    [
        ("Puck", {"success": "always"}, "reward or info"),
        ("Puck", {"success": "info", "tolerances": {"qpos0": 1.0}}, "each is a test"),
        ("Silent", {"success": "reward"}, "no `compute_reward`"),
        ("Silent", {"success": "info"}, "none of success, is_success"),
    ],
)
def test_what_it_does_not_test_is_refused(made, name, kwargs, sentence):
    with pytest.raises(WmpcError, match=sentence):
        made(name, **kwargs)
