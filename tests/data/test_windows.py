"""A window is a slice of one episode; a batch is a function of (seed, step)."""

import numpy as np
import pytest

from wmpc.errors import WmpcError
from wmpc.wm.data import EpisodeWriter, Windows, open_episodes, prefetch

STEPS = [3, 9, 5, 12, 1]


@pytest.fixture
def episodes(tmp_path, meta, make_episode):
    with EpisodeWriter(tmp_path / "set", meta) as writer:
        for index, steps in enumerate(STEPS):
            writer.append(make_episode(index, steps))
    return open_episodes(tmp_path / "set")


def check(episodes, batch, length, stride):
    """Each row of `batch` is a window; returns (episode, first frame) of each."""
    places = []
    for row in range(len(batch["action"])):
        index, start = map(int, batch["state"][row, 0])
        frames = start + stride * np.arange(length)
        episode = episodes.episode(index)
        for name in ("pixels", "proprio", "state"):
            np.testing.assert_array_equal(batch[name][row], episode[name][frames])
        np.testing.assert_array_equal(batch["variation"][row], episode["variation"])
        between = episode["action"][start : start + (length - 1) * stride]
        np.testing.assert_array_equal(batch["action"][row].reshape(between.shape), between)
        places.append((index, start))
    return places


@pytest.mark.parametrize("length, stride", [(1, 1), (2, 1), (4, 1), (3, 2), (2, 5)])
def test_windows_are_slices_uniform_over_all(episodes, length, stride):
    ids = [0, 1, 3, 4]
    columns = ("pixels", "proprio", "state", "variation")
    windows = Windows(episodes, ids, length, stride, columns)
    span = (length - 1) * stride
    every = {(i, s) for i in ids for s in range(STEPS[i] - span + 1)}
    assert len(windows) == len(every)
    batch = windows.sample((0, 0), 100 * len(every))
    assert batch["action"].shape == (100 * len(every), length - 1, stride * 3, 2)
    places = check(episodes, batch, length, stride)
    counts = [places.count(place) for place in every]
    assert set(places) == every and min(counts) > 50 and max(counts) < 160


@pytest.mark.parametrize("length, stride", [(1, 1), (4, 1), (3, 2)])
def test_all_is_without_overlap_and_complete(episodes, length, stride):
    columns = ("pixels", "proprio", "state", "variation")
    windows = Windows(episodes, [0, 1, 3], length, stride, columns)
    batches = list(windows.all(batch=2))
    places = [place for batch in batches for place in check(episodes, batch, length, stride)]
    span = (length - 1) * stride + 1
    assert places == [(i, s) for i in (0, 1, 3) for s in range(0, STEPS[i] + 2 - span, span)]
    some = [place for b in windows.all(2, limit=3) for place in check(episodes, b, length, stride)]
    spread = np.linspace(0, len(places) - 1, 3).round().astype(int)
    assert some == [places[index] for index in spread]  # the first and the last among them


def test_same_seed_and_step_same_batch(episodes):
    windows = Windows(episodes, episodes.train_ids, 2)
    one, two, three = (windows.sample((0, step), 16)["pixels"] for step in (5, 5, 6))
    assert np.array_equal(one, two) and not np.array_equal(one, three)
    assert not np.array_equal(one, windows.sample((1, 5), 16)["pixels"])


def test_default_columns(episodes):
    assert set(Windows(episodes, [0], 2).sample((0, 0), 1)) == {"pixels", "proprio", "action"}


def test_every_camera_is_read_and_nothing_but_cameras(tmp_path, meta, make_episode):
    episode = make_episode(0, 5)
    cameras = {f"pixels/{eye}": episode["pixels"] + shift for shift, eye in enumerate("ab")}
    with EpisodeWriter(tmp_path / "eyes", meta) as writer:
        writer.append({name: x for name, x in episode.items() if name != "pixels"} | cameras)
    windows = Windows(open_episodes(tmp_path / "eyes"), [0], 6)
    assert set(windows.columns) == {*cameras, "proprio", "action"}
    batch = windows.sample((0, 0), 1)
    for name, pixels in cameras.items():
        np.testing.assert_array_equal(batch[name][0], pixels)


@pytest.mark.parametrize("part", [slice(0, 3), slice(3, 8)])
@pytest.mark.parametrize("unique", [False, True])
def test_each_process_has_its_part_of_the_same_batch(episodes, part, unique):
    windows = Windows(episodes, [0, 1, 3], 3)
    whole, own = windows.sample((0, 1), 8), windows.sample((0, 1), 8, unique, part)
    if unique:
        rows = own.pop("rows")
        own |= {name: own[name][rows] for name in ("pixels", "proprio")}
    for name, x in own.items():
        np.testing.assert_array_equal(x, whole[name][part])


def test_too_short_names_the_length_needed(episodes):
    with pytest.raises(WmpcError, match=r"at least 14 recorded steps; the longest of 4 has 12"):
        Windows(episodes, [0, 1, 2, 3], 8, stride=2)
    with pytest.raises(WmpcError, match="no column 'touch'"):
        Windows(episodes, [0], 2, columns=("touch",))
    with pytest.raises(WmpcError, match="both should be >= 1"):
        Windows(episodes, [0], 0)


def test_prefetch_gives_the_same_batches_and_passes_errors_on(episodes):
    windows = Windows(episodes, episodes.train_ids, 2)
    ahead = prefetch(lambda step: windows.sample((0, step), 4), range(5), ahead=2)
    for step, batch in enumerate(ahead):
        np.testing.assert_array_equal(batch["pixels"], windows.sample((0, step), 4)["pixels"])

    def fails_at_two(step):
        if step == 2:
            raise WmpcError("broken")
        return step

    received = []
    with pytest.raises(WmpcError, match="broken"):
        received.extend(prefetch(fails_at_two, range(5)))
    iterator = prefetch(lambda step: step, range(1000))
    assert [next(iterator) for _ in range(3)] == [0, 1, 2]
    iterator.close()
