"""Goals of what people have: pictures, masks, crops, numbers, recorded frames, lists."""

import numpy as np
import pytest
from PIL import Image

from wmpc.agents import goals
from wmpc.agents.agent import Goal
from wmpc.errors import WmpcError


def saved(path, array):
    Image.fromarray(array).save(path)
    return path


def test_a_picture_of_the_right_size_stays_as_it_is(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    goal, note = goals.picture(saved(tmp_path / "a.png", pixels), 16)
    assert np.array_equal(goal.observation["pixels"], pixels) and note is None


@pytest.mark.parametrize("shape", [(32, 32, 3), (8, 8, 3), (20, 40, 3), (16, 16), (32, 32, 4)])
def test_any_other_picture_is_made_so_and_it_says_what_came(tmp_path, shape):
    grey = np.full(shape, 200, np.uint8)
    goal, note = goals.picture(saved(tmp_path / "a.png", grey), 16)
    assert goal.observation["pixels"].shape == (16, 16, 3)
    assert (goal.observation["pixels"] == 200).all()
    assert f"{shape[1]} x {shape[0]}" in note and "16 x 16" in note


def test_white_counts(tmp_path):
    white = np.zeros((32, 32), np.uint8)
    white[:16] = 255
    assert np.array_equal(goals.mask(saved(tmp_path / "a.png", white), 16), white[::2, ::2] / 255)


def test_a_crop_is_in_pixels_or_in_fractions():
    counts = goals.crop([0.25, 0.5, 0.75, 1], 16)
    assert counts.sum() == 8 * 8 and (counts[8:16, 4:12] == 1).all()
    assert np.array_equal(counts, goals.crop([4, 8, 12, 16], 16))
    assert goals.crop([0, 0, 1, 1], 16).all()


def test_numbers_that_are_not_known_do_not_count():
    goal = goals.proprio([0.5, np.nan, 2])
    assert goal.observation["proprio"].tolist() == [0.5, 0, 2]
    assert goal.weight["proprio"].tolist() == [1, 0, 1]
    assert goals.proprio([0.5, 2]).weight is None


def test_a_route_has_every_goal_in_its_order():
    one, two, three, four = (Goal({"proprio": np.full(1, i)}) for i in range(4))
    nested = goals.in_turn([goals.in_turn([one, two]), three, four])
    assert [int(stop.observation["proprio"][0]) for stop in nested.route] == [0, 1, 2, 3]
    assert all(not stop.via for stop in nested.route)
    assert one.route == (one,)


def test_the_nearest_frame_is_found_by_what_counts():
    recorded = np.random.default_rng(0).normal(size=(500, 3)) * [1, 10, 1]
    wanted = recorded[7] + [0.001, 50, 0]
    found = goals.nearest(recorded, [wanted[0], np.nan, wanted[2]])
    assert found.row == 7 and found.distance < 0.01 and found.note is None
    assert goals.nearest(recorded, wanted, [1, 0, 1]).row == 7
    by_hand = np.linalg.norm((recorded - wanted) / recorded.std(0), axis=1)
    assert goals.nearest(recorded, wanted).row == by_hand.argmin()


def test_what_was_never_recorded_is_far():
    recorded = np.random.default_rng(0).normal(size=(500, 2))
    assert "nothing like this was recorded" in goals.nearest(recorded, [30, 30]).note


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda d: goals.picture(d / "absent.png", 16), "no file"),
        (lambda d: goals.picture(d / "text.png", 16), "not a picture"),
        (lambda d: goals.mask(d / "black.png", 16), "no white pixel"),
        (lambda d: goals.crop([0.5, 0, 0.5, 1], 16), "holds no pixel"),
        (lambda d: goals.crop([0, 0, 17, 4], 16), "holds no pixel"),
        (lambda d: goals.crop([0, 0, 1], 16), "give x0,y0,x1,y1"),
        (lambda d: goals.crop([0, 0, np.nan, 1], 16), "give x0,y0,x1,y1"),
        (lambda d: goals.proprio([np.nan, np.nan]), "at least one"),
        (lambda d: goals.proprio([np.inf]), "finite"),
        (lambda d: goals.proprio([]), "nothing came"),
        (lambda d: goals.masked(goals.proprio([1.0]), np.ones((2, 2))), "without pixels"),
        (lambda d: goals.in_turn([]), "No goal came"),
        (lambda d: goals.nearest(np.zeros((4, 2)), [1.0]), "1 numbers came"),
        (lambda d: goals.nearest(np.zeros((4, 2)), [np.nan, np.nan]), "not all 0"),
        (lambda d: goals.nearest(np.zeros((4, 2)), [0.0, 0.0], [1, -1]), "none below 0"),
    ],
)
def test_what_makes_no_goal_is_said(tmp_path, wrong, message):
    (tmp_path / "text.png").write_text("no picture")
    saved(tmp_path / "black.png", np.zeros((16, 16), np.uint8))
    with pytest.raises(WmpcError, match=message):
        wrong(tmp_path)
