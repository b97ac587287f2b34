"""Time as it was recorded: timestamps that repeat, jump, run backwards or at another rate."""

from collections.abc import Iterator, Mapping

import numpy as np

from wmpc.wm.recordings.doctor.fault import Fault
from wmpc.wm.recordings.rate import UNEVEN, off_steps, varies
from wmpc.wm.recordings.source import About

KINDS = ("time_backwards", "time_repeated", "time_gap", "wrong_fps", "uneven_time", "index_gap")
STAMPS = {"timestamp", "timestamps", "time", "stamp"}
COUNTS = {"frame_index", "frame", "step_index"}
"""Last words of the names of columns that are timestamps in seconds, or count frames."""


def is_clock(name: str) -> bool:
    """Tell from its name whether a column is a clock.

    Args:
        name: of the column, with dots or slashes.

    Returns:
        Whether it holds timestamps or counts frames.
    """
    return _last(name) in STAMPS | COUNTS


def is_stamp(name: str) -> bool:
    """Tell from its name whether a column holds timestamps.

    Args:
        name: of the column, with dots or slashes.

    Returns:
        Whether it does, in seconds.
    """
    return _last(name) in STAMPS


def check(index: int, episode: Mapping[str, np.ndarray], about: About) -> Iterator[Fault]:
    """Look at the clock columns of an episode.

    Args:
        index: of the episode.
        episode: its columns.
        about: what the recording says of itself, such as its rate.

    Yields:
        What is wrong with them.
    """
    for name, values in episode.items():
        values = np.asarray(values)
        if not is_clock(name) or values.dtype.kind not in "fiu" or len(values) < 2:
            continue
        if values.size != len(values):
            continue
        values = values.reshape(-1)
        steps = np.diff(values.astype(np.float64))
        if not np.isfinite(steps).all():
            continue  # said already
        if _last(name) in COUNTS:
            yield from _counted(index, name, values, steps)
        else:
            yield from _timed(index, name, values, steps, about.fps)


def check_times(index: int, times: np.ndarray, about: About) -> Iterator[Fault]:
    """Look at when frames were taken, in a recording that says so in no column.

    Args:
        index: of the episode.
        times: (T+1,), of its frames, in seconds.
        about: what the recording says of itself, such as its rate.

    Yields:
        What is wrong with them.
    """
    if len(times) > 1:
        yield from _timed(index, "time", times, np.diff(times), about.fps)


def _timed(
    index: int, name: str, values: np.ndarray, steps: np.ndarray, fps: float | None
) -> Iterator[Fault]:
    usual = float(np.median(steps))
    if usual <= 0:
        usual = 1 / fps if fps else float(np.abs(steps).max())
    resolution = float(np.spacing(np.abs(values).max())) if values.dtype.kind == "f" else 1.0
    slack = max(4 * resolution, 1e-9)

    def fault(kind: str, severity: str, at: np.ndarray, says: str, do: str) -> Fault:
        step = int(at[0])
        more = f", and in {len(at) - 1} more places" if len(at) > 1 else ""
        says = f"{name} {says.format(a=values[step], b=values[step + 1])} after step {step}"
        return Fault(kind, severity, name, f"{says} of episode {index}{more}.", do, index, step)

    back = np.flatnonzero(steps < -slack)
    if len(back):
        yield fault(
            "time_backwards",
            "error",
            back,
            "runs backwards, from {a:.6g} s to {b:.6g} s,",
            "Sort the frames by time, or cut the episode there: two recordings may be joined.",
        )
    still = np.flatnonzero(np.abs(steps) <= min(slack, usual / 2))
    if len(still):
        yield fault(
            "time_repeated",
            "error",
            still,
            "stays at {a:.6g} s",
            "Drop the second of the two frames with its action: it was recorded twice.",
        )
    if not len(back) and not len(still) and varies(values.astype(np.float64)):
        low, high = 1000 * steps.min(), 1000 * steps.max()
        yield Fault(
            "uneven_time",
            "warning",
            name,
            f"{name} advances by {low:.0f} to {high:.0f} ms a frame in episode {index}: the rate "
            "varies, and with it what a step does.",
            f"Import with fps={np.floor(1000 / high + 0.01):g} or less: frames are then taken at "
            "even times, each with the action in force.",
            index,
            int(np.argmax(off_steps(values) > UNEVEN)),
        )
        return
    gaps = np.flatnonzero(steps > 1.7 * usual + slack)
    if len(gaps):
        lost = round(float(steps[gaps].sum() / usual)) - len(gaps)
        yield fault(
            "time_gap",
            "error",
            gaps,
            f"jumps from {{a:.6g}} s to {{b:.6g}} s, about {lost} frames are missing,",
            "Cut the episode in two there, so that no step spans the gap.",
        )
    if fps and len(steps) >= 3 and abs(usual * fps - 1) > 0.05 + slack * fps:
        yield Fault(
            "wrong_fps",
            "error",
            name,
            f"{name} advances by {usual:.4g} s a frame in episode {index}, which is "
            f"{1 / usual:.4g} frames a second; {fps:.4g} are stated.",
            "State the rate at which it was recorded, or import with fps= to bring it there.",
            index,
        )


def _counted(index: int, name: str, values: np.ndarray, steps: np.ndarray) -> Iterator[Fault]:
    usual = max(1.0, float(np.median(steps)))
    wrong = np.flatnonzero(steps != usual)
    if len(wrong):
        step = int(wrong[0])
        yield Fault(
            "index_gap",
            "error",
            name,
            f"{name} goes from {values[step]:g} to {values[step + 1]:g} after step {step} of "
            f"episode {index}, and does not count on in {len(wrong)} places.",
            "Frames are missing, repeated or out of order: sort them, and cut the episode where "
            "one is missing.",
            index,
            step,
        )


def _last(name: str) -> str:
    return name.replace("/", ".").rsplit(".", 1)[-1].lower()
