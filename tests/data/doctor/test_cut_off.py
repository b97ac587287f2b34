"""Episodes that were all cut a few rows off hold a jump each, equally far from an end: it is found,
and nothing else that every episode does is taken for one."""

import numpy as np
import pytest
from doctor_sets import Memory

from wmpc.wm.recordings.doctor import examine

EPISODES, STEPS = 12, 19


@pytest.fixture
def rng():
    return np.random.default_rng(3)


def walk(rng, dims=2, steps=STEPS + 1, episodes=EPISODES, size=0.05):
    """Random walks (E, T+1, P) from starts that are far apart."""
    starts = rng.uniform(-10, 10, (episodes, 1, dims))
    return starts + np.cumsum(rng.normal(0, size, (episodes, steps, dims)), 1)


def recording(tracks, rng):
    return Memory(
        [
            {
                "proprio": track.astype(np.float32),
                "action": rng.uniform(-1, 1, (len(track) - 1, 1, 2)).astype(np.float32),
            }
            for track in tracks
        ]
    )


def teleports(tracks, rng):
    found = [f for f in examine(recording(tracks, rng)).faults if f.kind == "teleport"]
    assert len(found) <= 1
    return found


@pytest.mark.parametrize("dims", [1, 2, 7])
@pytest.mark.parametrize("rows", [-4, -2, -1, 1, 2, 5])
def test_episodes_that_are_cut_off_by_some_rows_are_found(rng, rows, dims):
    """`rows` beyond 0: each episode ends with the first rows of the next."""
    flat = np.roll(walk(rng, dims).reshape(-1, dims), -rows, 0)
    tracks = flat.reshape(EPISODES, STEPS + 1, dims)
    (fault,) = teleports(tracks, rng)
    assert len(fault.episodes) >= 0.8 * EPISODES and fault.severity == "error"
    assert fault.step == (STEPS - rows if rows > 0 else -rows - 1)
    assert f"by {abs(rows)} row" in fault.do and ("back" in fault.do) == (rows > 0)


def test_a_set_that_differs_in_lengths_is_found_by_its_ends(rng):
    tracks = [walk(rng, 2, int(n), 1)[0] for n in rng.integers(12, 40, EPISODES)]
    ends = np.cumsum([len(t) for t in tracks])
    flat = np.roll(np.concatenate(tracks), -2, 0)
    (fault,) = teleports(np.split(flat, ends[:-1]), rng)
    assert "2 steps before its end" in fault.says


def decaying(rng):
    """Each episode begins at speed, and slows down."""
    speed = rng.normal(size=(EPISODES, 1, 3)) * 0.7 ** np.arange(STEPS + 1)[None, :, None]
    return np.cumsum(speed, 1) + walk(rng, 3, size=0.01)


def clean(rng):
    return walk(rng)


def faster_at_the_end(rng):
    """The last step of each is three times as far."""
    tracks = walk(rng)
    tracks[:, -1] += 2 * (tracks[:, -1] - tracks[:, -2])
    return tracks


def one_number_jumps(rng):
    """A counter of many numbers starts anew at the end of each, as a clock or a gripper does."""
    tracks = walk(rng, 5)
    tracks[:, -3:, 0] += 30
    return tracks


@pytest.mark.parametrize("kind", [clean, decaying, faster_at_the_end, one_number_jumps])
@pytest.mark.parametrize("seed", range(5))
def test_what_every_episode_does_is_no_jump(kind, seed):
    rng = np.random.default_rng(seed)
    assert not teleports(kind(rng), rng)
