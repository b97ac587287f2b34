"""The rate of a recording as its time stamps tell it; they are believed over a stated one."""

import numpy as np

from wmpc.errors import WmpcError
from wmpc.wm.recordings.source import Source

RATE_TOLERANCE = 0.05
"""Share by which time stamps may tell another rate than the one stated."""
SAME_RATE = 5e-4
"""Share within which two rates are one."""
SAMPLED = 8
UNEVEN, OFTEN, GAP = 0.2, 0.1, 0.5
"""A step is off if it differs by this share of the usual one; a clock is uneven if more than this
share of its steps are off, or one by as much as the last."""


def rate_of(times: np.ndarray) -> float:
    """Compute the rate that time stamps tell by their median step.

    Args:
        times: (n,) seconds, ascending, n at least 2.

    Returns:
        Frames a second.
    """
    return 1 / float(np.median(np.diff(times)))


def agrees(times: np.ndarray, fps: float) -> bool:
    """Say whether time stamps are those of about a stated rate, be they jittered, or with gaps.

    They are by their median step or, but for one frame, by the whole time that they take.

    Args:
        times: (n,) seconds, ascending.
        fps: the stated rate.

    Returns:
        Whether they are, within `RATE_TOLERANCE`; True of a single one.
    """
    if len(times) < 2:
        return True
    wanted = (len(times) - 1) / fps
    whole = abs(float(times[-1] - times[0]) - wanted) <= RATE_TOLERANCE * wanted + 1 / fps
    return whole or abs(rate_of(times) / fps - 1) <= RATE_TOLERANCE


def off_steps(times: np.ndarray) -> np.ndarray:
    """Compute the share by which each step differs from the median one.

    Args:
        times: (n,) seconds, ascending.

    Returns:
        (n-1,).
    """
    steps = np.diff(times)
    return np.abs(steps / np.median(steps) - 1)


def varies(times: np.ndarray) -> bool:
    """Say whether time stamps come at a varying rate: many steps are off, not a few gaps.

    Args:
        times: (n,) seconds, ascending.

    Returns:
        Whether they do.
    """
    if len(times) < 4:
        return False
    return int((off_steps(times) > UNEVEN).sum()) > max(2, OFTEN * (len(times) - 1))


def is_uneven(times: np.ndarray) -> bool:
    """Say whether time stamps are no even clock: at a varying rate, or with gaps.

    Args:
        times: (n,) seconds, ascending.

    Returns:
        Whether they are none.
    """
    return len(times) > 2 and (varies(times) or bool((off_steps(times) > GAP).any()))


def at_even_times(times: np.ndarray, fps: float) -> np.ndarray:
    """Find the frames nearest in time to the first one's plus j / fps.

    Args:
        times: (n,) seconds, ascending.
        fps: frames a second wanted.

    Returns:
        (T+1,) int64 rows; one may come twice where frames are further apart than that.
    """
    count = int(np.floor((times[-1] - times[0]) * fps + 1e-6)) + 1
    wanted = times[0] + np.arange(count) / fps
    right = np.clip(np.searchsorted(times, wanted), 1, max(1, len(times) - 1))
    left = right - 1
    right = np.minimum(right, len(times) - 1)
    nearer = wanted - times[left] < times[right] - wanted - 1e-9
    return np.where(nearer, left, right).astype(np.int64)


def pace(source: Source) -> str | None:
    """Look at the time stamps of a few episodes.

    Args:
        source: the recording.

    Returns:
        A sentence where they are no even clock, or of another rate than it states; None where there
        is nothing to say.
    """
    good = np.flatnonzero(source.lengths > 1)
    picks = good[np.unique(np.linspace(0, len(good) - 1, min(len(good), SAMPLED)).astype(int))]
    found = []
    for index in picks.tolist():
        try:
            times = source.times(index)
        except WmpcError:
            continue  # said where the episode is read
        if times is not None:
            found.append(times)
    if not found:
        return None
    if any(map(varies, found)):
        steps = np.concatenate([np.diff(times) for times in found]) * 1000
        slowest = np.floor(1000 / steps.max() + 0.01)
        return (
            f"its frames come at a varying rate, {steps.min():.0f} to {steps.max():.0f} ms apart: "
            f"fps={slowest:g} or less takes them at even times, without it a step is now longer, "
            "now shorter"
        )
    told, stated = float(np.median([rate_of(times) for times in found])), source.about.fps
    if stated and abs(told / stated - 1) > SAME_RATE:
        return (
            f"time stamps tell {told:.4g} frames a second where {stated:g} are stated: they are "
            "believed, and pictures are found by time"
        )
    return None
