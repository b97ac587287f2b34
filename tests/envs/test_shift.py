"""Every shift on every task and on somebody else's world, by enumeration."""

import numpy as np
import pytest

from wmpc import envs
from wmpc.envs.policies import RandomPolicy
from wmpc.envs.shift import SHIFTS, apply, complete
from wmpc.envs.shift.names import find
from wmpc.errors import WmpcError

WORLDS = {
    "Reacher": ("wmpc/Reacher-v0", {"image_size": 32}),
    "TwoRoom": ("wmpc/TwoRoom-v0", {"image_size": 32, "variation": "random"}),
    "PushT": ("wmpc/PushT-v0", {"image_size": 32}),
    "Hopper": ("Hopper-v5", {"image_size": 32}),
}
LARGE = {"action_latency": 3.0, "camera_turn": 20.0, "picture_noise": 20.0, "friction": 0.7}
"""Magnitudes that are more than a share."""
ELSEWHERE = {"light_position": {"Reacher", "TwoRoom", "PushT"}}
"""Worlds that lack what a shift changes."""


def make(world, name=None, **shift):
    task = envs.make(WORLDS[world][0], **WORLDS[world][1])
    return task if name is None else apply(task, {"name": name, **shift})


def magnitude(name):
    return LARGE.get(name, 0.4)


def content(model):
    """Every field of a model, those of its structures included."""

    def of(thing, prefix=""):
        found = {}
        for key in dir(thing):
            if key.startswith("_"):
                continue
            try:
                value = getattr(thing, key)
            except (AttributeError, ValueError):
                continue
            if isinstance(value, np.ndarray | int | float | bytes):
                found[prefix + key] = np.array(value)
            elif type(value).__module__ == "mujoco._structs" and prefix.count(".") < 2:
                found |= of(value, f"{prefix}{key}.")
        return found

    return of(model)


def changed(before, after):
    different = {key for key in before if before[key].tobytes() != after[key].tobytes()}
    return {key.split(".")[0] for key in different if "quality" not in key and "off" not in key}


def play(task, steps=12):
    """State and picture at the end of an episode of the same actions, and what was commanded."""
    task.reset(seed=3)
    policy = RandomPolicy(task.action_space.low, task.action_space.high)
    policy.reset(np.random.default_rng(1))
    infos = [task.advance(policy({})) for _ in range(steps)]
    assert not any(info["failure"] for info in infos)
    return task.get_state(), task.render(), np.stack([info["action"] for info in infos])


@pytest.fixture(scope="module")
def plain():
    """The unshifted worlds: task, its model's content, and an episode."""
    worlds = {}
    for world in WORLDS:
        task = make(world)
        worlds[world] = (task, content(task.model), *play(task))
    return worlds


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("name", SHIFTS)
def test_nothing_is_nothing_to_the_bit(name, world, plain):
    if world in ELSEWHERE.get(name, ()):
        return
    task = plain[world][0]
    before = content(task.model)
    assert apply(task, {"name": name, "magnitude": 0}) is task
    assert changed(before, content(task.model)) == set()
    assert not task.wires and not task.lenses


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("name", SHIFTS)
def test_it_changes_what_it_says_and_only_that(name, world, plain):
    if world in ELSEWHERE.get(name, ()):
        with pytest.raises(WmpcError, match="headlight"):
            make(world, name, magnitude=0.4)
        return
    task, row = make(world, name, magnitude=magnitude(name)), SHIFTS[name]
    _, model, state, picture, commanded = plain[world]
    shifted = content(task.model)
    differs = changed(model, shifted)
    assert differs <= {*row.fields} and bool(differs) == bool(row.fields)
    if world == "TwoRoom":
        task.set_state(state, plain[world][0].variation)
    seen = np.array_equal(task.render_state(state), picture)
    assert name == "size" or seen == row.moves
    played = play(task)
    touching = name == "friction" or (name == "size" and world != "Hopper")
    assert touching or np.array_equal(played[0], state) != row.moves
    assert np.array_equal(played[2], commanded)  # it is told what it commanded
    again = make(world, name, magnitude=magnitude(name))
    assert changed(shifted, content(again.model)) == set()
    assert all(np.array_equal(a, b) for a, b in zip(play(task), played, strict=True))
    assert not (task.wires or task.lenses) or np.array_equal(play(again)[1], played[1])


