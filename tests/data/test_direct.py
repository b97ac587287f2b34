"""Training where a recording lies: the same batches as from its import, whatever the cache."""

import threading

import numpy as np
import pytest

from wmpc.errors import WmpcError
from wmpc.wm.data import Windows, open_episodes
from wmpc.wm.models.spec import describe_data
from wmpc.wm.recordings.direct import Direct
from wmpc.wm.recordings.importing import import_episodes
from wmpc.wm.recordings.view import View

META = {"env": "none", "fps": 10.0, "action_low": [-1.0, -1.0], "action_high": [1.0, 1.0]}


def seen(recording, count=12):
    return View(recording(count), size=8, cameras=["left"])


def direct(recording, frames, **options):
    source = seen(recording)
    return source.source, Direct(source, META, cache=frames * 8 * 8 * 3, **options)


@pytest.mark.parametrize("frames", [10**6, 40])
def test_batches_are_those_of_the_imported_set(tmp_path, recording, frames):
    import_episodes(seen(recording), tmp_path / "d", META, range(12))
    stored = open_episodes(tmp_path / "d")
    _, lying = direct(recording, frames)
    for step in range(5):
        left, right = (
            Windows(e, e.train_ids, 4, 2, ["pixels", "proprio"]).sample((0, step), 8)
            for e in (stored, lying)
        )
        assert left.keys() == right.keys()
        for name in left:
            assert np.array_equal(left[name], right[name]) and left[name].dtype == right[name].dtype
    ours, theirs = describe_data(stored).as_dict(), describe_data(lying).as_dict()
    assert {**ours, "dataset": ""} == {**theirs, "dataset": ""}


def test_what_fits_is_decoded_once_and_what_does_not_again(recording):
    source, lying = direct(recording, 10**6)
    everything = lying.frames("pixels")
    assert source.decoded == 0
    first = everything[:]
    assert source.decoded == len(everything) == 12 * 13
    assert np.array_equal(everything[:], first) and source.decoded == len(everything)
    source, small = direct(recording, 40)
    for start in (0, 60, 120, 0):
        rows = np.arange(start, start + 30)
        assert np.array_equal(small.frames("pixels").take(rows), first[rows])
    assert source.decoded == 120
    assert small.held == 40


def test_a_batch_larger_than_the_cache_is_refused(recording):
    _, lying = direct(recording, 20)
    with pytest.raises(WmpcError, match="cache holds 20"):
        lying.frames("pixels")[:30]


def test_its_hash_follows_the_numbers(recording):
    _, one = direct(recording, 100)
    _, same = direct(recording, 40)
    assert one.hash == same.hash
    source = seen(recording)
    source.source.episodes[3]["action"][0] = 0.5
    assert Direct(source, META).hash != one.hash


def test_what_is_not_finite_is_refused_and_what_is_out_of_bounds_clipped(recording):
    source = seen(recording)
    source.source.episodes[2]["action"][0] = 5.0
    assert Direct(source, META, clip=True).frames("action").max() == 1.0
    source.source.episodes[2]["proprio"][0] = np.nan
    with pytest.raises(WmpcError, match=r"episode 2 .* not finite"):
        Direct(source, META)


def test_two_threads_take_what_one_would(recording):
    everything = np.asarray(direct(recording, 10**6)[1].frames("pixels")[:])
    _, lying = direct(recording, 60)
    wrong = []

    def draw(seed):
        rng = np.random.default_rng(seed)
        for _ in range(60):
            rows = rng.integers(0, len(everything), 40)
            if not np.array_equal(lying.frames("pixels").take(rows), everything[rows]):
                wrong.append(seed)

    threads = [threading.Thread(target=draw, args=(seed,)) for seed in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_some_of_its_episodes_are_those_and_no_others(recording):
    source = seen(recording)
    some = Direct(source, META, ids=[7, 2])
    assert len(some) == 2
    for place, index in enumerate((7, 2)):
        there = source.episode(index)
        for name in ("pixels", "action", "proprio"):
            assert np.array_equal(some.episode(place)[name], np.asarray(there[name]))
