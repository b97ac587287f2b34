"""Rows of a log that has a clock of its own, at the times of a video's frames.

Commands hold until the next one comes, so a frame has the last value at or before it; joints move
between two rows, so theirs are interpolated linearly. An empty cell (NaN) is no row of its column.
"""

from collections.abc import Collection, Iterator, Mapping

import numpy as np

from wmpc.errors import WmpcError
from wmpc.wm.recordings.formats.video_folder.table import Table


def has_frame_each(shown: np.ndarray, half: float, wanted: np.ndarray) -> bool:
    """Say whether each of some times has a frame of its own, shown within half a frame of it.

    Args:
        shown: (n,) seconds at which a video shows its frames, ascending.
        half: seconds, half of what a frame lasts.
        wanted: (m,) seconds, ascending.

    Returns:
        Whether each has one, and no two have the same.
    """
    right = np.clip(np.searchsorted(shown, wanted), 1, max(1, len(shown) - 1))
    left, right = right - 1, np.minimum(right, len(shown) - 1)
    rows = np.where(wanted - shown[left] < shown[right] - wanted, left, right)
    near = np.abs(shown[rows] - wanted) <= half * (1 + 1e-6)
    return bool(near.all() and (np.diff(rows) > 0).all())


def covered(table: Table, frames: np.ndarray, needed: Collection[str]) -> np.ndarray:
    """Choose the frames at which a log has what is needed.

    Args:
        table: the log, with time stamps.
        frames: (n,) seconds, ascending.
        needed: the columns that count; none of them: all rows do.

    Returns:
        (n,) bool: from the first row of each column to its last.
    """
    spans = [(times[0], times[-1]) for name in needed for times, _ in _tracks(table, name)]
    assert table.times is not None
    spans = spans or [(table.times[0], table.times[-1])]
    return (frames >= max(a for a, _ in spans)) & (frames <= min(b for _, b in spans))


def check_gaps(table: Table, frames: np.ndarray, linear: Mapping[str, bool], gap_s: float) -> None:
    """Refuse a log that says too little about some frame.

    Args:
        table: the log, with time stamps.
        frames: (n,) seconds, ascending, all covered.
        linear: of each column that counts, whether it is interpolated.
        gap_s: seconds that may be bridged.

    Raises:
        WmpcError: a value would be held for longer, or two that are interpolated are further apart.
    """
    for name, interpolated in linear.items():
        for times, _ in _tracks(table, name):
            before = np.searchsorted(times, frames, side="right") - 1
            after = np.minimum(before + 1, len(times) - 1)
            last = times[before]
            far = times[after] - last if interpolated else frames - last
            bad = np.flatnonzero((far > gap_s * (1 + 1e-9)) & (frames > last))
            if len(bad):
                a, b = float(last[bad[0]]), float(times[after[bad[0]]])
                raise WmpcError(
                    f"{table.what} has no value of {name} between {a:.3f} s and {b:.3f} s, where "
                    f"frames were filmed: {b - a:.3f} s are more than the {gap_s:g} s that are "
                    "bridged; cut the video there, or allow more with gap_s=..."
                )


def at_frames(
    table: Table, name: str, frames: np.ndarray, linear: bool, gap_s: float
) -> np.ndarray:
    """Read a column of a log at the times of frames.

    Args:
        table: the log, with time stamps.
        name: of the column.
        frames: (n,) seconds, ascending.
        linear: whether it is interpolated; else the last value at or before each is taken.
        gap_s: seconds that may be bridged.

    Returns:
        (n, ...) as the column is; NaN where it has no value, or none for longer than `gap_s`.
    """
    values = table.columns[name]
    assert table.times is not None
    if values.dtype.kind != "f":
        rows = np.searchsorted(table.times, frames, side="right") - 1
        return values[np.clip(rows, 0, None)]
    out = np.full((len(frames), int(np.prod(values.shape[1:]))), np.nan, values.dtype)
    for d, (times, track) in enumerate(_tracks(table, name)):
        before = np.searchsorted(times, frames, side="right") - 1
        ok = (before >= 0) & (frames <= times[-1] if linear else True)
        last = np.clip(before, 0, None)
        after = np.minimum(last + 1, len(times) - 1)
        far = times[after] - times[last] if linear else frames - times[last]
        ok &= (far <= gap_s * (1 + 1e-9)) | (frames == times[last])
        found = np.interp(frames, times, track) if linear else track[last]
        out[ok, d] = found[ok]
    return out.reshape(len(frames), *values.shape[1:])


def _tracks(table: Table, name: str) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Times and values of each dimension of a column, where it has one; WmpcError where it never
    has."""
    values = table.columns[name]
    assert table.times is not None
    flat = values.reshape(table.rows, -1)
    for d in range(flat.shape[1]):
        there = ~np.isnan(flat[:, d]) if values.dtype.kind == "f" else np.ones(table.rows, bool)
        if not there.any():
            raise WmpcError(f"{table.what} has no value of {name}")
        yield table.times[there], flat[there, d]
