"""Environments that are not MuJoCo, but can be put into a state: worlds like all others."""

import dots
import numpy as np
import pytest

from wmpc import envs
from wmpc.collecting.check_environment import check_environment
from wmpc.collecting.collect import Recipe, record
from wmpc.envs.goal_env import GoalEnv, require
from wmpc.envs.shift.apply import apply
from wmpc.envs.simulator import Simulator
from wmpc.errors import WmpcError

SMALL = {"image_size": 24}
NEAR = {"tolerances": {"state0": 0.1, "state1": 0.1}}


@pytest.fixture(scope="module")
def dot():
    made = envs.make(f"{dots.__name__}:DotsDot-v0", **SMALL, **NEAR)
    made.reset(seed=0)
    yield made
    made.close()


def test_a_state_is_seen_and_gone_on_from_as_recorded(dot):
    episode = record(dot, Recipe(dot.id, {}, "random", 4, 3, 0), 0).episode
    assert {name: (str(a.dtype), a.shape) for name, a in episode.items()} == {
        "pixels": ("uint8", (5, 24, 24, 3)),
        "proprio": ("float32", (5, 4)),
        "state": ("float64", (5, 4)),
        "action": ("float32", (4, 3, 2)),
        "variation": ("float64", (0,)),
    }
    for t in range(4):
        dot.set_state(episode["state"][t])
        for action in episode["action"][t]:
            assert dot.advance(action)["failure"] is None
        seen = dot.observe_state(dot.get_state())
        for name, shown in seen.items():
            np.testing.assert_array_equal(shown, episode[name][t + 1])


def test_looking_does_not_disturb(dot):
    present = dot.get_state()
    picture = dot.render_state(np.array([0.5, 0.5, 0.0, 0.0]))
    np.testing.assert_array_equal(dot.get_state(), present)
    red = np.argwhere(picture[..., 1] < 100).mean(axis=0)
    np.testing.assert_allclose(red, 0.75 * 23, atol=0.6)
    with pytest.raises(WmpcError, match="4 finite numbers"):
        dot.set_state(np.zeros(3))


def test_tolerances_make_goals_of_states(dot):
    assert require(dot, GoalEnv) is dot and dot.dt == pytest.approx(0.02)
    here, there = np.zeros(4), np.array([0.0, 0.09, 5.0, 5.0])
    assert dot.success(here, there) and not dot.success(here, there + 0.02)
    dot.reset(options={"state": here, "goal_state": np.array([0.2, 0, 0, 0])})
    told = [dot.advance(np.array([1.0, 0.0]))["success"] for _ in range(10)]
    assert not told[0] and any(told)


def test_what_needs_a_model_says_so(dot):
    with pytest.raises(WmpcError, match=r"cannot plan in .*DotsDot"):
        Simulator(dot)
    with pytest.raises(WmpcError, match="no MuJoCo model"):
        apply(dot, {"name": "friction"})
    with pytest.raises(WmpcError, match="no qpos"):
        dot.state_of(np.zeros(2), np.zeros(2))
    with pytest.raises(WmpcError, match="give success=reward"):
        envs.make("DotsDot-v0", success="info")
    with pytest.raises(WmpcError, match="no `compute_reward`"):
        envs.make("DotsDot-v0", success="reward")


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("Closed", "`get_state"),
        ("Words", "must give numbers"),
        ("Grey", r"\(H, W, 3\) uint8"),
        ("Stuck", "another state than the one given"),
    ],
)
def test_what_is_missing_is_said_before_anything_is_recorded(name, sentence):
    with pytest.raises(WmpcError, match=sentence):
        task = envs.make(f"Dots{name}-v0", **SMALL, **NEAR)
        told = check_environment(task, Recipe(task.id, {}, "random", 3, 2, 0))
        raise WmpcError(" ".join(told))
