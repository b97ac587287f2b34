"""A recording seen otherwise: nothing is invented, moved or lost that was not asked for."""

import numpy as np
import pytest

from wmpc.errors import WmpcError
from wmpc.wm.recordings.timing import Timing
from wmpc.wm.recordings.view import View, square


def test_a_view_that_asks_for_nothing_changes_nothing(recording, same):
    source = recording(3)
    view = View(source)
    assert view.columns == source.columns and np.array_equal(view.lengths, source.lengths)
    for index in range(3):
        seen = {k: np.asarray(v) for k, v in view.episode(index).items()}
        same(seen, source.episodes[index])


def test_a_whole_stride_keeps_every_action_between_the_frames_kept(recording):
    source = recording(2, steps=14, fps=30.0)
    view = View(source, fps=10.0)
    whole, seen = source.episodes[1], view.episode(1)
    assert view.lengths.tolist() == [4, 4] and view.about.fps == 10.0
    assert np.array_equal(np.asarray(seen["pixels/left"]), whole["pixels/left"][[0, 3, 6, 9, 12]])
    assert np.array_equal(seen["action"].reshape(12, 2), whole["action"][:12, 0])
    assert np.array_equal(seen["reward"], whole["reward"][:12].reshape(4, 3))
    for name, column in view.columns.items():
        rows = {"frames": 5, "steps": 4}[column.rows]
        assert np.asarray(seen[name]).shape == (rows, *column.shape)


def test_other_rates_take_the_nearest_frames_and_the_actions_in_force(recording):
    source = recording(1, steps=15, fps=30.0)
    seen = View(source, fps=20.0).episode(0)
    rows = [0, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15]  # every 1.5 recorded frames, halves upwards
    assert np.array_equal(np.asarray(seen["pixels/left"]), source.episodes[0]["pixels/left"][rows])
    assert np.array_equal(seen["action"], source.episodes[0]["action"][rows[:-1]])


@pytest.mark.parametrize("recorded", [7, 24, 30, 50, 59.94, 100])
@pytest.mark.parametrize("fps", [1, 5, 6.5, 7])
def test_no_frame_is_further_than_half_a_recorded_one_from_its_time(recorded, fps):
    timing = Timing.between(recorded, fps, "x")
    rows = timing.rows(500)
    times = np.arange(len(rows)) / fps
    assert np.all(np.diff(rows) >= 1) and rows[0] == 0 and rows[-1] <= 500
    assert np.abs(rows / recorded - times).max() <= 0.5 / recorded + 1e-9 + 1e-3 * times[-1]


def test_cameras_are_chosen_by_name_and_a_single_one_is_pixels(recording):
    source = recording(1)
    view = View(source, cameras=["right"])
    assert view.cameras == ["pixels"]
    right = source.episodes[0]["pixels/right"]
    assert np.array_equal(np.asarray(view.episode(0)["pixels"]), right)
    assert View(source, cameras=["right", "pixels/left"]).cameras == ["pixels/right", "pixels/left"]


def test_proprioception_is_joined_from_columns_in_their_order(recording):
    source = recording(1)
    view = View(source, proprio=["effort", "state"], columns=["reward"])
    seen, whole = view.episode(0), source.episodes[0]
    assert np.array_equal(seen["proprio"], np.hstack([whole["effort"], whole["state"]]))
    assert seen["proprio"].dtype == np.float32 == view.columns["proprio"].dtype
    assert "effort" not in view.columns and "reward" in view.columns


def test_actions_are_joined_from_columns_of_frames_and_of_steps(recording):
    source = recording(1, action_low=[-1.0, -1.0], action_high=[1.0, 1.0])
    view = View(source, actions=["effort", "reward"], fps=10.0)
    seen, whole = view.episode(0), source.episodes[0]
    joined = np.hstack([whole["effort"][:-1], whole["reward"][:, None]]).astype(np.float32)
    assert np.array_equal(seen["action"], joined.reshape(4, 3, 3))  # all three steps of each frame
    assert view.columns["action"].shape == (3, 3) and view.about.action_low is None
    assert view.about.names["action"] == ["effort[0]", "effort[1]", "reward"]
    assert not {"effort", "reward"} & view.columns.keys()
    assert "effort" in View(source, actions=["effort"], columns=["effort"]).columns
    assert View(source, actions=["action"]).about.action_low == [-1.0, -1.0]


def test_a_recording_without_actions_is_seen_at_any_rate(recording):
    source = recording(1)
    del source.columns["action"]
    assert View(source, fps=7.0).columns.keys() >= {"pixels/left", "proprio"}


def test_pictures_are_decoded_only_when_asked_for_and_only_those(recording):
    source = recording(1, steps=12)
    episode = View(source, size=8, fps=10.0).episode(0)
    assert source.decoded == 0
    frames = episode["pixels/left"]
    assert np.array_equal(frames[[2, 0]], np.asarray(frames)[[2, 0]])
    assert source.decoded == 2 + 5


@pytest.mark.parametrize("fit", ["squash", "crop", "pad"])
def test_a_picture_becomes_a_square_of_its_own_colours(fit):
    picture = np.zeros((40, 80, 3), np.uint8)
    picture[:, 20:60] = (200, 100, 50)
    small = square(picture, 16, fit)
    assert small.shape == (16, 16, 3)
    assert tuple(small[8, 8]) == (200, 100, 50)
    covered = {"squash": 8 * 16, "crop": 16 * 16, "pad": 8 * 8}[fit]
    assert (small[..., 0] > 100).sum() == covered


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"fps": 60.0}, "recorded with 30"),
        ({"fps": 0.0}, "recorded with 30"),
        ({"cameras": ["top"]}, "no camera 'top'; it has left, right"),
        ({"columns": ["speed"]}, "no column 'speed'"),
        ({"proprio": ["reward"]}, "proprio=reward came"),
        ({"proprio": ["pixels/left"]}, "proprio=pixels/left"),
        ({"actions": ["speed"]}, "actions=speed came; memory has proprio, state, action, effort"),
        ({"actions": ["pixels/left"]}, "actions=pixels/left came"),
        ({"fit": "stretch"}, "squash, crop, pad"),
        ({"size": 3}, "at least 8"),
    ],
)
def test_what_does_not_exist_is_refused(recording, wrong, sentence):
    with pytest.raises(WmpcError, match=sentence):
        View(recording(1), **wrong)


def test_an_unknown_rate_must_be_stated(recording):
    with pytest.raises(WmpcError, match="recorded_fps"):
        View(recording(1, fps=None), fps=10.0)
    assert View(recording(1, fps=None), fps=10.0, recorded_fps=20.0).lengths.tolist() == [6]
