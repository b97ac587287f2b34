"""Videos at a varying rate: said, and made even by time."""

import numpy as np
import pytest
from films import film, phone, table

from wmpc.errors import WmpcError
from wmpc.wm.recordings.doctor import examine
from wmpc.wm.recordings.formats.video_folder.reader import VideoFolder
from wmpc.wm.recordings.rate import pace
from wmpc.wm.recordings.view import View


@pytest.fixture
def phones(tmp_path):
    """Takes at a varying rate, a row of actions a frame, and the times of their frames."""
    rng, times = np.random.default_rng(0), []
    for take in range(4):
        times.append(phone(tmp_path / f"take_{take}.mp4", rng.choice([1 / 30, 1 / 24, 1 / 60], 19)))
        table(tmp_path / f"take_{take}.csv", 20)
    return tmp_path, times


def test_a_varying_rate_is_said_and_found(phones):
    folder, times = phones
    with VideoFolder(str(folder)) as source:
        np.testing.assert_allclose(source.times(2), times[2], atol=1e-4)
        assert "17 to 42 ms apart: fps=24 or less" in pace(source)
        fault = next(f for f in examine(source).faults if f.kind == "uneven_time")
        assert len(fault.episodes) == 4 and "fps=24" in fault.do


@pytest.mark.parametrize("fps", [5.0, 12.0, 24.0])
def test_a_varying_rate_is_made_even_by_time(phones, fps):
    folder, times = phones
    with View(VideoFolder(str(folder)), fps=fps) as view:
        for index, stamps in enumerate(times):
            wanted = np.arange(int(stamps[-1] * fps + 1e-6) + 1) / fps
            seen = view.episode(index)
            rows = np.rint((np.asarray(seen["pixels"]).mean((1, 2, 3)) - 20) / 10).astype(int)
            assert len(rows) == len(wanted) == view.lengths[index] + 1 and (np.diff(rows) > 0).all()
            off = np.abs(stamps[None] - wanted[:, None])
            assert (off[np.arange(len(rows)), rows] <= off.min(1) + 2e-5).all()
            assert np.array_equal(seen["action"][:, 0, 0], np.float32(rows[:-1] / 8))


def test_a_rate_that_the_slowest_frames_do_not_reach_names_one_that_they_do(phones):
    folder, _ = phones
    with (
        View(VideoFolder(str(folder)), fps=30.0) as view,
        pytest.raises(WmpcError, match=r"42 ms apart .* too far for fps=30: ask for 24 or less"),
    ):
        view.episode(0)


def test_an_even_video_is_said_to_be_nothing_else(tmp_path):
    film(tmp_path / "a.mp4", 9, fps=30)
    table(tmp_path / "a.csv", 9)
    with VideoFolder(str(tmp_path)) as source:
        assert pace(source) is None and not any(
            f.kind == "uneven_time" for f in examine(source).faults
        )
        assert View(source, fps=10.0).lengths.tolist() == [2]
