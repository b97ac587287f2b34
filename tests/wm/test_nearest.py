"""Nearest-neighbour replay, against a search of all pairs one by one."""

import numpy as np
import points
import pytest
import torch

from wmpc.agents.nearest import NearestAgent
from wmpc.errors import WmpcError


@pytest.fixture(scope="module")
def walks():
    return points.wandering(episodes=40)


def by_hand(walks, seen, target, within, frames, present):
    """The nearest pair (row, k), looking at each."""
    best, found, places = np.inf, None, walks.picture.numpy()
    for row in range(len(places)):
        if walks.before[row] < frames - 1:
            continue
        past = [np.sum((places[row - i * walks.stride] - seen[-1 - i]) ** 2) for i in range(frames)]
        for k in range(1, min(within, int(walks.after[row])) + 1):
            there = places[row + k * walks.stride]
            cost = present * np.mean(past) + np.sum((there - target) ** 2)
            if cost < best:
                best, found = cost, (row, k)
    return found


@pytest.mark.parametrize(
    ("within", "frames", "present", "stride"),
    [
        (1, 1, 1.0, 1),
        (4, 2, 0.5, 1),
        (99, 2, 3.0, 1),
        (3, 2, 1.0, 2),
        (99, 2, 0.5, 3),
        (4, 2, 0.0, 1),
    ],
)
def test_the_search_finds_the_nearest_of_all_pairs(within, frames, present, stride):
    walks, rng = points.wandering(episodes=40, stride=stride), np.random.default_rng(0)
    agent = NearestAgent(points.eye(), walks, within=within, frames=frames, present=present)
    for _ in range(10):
        seen, target = rng.uniform(-2, 2, (2, 2)).astype("f4"), rng.uniform(-2, 2, 2)
        agent.reset(points.goal(target))
        agent.observe({"pixels": seen[0]}, None)
        agent.observe({"pixels": seen[1]}, (seen[1] - seen[0])[None])
        assert agent.search() == by_hand(walks, seen, target, within, frames, present)


@pytest.mark.parametrize(("execute", "stride"), [(1, 1), (2, 1), (99, 1), (2, 2), (99, 3)])
def test_what_was_recorded_is_repeated_to_its_end(execute, stride):
    walks = points.wandering(episodes=40, stride=stride)
    agent = NearestAgent(points.eye(), walks, within=5, execute=execute, frames=1)
    places = walks.picture.numpy()
    for row in (0, 10, 300):
        k = min(4, int(walks.after[row]))
        recorded = places[row : row + stride * k + 1 : stride]
        walked = points.walk(agent, recorded[0], recorded[-1], k)
        assert np.allclose(walked[: k + 1], recorded, atol=1e-5)


def test_a_dense_recording_reaches_any_goal():
    walks = points.wandering(episodes=3000)
    agent = NearestAgent(points.eye(), walks, within=3, frames=1, present=1.0)
    rng = np.random.default_rng(2)
    for _ in range(5):
        start, target = rng.uniform(-1.5, 1.5, (2, 2))
        walked = points.walk(agent, start, target, 8)
        assert np.linalg.norm(walked - target, axis=1).min() < 0.2


def test_pairs_never_cross_the_end_of_an_episode(walks):
    agent = NearestAgent(points.eye(), walks, within=99, frames=1)
    last, first = walks.picture[8], walks.picture[9]  # neighbours, of two episodes
    agent.reset(points.goal(first.numpy()))
    agent.observe({"pixels": last.numpy()}, None)
    row, k = agent.search()
    assert k <= walks.after[row] and row != 8


def test_a_short_past_counts_as_far_as_it_goes(walks):
    agent = NearestAgent(points.eye(), walks, within=1, frames=2)
    agent.reset(points.goal(walks.picture[1].numpy()))
    agent.observe({"pixels": walks.picture[0].numpy()}, None)
    assert agent.search() == (0, 1)  # the first frame of an episode, which has no past either
    assert torch.isfinite(torch.as_tensor(agent.act())).all()


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"within": 0}, "within is 0"),
        ({"execute": 0}, "execute is 0"),
        ({"frames": 0}, "frames is 0"),
        ({"frames": 3}, "context is 2 frames"),
        ({"present": -1.0}, "present is -1"),
        ({"present": float("nan")}, "present is nan"),
    ],
)
def test_settings_out_of_range(walks, setting, message):
    with pytest.raises(WmpcError, match=message):
        NearestAgent(points.eye(), walks, **setting)
