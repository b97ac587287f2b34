"""What stands still and differs from episode to episode is told apart from what moves."""

import numpy as np
import pytest

from wmpc.wm.recordings.doctor import examine
from wmpc.wm.recordings.doctor.scene import still_share
from wmpc.wm.recordings.doctor.seen import look

N, SIZE = 21, 64


def squares(seed, moving, side=6, of=12):
    """Episodes of a square on grey: in each it stands or moves, elsewhere in the next; a second
    square wanders over everything in all of them."""
    rng, episodes = np.random.default_rng(seed), []
    for _ in range(of):
        pictures = np.full((N, SIZE, SIZE, 3), 120, np.uint8)
        place = rng.integers(0, SIZE - side, 2)
        other = np.cumsum(rng.integers(-9, 10, (N, 2)), 0) + rng.integers(0, SIZE, 2)
        for t, passing in enumerate(other):
            y, x = (place + 3 * t * moving) % (SIZE - side)
            pictures[t, y : y + side, x : x + side] = (200, 40, 40)
            y, x = passing % (SIZE - side)
            pictures[t, y : y + side, x : x + side] = (20, 60, 20)
        episodes.append(pictures)
    return episodes


@pytest.mark.parametrize("moving", [False, True])
def test_a_thing_elsewhere_in_each_episode_is_still_or_moves(moving):
    share = still_share([look(pictures, True) for pictures in squares(0, moving)])
    assert (share < 0.1) if moving else (share > 0.9)


def test_what_passes_before_a_still_thing_leaves_it_still():
    episodes = squares(0, False)
    for pictures in episodes:
        pictures[5] = 0
    assert still_share([look(pictures, True) for pictures in episodes]) > 0.9


def test_light_noise_and_a_scene_that_is_always_the_same_are_none():
    rng, looks = np.random.default_rng(0), []
    scene = rng.integers(0, 256, (1, SIZE, SIZE, 3))
    for _ in range(8):
        noisy = scene + rng.normal(0, 4, (N, SIZE, SIZE, 3)) + rng.uniform(-2, 2)
        looks.append(look(noisy.clip(0, 255).astype(np.uint8), True))
    assert still_share(looks) == 0.0


def test_episodes_whose_pictures_are_not_kept_and_single_ones_say_nothing():
    looks = [look(pictures, True) for pictures in squares(0, False, of=3)]
    assert still_share(looks[:1]) == 0.0 == still_share([])
    gone = look(squares(1, False, of=1)[0], False)
    assert still_share([*looks, gone]) == still_share(looks) > 0
    short = [look(pictures[:5], True) for pictures in squares(0, False)]
    assert still_share(short) == 0.0


def test_an_examination_says_so_beside_the_faults_and_a_clean_set_is_told_nothing(recorded):
    clean = recorded("reacher")
    assert not examine(clean).notes
    cluttered, rng = clean.copy(), np.random.default_rng(0)
    for episode in cluttered.episodes:
        y, x = rng.integers(0, 26, 2)
        episode["pixels"][:, y : y + 6, x : x + 6] = rng.integers(0, 256, 3)
    (said,) = examine(cluttered).notes
    assert said.startswith("pixels: in ") and "The default objective is made for such" in said
    assert examine(cluttered).score == examine(clean).score
    del cluttered.columns["action"]
    said = examine(cluttered).notes
    assert len(said) == 3 and "changing" not in said[2]