@pytest.mark.parametrize("name", ["colour", "texture", "camera", "camera_turn", "picture_noise"])
def test_another_seed_is_another_world(name):
    one, two = (make("PushT", name, magnitude=magnitude(name), seed=seed) for seed in (0, 1))
    state = one.get_state()
    assert not np.array_equal(one.render_state(state), two.render_state(state))


@pytest.mark.parametrize("name", [n for n in SHIFTS if n != "light_position"])
def test_it_survives_a_variation(name):
    """What a variation sets and what a shift sets are not the same fields."""
    task = make("TwoRoom", name, magnitude=magnitude(name))
    before = content(task.model)
    task.set_state(task.get_state(), np.array([0.3, -0.4]))
    moved = content(task.model)
    assert changed(before, moved) == {"body_pos"}
    late = make("TwoRoom")
    late.set_state(late.get_state(), np.array([0.3, -0.4]))
    apply(late, {"name": name, "magnitude": magnitude(name)})
    of_followers = {"cam_poscom0"}  # read where a camera follows a centre of mass; ours stand
    assert changed(moved, content(late.model)) <= of_followers


@pytest.mark.parametrize("world", ["Reacher", "TwoRoom", "PushT"])
@pytest.mark.parametrize("name", [n for n, row in SHIFTS.items() if row.moves])
def test_goals_and_starts_stay_valid(name, world):
    task = make(world, name, magnitude=magnitude(name))
    _, info = task.reset(seed=1)
    goal = info["goal"]
    assert not info["success"] and task.success(goal["state"], goal["state"])
    task.reset(options={"state": goal["state"], "goal_state": goal["state"]})
    after = task.advance(np.zeros(task.action_space.shape))
    assert after["success"] and after["failure"] is None


@pytest.mark.parametrize("name", SHIFTS)
def test_a_pattern_that_matches_nothing_names_what_there_is(name):
    there = {"picture": "pixels", "body": "thigh", "actuator": "without a name"}
    there |= {"geom": "torso_geom", "joint": "leg_joint", "camera": "track", "light": "headlight"}
    with pytest.raises(WmpcError, match=f"'nowhere'.*{there[SHIFTS[name].kind]}"):
        make("Hopper", name, pattern="nowhere", magnitude=0)


@pytest.mark.parametrize(
    ("shift", "words"),
    [
        ({"name": "color"}, "colour"),
        ({}, "colour"),
        ({"name": "colour", "size": 1}, "no 'size'"),
        ({"name": "colour", "magnitude": 1.5}, "from 0 to 1"),
        ({"name": "mass", "magnitude": float("nan")}, "0 changes nothing"),
        ({"name": "mass", "magnitude": "much"}, "share added"),
        ({"name": "action_latency", "magnitude": 1.5}, "whole simulator actions"),
        ({"name": "mass", "pattern": 3}, "pattern is text"),
        ({"name": "mass", "goal": "none"}, "'seen' or 'recorded'"),
    ],
)
def test_what_is_no_shift_is_refused(shift, words):
    with pytest.raises(WmpcError, match=words):
        complete(shift)


def test_patterns_find_by_part_and_by_body():
    model = make("PushT").model
    bar, stem = (model.geom(name).id for name in ("bar", "stem"))
    assert find(model, "geom", "block") == [bar, stem]  # by the name of their body
    assert find(model, "geom", "b*r|nothing") == [bar]
    assert len(find(model, "geom", "*")) == model.ngeom
    assert find(model, "light", "*") == [-1]
    task = make("PushT", "colour", pattern="objects", magnitude=1)
    assert changed(content(model), content(task.model)) == {"geom_rgba"}
    assert np.array_equal(task.model.geom("floor").rgba, model.geom("floor").rgba)
    with pytest.raises(WmpcError, match="names no objects"):
        make("Hopper", "colour", pattern="objects", magnitude=1)


