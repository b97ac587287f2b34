"""Read a recording once, and ask every check."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from wmpc.errors import WmpcError
from wmpc.wm.data.format import digest
from wmpc.wm.recordings.doctor import (
    action_shift,
    actions,
    cameras,
    clock,
    columns,
    exposure,
    frozen,
    motion,
    picture_shift,
    scene,
    teleport,
    twins,
    units,
)
from wmpc.wm.recordings.doctor.fault import Examination, Fault, merged
from wmpc.wm.recordings.doctor.seen import TINY, Recording, Seen, filled, look
from wmpc.wm.recordings.formats.native.reader import Native
from wmpc.wm.recordings.source import Episode, Source

WHOLE = (action_shift, picture_shift, frozen, teleport, motion, actions, units, twins)
WHOLE += (exposure, cameras)
"""The checks of what is kept of all episodes; `frozen` asks what `picture_shift` found. Each module
lists its `KINDS`."""
KINDS = ("unreadable", "damaged", *(k for m in (columns, clock, *WHOLE) for k in m.KINDS))
UNACTED = (
    "It has no actions: what they lead to can be neither learned nor examined, and nothing can be "
    "planned, cloned or evaluated with it.",
    "It can be trained on by terms that need no actions (objective=video), which give an encoder, "
    "and time, numbers, pictures and episodes are examined.",
)
"""What is to be known of a recording without actions."""
NUMBERS, PICTURES = 2**28, 2**28
"""Bytes of numbers and of tiny pictures that are kept; of a larger recording, evenly spread
episodes are weighed against each other, and the checks of one episode still see all."""


def examine(
    source: Source,
    *,
    context: int = 3,
    progress: Callable[[int], None] | None = None,
    limit: int | None = None,
) -> Examination:
    """Read a recording once and look for faults.

    An episode that cannot be read is a fault like others; the rest goes on.

    Args:
        source: the recording.
        context: frames that a model will see before it predicts the next.
        progress: called with the number of episodes read so far.
        limit: read this many episodes only, evenly spread; None: all.

    Returns:
        The faults, a score, and what charts are drawn from.

    Raises:
        WmpcError: the context is less than one frame.
    """
    if context < 1:
        raise WmpcError(f"context={context} came; a context has at least 1 frame")
    total = len(source)
    picks = np.arange(total)
    if limit is not None and limit < total:
        picks = np.unique(np.linspace(0, total - 1, max(1, limit)).round().astype(int))
    name, parts = _motion(source)
    recording = Recording(source.about, source.columns, name, context)
    every, tiny_every = _strides(source, picks, parts)
    faults: list[Fault] = []
    read = steps = 0
    for count, index in enumerate(map(int, picks)):
        try:
            episode = source.episode(index)
            here = int(source.lengths[index])
            skips = count % every, count % tiny_every
            faults += _one(recording, index, here, episode, parts, *skips)
            if not any(map(clock.is_stamp, episode)) and (times := source.times(index)) is not None:
                faults += clock.check_times(index, times, source.about)
            steps += here
            read += 1
            if isinstance(source, Native):
                faults += _digest(source, index, episode)
        except WmpcError as error:
            faults.append(_unreadable(index, error))
        if progress is not None:
            progress(count + 1)
    if recording.episodes:
        for module in WHOLE:
            faults += module.check(recording)
    totals = {
        "episodes": total,
        "read": read,
        "steps": steps,
        "frames": steps + read,
        "weighed": len(recording.episodes),
    }
    found = merged(_unexplained(faults))
    recording.evidence["actions"] = _histograms(recording)
    unacted = () if "action" in source.columns else UNACTED
    notes = (*unacted, *scene.note(recording))
    return Examination(source.path, source.format, found, totals, recording.evidence, notes)


def _one(
    recording: Recording,
    index: int,
    steps: int,
    episode: Episode,
    parts: list[str],
    skip: int,
    skip_tiny: int,
) -> list[Fault]:
    """Faults of one episode; what is to be weighed against others is kept."""
    cams = recording.cameras
    numbers = {k: np.asarray(v) for k, v in episode.items() if k not in cams}
    numbers.setdefault("action", np.empty((steps, 1, 0), np.float32))
    found = [*columns.check(index, numbers, recording.about, recording.context)]
    found += clock.check(index, numbers, recording.about)
    if not len(numbers["action"]):  # a single frame: too short, and nothing to look at
        return found
    looks = {name: look(episode[name], skip_tiny == 0) for name in cams if name in episode}
    action = numbers["action"]
    kept = filled(action).reshape(action.shape)
    where = [filled(numbers[part].reshape(len(action) + 1, -1)) for part in parts]
    if skip == 0:
        motion = np.concatenate([np.empty((len(action) + 1, 0), np.float32), *where], 1)
        recording.episodes.append(Seen(index, kept, motion, looks))
    return found


def _unexplained(faults: list[Fault]) -> Iterator[Fault]:
    """Without what another fault explains: a black frame darkens the mean, a sensor jumps as it
    comes back, and another camera is brighter."""
    sight = {(f.column, f.episode) for f in faults if f.kind not in cameras.VAGUE}
    swapped = {f.episode for f in faults if f.kind.startswith("swapped_")}
    sensed = {f.episode for f in faults if f.kind in ("stuck_proprio", "not_finite")}
    for fault in faults:
        if fault.kind in cameras.VAGUE and (fault.column, fault.episode) in sight:
            continue
        if fault.kind == "clipped_exposure" and fault.episode in swapped:
            continue
        if fault.kind == "teleport" and fault.episode in sensed:
            continue
        yield fault


def _digest(source: Native, index: int, episode: Episode) -> Iterator[Fault]:
    arrays = {name: np.asarray(value) for name, value in episode.items()}
    if digest(arrays) != source.episodes.digests[index].tobytes():
        yield Fault(
            "damaged",
            "error",
            None,
            f"Episode {index} is damaged: its digest differs from that taken when it was recorded.",
            "Copy the dataset again from where it came, or drop these episodes.",
            index,
        )


def _unreadable(index: int, error: WmpcError) -> Fault:
    says = " ".join(str(error).split())
    return Fault(
        "unreadable",
        "error",
        None,
        f"Episode {index} cannot be read: {says}.",
        "Copy the file again from where it came, or drop these episodes.",
        index,
    )


def _motion(source: Source) -> tuple[str | None, list[str]]:
    """The column that tells where the robot is: `proprio`, `state`, or the other vectors."""
    numbers = {
        n: c for n, c in source.columns.items() if c.rows == "frames" and c.dtype.kind == "f"
    }
    for name in ("proprio", "state"):
        if name in numbers and numbers[name].row_bytes:
            return name, [name]
    others = [
        n
        for n, c in numbers.items()
        if len(c.shape) == 1 and 0 < c.shape[0] <= 64 and not clock.is_clock(n)
    ]
    return (", ".join(others), others) if others else (None, [])


def _strides(source: Source, picks: np.ndarray, parts: list[str]) -> tuple[int, int]:
    """Of how many episodes one is kept, with its numbers and with its tiny pictures."""
    frames = int(source.lengths[picks].sum()) + len(picks)
    acted = [name for name in ("action",) if name in source.columns]
    wide = 4 * sum(int(np.prod(source.columns[p].shape)) for p in (*parts, *acted))
    wide += 24 * len(source.cameras)
    every = max(1, -(-frames * wide // NUMBERS))
    small = frames * len(source.cameras) * 3 * (2 * TINY) ** 2 // 2
    return every, every * max(1, -(-small // (PICTURES * every)))


def _histograms(recording: Recording) -> list[dict[str, Any]]:
    """Counts of the actions' values, a dimension each."""
    if not recording.episodes or "action" not in recording.columns:
        return []
    values = np.concatenate([s.action.reshape(-1, s.action.shape[-1]) for s in recording.episodes])
    found = []
    for d in range(values.shape[1]):
        counts, edges = np.histogram(values[:, d].astype(np.float64), 24)
        found.append({"counts": counts.tolist(), "low": float(edges[0]), "high": float(edges[-1])})
    return found
