"""Hindsight pairs: within an episode, of the law that is promised, a function of (seed, step)."""

import numpy as np
import pytest

from wmpc.errors import WmpcError
from wmpc.wm.data import EpisodeWriter, Windows, open_episodes
from wmpc.wm.data.hindsight import HindsightBatches, HindsightPairs, Pairs

STEPS = [3, 9, 1, 5, 12, 1, 4, 2, 7, 6, 3]
"""Of episodes, the tenth of which is held out."""


@pytest.fixture
def episodes(tmp_path, meta, make_episode):
    with EpisodeWriter(tmp_path / "set", meta) as writer:
        for index, steps in enumerate(STEPS):
            writer.append(make_episode(index, steps))
    return open_episodes(tmp_path / "set")


def drawing(episodes, stride, columns=("pixels",), **law):
    """What draws pairs of the training episodes."""
    windows = Windows(episodes, episodes.train_ids, 1, stride, columns)
    return HindsightBatches(windows, Pairs(**law))


def law(stride, within, discount):
    """(episode, frame, k) -> its exact probability, by counting."""
    frames = [(i, t) for i, n in enumerate(STEPS) for t in range(n - stride + 1)]
    exact = {}
    for i, t in frames:
        most = min((STEPS[i] - t) // stride, within or 99)
        weights = [1.0 if discount is None else discount ** (k - 1) for k in range(1, most + 1)]
        for k, weight in enumerate(weights, 1):
            exact[i, t, k] = weight / sum(weights) / len(frames)
    return exact


@pytest.mark.parametrize("stride, within, discount", [
    (1, None, None), (2, 2, None), (1, None, 0.6), (3, 3, 0.9), (1, 1, 0.5)
])  # fmt: skip
def test_frames_and_goals_have_their_exact_probabilities(stride, within, discount):
    pairs = HindsightPairs(STEPS, Pairs(within, discount), stride=stride)
    exact, n = law(stride, within, discount), 200_000
    assert len(pairs) == len({place[:2] for place in exact})
    drawn = pairs.draw((0, 0), n)
    first = np.cumsum([0, *(steps + 1 for steps in STEPS[:-1])])
    offset = drawn.now - first[drawn.episode]
    assert np.array_equal(drawn.goal, drawn.now + stride * drawn.blocks)
    places, counts = np.unique(
        np.stack([drawn.episode, offset, drawn.blocks], 1), axis=0, return_counts=True
    )
    found = dict(zip(map(tuple, places.tolist()), counts, strict=True))
    assert found.keys() <= exact.keys()  # so none crosses the end of its episode
    p = np.array(list(exact.values()))
    error = (np.array([found.get(place, 0) for place in exact]) - n * p) / np.sqrt(n * p * (1 - p))
    assert np.abs(error).max() < 4.5 and 0.7 < error.std() < 1.3


def test_batches_are_what_was_recorded_of_the_episodes_given(episodes):
    batches = drawing(episodes, 2, ("pixels", "state", "variation"), within=3)
    batch, seen = batches.sample((0, 0), 500), set()
    assert batch["action"].shape == (500, 1, 6, 2)
    for row in range(500):
        (i, t), (j, later) = batch["state"][row, :, :2].astype(int)
        k, episode = batch["blocks"][row], episodes.episode(i)
        assert i == j and later == t + 2 * k and 1 <= k <= 3
        np.testing.assert_array_equal(batch["pixels"][row], episode["pixels"][[t, later]])
        between = episode["action"][t : t + 2].reshape(6, 2)
        np.testing.assert_array_equal(batch["action"][row, 0], between)
        np.testing.assert_array_equal(batch["variation"][row], episode["variation"])
        seen.add(int(i))
    assert seen == {i for i in episodes.train_ids if STEPS[i] >= 2} and 9 not in seen


def test_a_batch_is_a_function_of_seed_and_step_and_each_process_has_its_part(episodes):
    batches = drawing(episodes, 1, ("state",))
    one, same, other = (batches.sample((3, step), 8) for step in (5, 5, 6))
    assert all(np.array_equal(one[name], same[name]) for name in one)
    assert not np.array_equal(one["state"], other["state"])
    assert not np.array_equal(one["state"], batches.sample((4, 5), 8)["state"])
    parts = [batches.sample((3, 5), 8, part) for part in (slice(0, 4), slice(4, 8))]
    for name in one:
        assert np.array_equal(one[name], np.concatenate([part[name] for part in parts]))


def test_what_makes_no_sense(episodes):
    wrongs = ({"per_window": 0}, {"per_window": 65}, {"per_window": float("nan")})
    for wrong in (*wrongs, {"within": 0}, {"discount": 1.0}, {"discount": 0.0}):
        with pytest.raises(WmpcError, match=r"above 0|at least 1|between 0 and 1"):
            Pairs(**wrong)
    with pytest.raises(WmpcError, match="no episode has the 13 recorded steps"):
        drawing(episodes, 13)