def test_a_multiple_of_nothing_is_refused():
    with pytest.raises(WmpcError, match="mass 0"):
        make("Reacher", "mass", pattern="world", magnitude=1)
    with pytest.raises(WmpcError, match="resized"):
        make("Reacher", "size", pattern="floor", magnitude=1)


def push(task, force, steps=60):
    task.reset(options={"state": task.layout.at_rest(np.array([-0.6, 0.6]))})
    for _ in range(steps):
        info = task.advance(force)
    assert info["failure"] is None
    return task.describe(task.get_state())


def test_the_numbers_mean_what_they_say():
    """By the physics of a disc: 22 N a unit against a damping of 10 Ns/m, 1 kg."""
    force = np.array([0, -1], np.float32)
    speed = {m: -push(make("TwoRoom", "damping", magnitude=m), force, 20)[3] for m in (0, 1)}
    assert speed[0] == pytest.approx(2.2, rel=0.05) and speed[1] == pytest.approx(1.1, rel=0.01)
    weak = -push(make("TwoRoom", "gain", magnitude=-0.5), force, 20)[3]
    assert weak == pytest.approx(1.1, rel=0.05)
    early = {m: -push(make("TwoRoom", "mass", magnitude=m), force, 1)[3] for m in (0, 1)}
    assert early[0] / early[1] == pytest.approx(2, rel=0.1)
    stuck = push(make("TwoRoom", "joint_friction", magnitude=25), force)
    assert stuck[1] == pytest.approx(0.6, abs=0.05)  # it creeps: constraints are soft
    waits = push(make("TwoRoom", "action_latency", magnitude=5), force, 5)
    assert waits[1] == pytest.approx(0.6) and push(make("TwoRoom"), force, 5)[1] < 0.55
    sides = np.array([1, 0], np.float32)
    stops = {m: push(make("TwoRoom", "size", pattern="disc", magnitude=m), sides) for m in (0, 1)}
    assert stops[0][0] - stops[1][0] == pytest.approx(0.08, abs=0.01)  # the wall is met sooner


def test_a_larger_block_is_met_sooner():
    """Bounding volumes over several geoms are computed once, for the old sizes."""
    met = {}
    for m in (0.0, 1.0):
        task = make("PushT", "size", pattern="block", magnitude=m)
        task.reset(options={"state": task.layout.at_rest(np.array([-0.9, 0.112, 0, 0, 0.0]))})
        for _ in range(60):
            task.advance(np.array([1, 0], np.float32))
            if task.describe(task.get_state())[2] > 1e-4:
                met[m] = task.describe(task.get_state())[0]
                break
    assert met[0.0] - met[1.0] == pytest.approx(0.3, abs=0.05)


def test_noise_has_the_spread_it_says():
    task = make("Reacher", "picture_noise", magnitude=10)
    state = task.reset(seed=0)[0]["state"]
    noise = task.render_state(state).astype(float) - make("Reacher").render_state(state)
    assert noise[noise < 30].std() == pytest.approx(10, rel=0.15)
    covered = make("Reacher", "occlusion", magnitude=0.25).render_state(state)
    assert (covered == 127).all(-1).mean() == pytest.approx(0.25, abs=0.02)
    wire = make("Reacher", "action_noise", magnitude=0.1).wires[0]
    sent = np.zeros(2, np.float32)
    arrived = np.stack([wire(sent, np.array([float(i)])) for i in range(500)])
    assert arrived.std() == pytest.approx(0.1, rel=0.1) and arrived.dtype == np.float32


def test_headlight_and_lights_dim():
    task = make("Hopper", "light", magnitude=-1)
    assert not task.model.vis.headlight.diffuse.any() and not task.model.light_diffuse.any()
