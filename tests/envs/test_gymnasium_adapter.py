"""Somebody else's environments: drawn by us, restored exactly, without goals. test_tasks.py holds
Pusher-v5 to the laws of every world."""

from types import SimpleNamespace

import gymnasium
import numpy as np
import pytest
from gymnasium.envs.mujoco.pusher_v5 import PusherEnv

from wmpc import envs
from wmpc.envs.goal_env import GoalEnv, Scripted, StateSampler, require
from wmpc.envs.simulator import Simulator
from wmpc.errors import WmpcError
from wmpc.evaluation.draw_cases import draw_manifest


def test_rewards_and_ends_are_the_environments_own():
    ours, theirs = envs.make("Hopper-v5"), gymnasium.make("Hopper-v5")
    ours.reset(seed=5)
    theirs.reset(seed=5)
    assert ours.render_settings["camera"] == 0 and ours.dt == pytest.approx(theirs.unwrapped.dt)
    rng = np.random.default_rng(0)
    for _ in range(200):
        action = rng.uniform(-1, 1, 3).astype(np.float32)
        mine, own = ours.step(action), theirs.step(action)
        assert mine[1] == pytest.approx(own[1]) and mine[2] == own[2]
        np.testing.assert_allclose(mine[0]["proprio"], own[0], rtol=1e-5, atol=1e-5)
        if mine[2]:
            break
    assert mine[2]
    assert mine[4]["x_position"] == pytest.approx(own[4]["x_position"])


def test_reset_takes_a_state():
    world = envs.make("Pusher-v5", image_size=32)
    first, _ = world.reset(seed=0)
    world.reset(seed=1)
    again, _ = world.reset(options={"state": first["state"]})
    assert all(np.array_equal(first[key], again[key]) for key in first)
    assert first["pixels"].shape == (32, 32, 3) and first["pixels"].std() > 5


def test_goals_are_asked_of_tasks_only():
    world = envs.make("Pusher-v5")
    for capability in (GoalEnv, StateSampler, Scripted):
        assert not isinstance(world, capability)
        with pytest.raises(WmpcError, match=r"Pusher-v5 has no goal.*policy=random"):
            require(world, capability)
    with pytest.raises(WmpcError, match="no goal"):
        world.reset(options={"goal_state": world.get_state()})
    with pytest.raises(WmpcError, match="no goal"):
        Simulator(world)
    with pytest.raises(WmpcError, match="no goal"):
        draw_manifest(SimpleNamespace(meta={}), world)  # type: ignore[arg-type]


@pytest.mark.parametrize("env_id", envs.ids())
def test_tasks_of_ours_have_every_capability(env_id):
    task = envs.make(env_id, image_size=16)
    for capability in (GoalEnv, StateSampler, Scripted):
        assert require(task, capability) is task


@pytest.mark.parametrize(
    ("env_id", "kwargs", "words"),
    [
        ("CartPole-v1", {}, "not a MuJoCo"),
        ("Pusher-v5", {"nonsense": 1}, "nonsense"),
        ("nowhere_at_all:Env-v0", {}, "nowhere_at_all"),
        ("Pusher-v99", {}, "wmpc/Reacher-v0"),
    ],
)
def test_what_cannot_be_adapted_is_named(env_id, kwargs, words):
    with pytest.raises(WmpcError, match=words):
        envs.make(env_id, **kwargs)


def test_unknown_camera_is_named():
    with pytest.raises(WmpcError, match="free camera"):
        envs.make("Pusher-v5", camera="top").render()


RAISED = (
    FileNotFoundError("/home/else/arm.xml"),
    ValueError("XML Error: Schema violation"),
    AttributeError("no attribute 'mjr'"),
    KeyError("arm"),
    RuntimeError(),
    SystemExit("give a render_mode"),
    AssertionError("asserted"),
)


@pytest.mark.parametrize("raised", RAISED, ids=lambda raised: type(raised).__name__)
@pytest.mark.parametrize("at", ["__init__", "reset_model", "_get_obs"])
def test_whatever_an_environment_raises_is_an_error_that_names_it(raised, at, monkeypatch):
    class Elsewhere(PusherEnv):
        pass

    def fail(*_, **__):
        raise raised

    monkeypatch.setattr(Elsewhere, at, fail)
    gymnasium.register("Elsewhere-v0", entry_point=lambda **kwargs: Elsewhere(**kwargs))
    try:
        with pytest.raises(WmpcError, match=f"Elsewhere-v0.*{type(raised).__name__}"):
            envs.make("Elsewhere-v0")
    finally:
        gymnasium.registry.pop("Elsewhere-v0")


def test_interrupting_a_constructor_is_no_fault_of_it(monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(PusherEnv, "__init__", interrupted)
    with pytest.raises(KeyboardInterrupt):
        envs.make("Pusher-v5")
