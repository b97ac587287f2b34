"""Goals said in part, completed from recordings, by every agent that pursues goals."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import wmpc
from wmpc import planners
from wmpc.agents import goals
from wmpc.agents.agent import Goal
from wmpc.agents.completion import Completion, when_needed
from wmpc.agents.encoded import encode_training_episodes
from wmpc.agents.goal_policy import GoalPolicyAgent, train_goal_policy
from wmpc.agents.mpc import MPCAgent
from wmpc.agents.nearest import NearestAgent
from wmpc.errors import WmpcError
from wmpc.wm.data import open_episodes


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """A probe that is fitted in a moment."""
    monkeypatch.setattr("wmpc.agents.completion.STEPS", 200)


@pytest.fixture(scope="module")
def model(trained):
    return wmpc.load(trained)


@pytest.fixture(scope="module")
def episodes(reacher):
    return open_episodes(reacher)


@pytest.fixture(scope="module")
def completion(model, episodes):
    return Completion.of(model, episodes)


@pytest.fixture(scope="module")
def seen(episodes):
    """A held-out frame."""
    return {name: episodes.episode(9)[name][7] for name in ("pixels", "proprio")}


def mpc(model, episodes, **arguments):
    planner = planners.CEM(samples=8, elites=2, iterations=2)
    return MPCAgent(model, planner, horizon=2, **arguments)


def cloned(model, episodes, **arguments):
    encoded = encode_training_episodes(model, episodes)
    return GoalPolicyAgent(model, train_goal_policy(encoded, 3, steps=5, width=8), **arguments)


def nearest(model, episodes, **arguments):
    return NearestAgent(model, encode_training_episodes(model, episodes), **arguments)


AGENTS = {"mpc": mpc, "cloned": cloned, "nearest": nearest}


@pytest.fixture(params=AGENTS)
def make(request, model, episodes):
    return lambda **arguments: AGENTS[request.param](model, episodes, **arguments)


def acted(agent, goal, seen):
    agent.reset(goal)
    agent.observe(seen, None)
    return agent.act()


def left(picture):
    return goals.masked(Goal({"pixels": picture}), goals.crop([0, 0, 0.5, 1], 32))


def test_a_goal_that_counts_as_a_whole_is_the_plain_goal_to_the_bit(make, completion, seen):
    plain = acted(make(), Goal({"pixels": seen["pixels"]}), seen)
    ones = Goal({"pixels": seen["pixels"]}, {"pixels": np.ones((32, 32))})
    for agent in (make(), make(complete=completion)):
        assert np.array_equal(plain, acted(agent, ones, seen))


def test_pixels_that_do_not_count_change_nothing(make, completion, seen):
    other = seen["pixels"].copy()
    other[:, 16:] = np.random.default_rng(0).integers(0, 256, (32, 16, 3))
    one, same = (acted(make(complete=completion), left(p), seen) for p in (seen["pixels"], other))
    assert np.array_equal(one, same)


@pytest.mark.parametrize("goal", ["mask", "proprio", "both"])
def test_agents_take_goals_said_in_part_only_with_recordings(make, completion, seen, goal):
    values = goals.proprio([*seen["proprio"][:4], np.nan, np.nan])
    part = {"mask": left(seen["pixels"]), "proprio": values}.get(goal)
    if part is None:
        part = left(seen["pixels"])
        part = Goal({**part.observation, **values.observation}, {**part.weight, **values.weight})
    agent = make(complete=replace(completion, pictures=True))
    assert np.isfinite(acted(agent, part, seen)).all()
    with pytest.raises(WmpcError, match="give the agent recordings"):
        make().reset(part)


def shows(model, columns):
    """Recordings whose latents are the first `columns` of three numbers of proprioception."""
    proprio = np.random.default_rng(0).normal(2, 3, (2000, 3)).astype(np.float32)
    latents = torch.as_tensor(np.pad(proprio[:, :columns], ((0, 0), (0, 8 - columns))))[:, None]
    return Completion(model, {"proprio": proprio}, np.arange(2000), np.arange(2000) // 20, latents)


def test_policies_want_pictures_and_planners_what_can_be_read(model, episodes, seen):
    known, values = shows(model, 2), goals.proprio([1.0, 2.0, np.nan])
    assert np.isfinite(acted(mpc(model, episodes, complete=known), values, seen)).all()
    with pytest.raises(WmpcError, match="pictures=True"):
        cloned(model, episodes, complete=known).reset(values)


def test_the_frames_most_alike_where_it_counts_take_what_the_goal_says(completion, model, seen):
    goal, half = left(seen["pixels"]), seen["pixels"][:, :16].astype(float)
    pixels = completion.columns["pixels"][completion.rows]
    apart = np.square(pixels[:, :, :16] - half).sum((1, 2, 3))
    found = completion.nearest(goal)
    assert np.array_equal(np.sort(apart)[:8], apart[found])
    pasted = pixels[found].copy()
    pasted[:, :, :16] = seen["pixels"][:, :16]
    latents, weight, read = completion(goal)
    assert torch.equal(latents, model.encode({"pixels": pasted[None]})[0])
    assert weight.tolist() == [[1]] and read is None


def test_no_recording_is_opened_for_whole_goals(model, seen, completion):
    def opened():
        raise AssertionError("opened")

    complete = when_needed(model, opened)
    goal = Goal({"pixels": seen["pixels"]})
    assert torch.equal(complete(goal)[0], model.encode({"pixels": seen["pixels"][None, None]})[0])
    with pytest.raises(AssertionError, match="opened"):
        complete(left(seen["pixels"]))


def test_proprioception_is_compared_where_it_can_be_read(completion, model):
    """With latents that show all but the last number, which counts least then."""
    known = shows(model, 2)
    proprio, latents = known.columns["proprio"], known.latents
    target, weight, read = known(goals.proprio(proprio[5]))
    assert weight[0, :2].min() > 50 * weight[0, 2]
    away = (read(latents) - target[0]).square().mul(weight).sum(-1)
    assert away.argmin() == 5
    with pytest.raises(WmpcError, match="none of the numbers that count is shown"):
        known(goals.proprio([np.nan, np.nan, 1.0]))


def test_a_slot_says_proprioception_without_any_recording(episodes, seen):
    from wmpc.wm.models.build import build
    from wmpc.wm.models.spec import describe_data

    torch.manual_seed(0)
    network = build(
        {
            "_target_": "wmpc.wm.models.jepa.JEPA", "latent": 8, "proprio": True,
            "encoder": {"_target_": "wmpc.wm.models.encoders.ConvEncoder", "channels": [4, 8, 8]},
            "predictor": {"_target_": "wmpc.wm.models.predictors.WindowMLP", "width": 16},
        },
        spec=describe_data(episodes),
    ).eval()  # fmt: skip
    goal = goals.proprio([*seen["proprio"][:4], np.nan, np.nan])
    known, left_open = network.known(goal.observation, goal.weight)
    assert not left_open
    assert known[0].tolist() == [0] * 8 and known[1].tolist() == [1, 1, 1, 1, 0, 0, 1, 1]
    z = network.encode({"proprio": goal.observation["proprio"][None, None]})
    whole = network.encode({name: x[None, None] for name, x in seen.items()})
    assert torch.equal(z[..., 1, :4], whole[..., 1, :4]) and not z[..., 0, :].any()
    assert np.isfinite(acted(mpc(network, episodes), goal, seen)).all()
    with pytest.raises(WmpcError, match="without a picture"):
        cloned(network, episodes).reset(goal)


def test_policies_refuse_subgoals_and_planners_take_them(model, episodes, seen):
    route = goals.in_turn([Goal({"pixels": seen["pixels"]})] * 2)
    acted(mpc(model, episodes), route, seen)
    for agent in (cloned(model, episodes), nearest(model, episodes)):
        with pytest.raises(WmpcError, match="1 subgoals came"):
            agent.reset(route)


@pytest.mark.parametrize(
    ("goal", "message"),
    [
        (Goal({"state": np.zeros(3)}), "nothing of the goal counts"),
        (goals.proprio(np.zeros(5)), r"proprio is \(5,\)"),
        (Goal({"pixels": np.zeros((32, 32, 3), "u1")}, {"pixels": np.zeros((32, 32))}), "nothing"),
        (Goal({"pixels": np.zeros((32, 32, 3), "u1")}, {"pixels": np.zeros((3, 3))}), "weight of"),
        (Goal({"pixels": np.zeros((32, 32, 3), "u1")}, {"pixels": np.full((32, 32), 2)}), "0 to 1"),
        (Goal({"pixels": np.zeros((8, 8, 3), "u1")}, {"pixels": np.zeros((8, 8))}), r"\(8, 8, 3\)"),
    ],
)
def test_what_no_recording_can_complete(completion, goal, message):
    with pytest.raises(WmpcError, match=message):
        completion(goal)


def test_settings_out_of_range(model, episodes):
    for wrong in ("frames", "alike"):
        with pytest.raises(WmpcError, match=f"{wrong} is 0"):
            Completion.of(model, episodes, **{wrong: 0})


def test_the_probe_is_judged_on_episodes_it_was_not_fitted_to(model):
    """Frames of an episode look alike; what only tells episodes apart cannot be read off others."""
    rng = np.random.default_rng(0)
    episode = np.arange(2000) // 40
    marks, values = rng.standard_normal((50, 8)), rng.standard_normal((50, 2))
    latents = torch.as_tensor(marks[episode], dtype=torch.float32)[:, None]
    proprio = values[episode].astype(np.float32)
    known = Completion(model, {"proprio": proprio}, np.arange(2000), episode, latents)
    assert (known.probe[1] > 0.5).all()
    few = replace(known, rows=np.arange(80), episode=episode[:80], latents=latents[:80])
    assert bool(few.probe[1].isfinite().all())
    one = replace(known, rows=np.arange(40), episode=episode[:40], latents=latents[:40])
    with pytest.raises(WmpcError, match="at least two episodes"):
        one.probe  # noqa: B018


def test_a_completion_knows_which_episode_each_frame_is_of(completion, episodes):
    assert not set(completion.episode) & set(episodes.held_out_ids)
    for row, episode in zip(completion.rows[::37], completion.episode[::37], strict=True):
        first, stop = episodes.columns["pixels"].span(episodes.ends, int(episode))
        assert first <= row < stop
