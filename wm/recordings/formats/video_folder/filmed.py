"""When the frames of an episode were filmed, by one camera or several."""

from collections.abc import Mapping

import numpy as np

from wmpc.errors import WmpcError
from wmpc.wm.recordings.formats.video_folder.merge import check_gaps, covered, has_frame_each
from wmpc.wm.recordings.formats.video_folder.table import Table
from wmpc.wm.recordings.io.video_clock import Clock


def half_frame(found: Clock) -> float:
    """Compute half of what a frame of a video lasts.

    Args:
        found: when its frames are shown.

    Returns:
        Seconds.
    """
    steps = np.diff(found.times)
    usual = float(np.median(steps)) if len(steps) else 1.0
    return 0.5 / found.fps if found.fps else 0.5 * usual


def filmed_by_all(path: str, shown: Mapping[str, Clock]) -> np.ndarray:
    """Find the times of the first camera's frames that all others have, too.

    Args:
        path: the folder, for errors.
        shown: by file, when its frames are shown.

    Returns:
        (n,) seconds, ascending.

    Raises:
        WmpcError: another camera has no frame of its own for each of them.
    """
    first, *others = shown
    times = shown[first].times
    for file in others:
        found, half = shown[file], half_frame(shown[file])
        times = times[(times >= found.times[0] - half) & (times <= found.times[-1] + half)]
    for file in others:
        if not has_frame_each(shown[file].times, half_frame(shown[file]), times):
            raise WmpcError(
                f"{file} of {path} has no frame of its own near each of {first}, by their times: "
                "they are of different rates, or one has lost frames; leave one camera out of the "
                "folder"
            )
    return times


def logged(table: Table, times: np.ndarray, linear: Mapping[str, bool], gap_s: float) -> np.ndarray:
    """Choose the frames of which a log with a clock of its own says what is needed.

    Args:
        table: the log, with time stamps.
        times: (n,) seconds of the frames, ascending.
        linear: of each column that is needed, whether it is interpolated.
        gap_s: seconds that may be bridged.

    Returns:
        (m,) their times, those between its first and its last row.

    Raises:
        WmpcError: they are fewer than two, the log is in other units of time, or has a gap.
    """
    assert table.times is not None
    inside, hint = times[covered(table, times, linear)], _hint(table.times, times)
    if len(inside) < 2 or "look like" in hint:
        a, b = table.times[0], table.times[-1]
        raise WmpcError(
            f"{table.what} has rows from {a:.3f} s to {b:.3f} s, its video shows frames from "
            f"{times[0]:.3f} s to {times[-1]:.3f} s: time stamps are seconds since the video "
            f"began{hint}"
        )
    check_gaps(table, inside, linear, gap_s)
    return inside


def _hint(stamps: np.ndarray, shown: np.ndarray) -> str:
    """What may be wrong with time stamps that are not those of a video."""
    span, filmed = float(np.ptp(stamps)), max(float(np.ptp(shown)), 1e-9)
    for factor, unit in ((1e3, "milli"), (1e6, "micro"), (1e9, "nano")):
        if 0.5 < span / filmed / factor < 2:
            return f", and these look like {unit}seconds: divide them by {factor:,.0f}"
    return ": subtract the time at which it did" if stamps[0] > shown[-1] else ""
