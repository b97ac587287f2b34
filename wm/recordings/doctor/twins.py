"""Episodes that are nearly the same, above all one to train on and one held out."""

from collections.abc import Iterator

import numpy as np

from wmpc.wm.data.reader import HELD_OUT
from wmpc.wm.recordings.doctor.fault import Fault
from wmpc.wm.recordings.doctor.seen import Recording, Seen

KINDS = ("leak", "twins")
POINTS = 8
NEAR = 0.02
"""Root mean square difference, in deviations of the recording, below which two are the same."""
WINDOW = 8
"""Neighbours looked at in each of the random directions along which episodes are sorted."""


def check(recording: Recording) -> Iterator[Fault]:
    """Look for pairs of episodes that are nearly the same.

    Args:
        recording: what was seen of it.

    Yields:
        A fault a pair, at the later one of the two.
    """
    chosen = [s for s in recording.episodes if s.steps >= POINTS]
    if len(chosen) < 2:
        return
    features = np.stack([_feature(s) for s in chosen])
    spread = features.std(0)
    features = features[:, spread > 1e-9] / spread[spread > 1e-9]
    if features.shape[1] == 0:
        return
    held = _held_out(recording)
    numbers = "actions, numbers" if "action" in recording.columns else "numbers"
    for i, j, distance in _pairs(features):
        a, b = chosen[i], chosen[j]
        if not _same(recording, a, b):
            continue
        leak = (a.index in held) != (b.index in held)
        first, second = sorted((a.index, b.index))
        apart = ", one to train on and one held out" if leak else ""
        yield Fault(
            "leak" if leak else "twins",
            "error" if leak else "warning",
            None,
            f"Episodes {first} and {second} are nearly the same{apart}: their {numbers} and "
            f"pictures differ by {distance:.2g} deviations of the recording.",
            "Drop one of the two: what is measured on a copy of a training episode says nothing."
            if leak
            else "Drop one of the two, unless it was meant to count twice.",
            second,
        )


def _feature(seen: Seen) -> np.ndarray:
    """The first `POINTS` steps: one may have been cut short."""
    parts = [seen.action[:POINTS], seen.motion[:POINTS]]
    parts += [view.tiny[:1, ::4, ::4] for view in seen.looks.values()]
    return np.concatenate([part.reshape(-1) for part in parts]).astype(np.float64)


def _pairs(features: np.ndarray) -> Iterator[tuple[int, int, float]]:
    """Pairs (i, j) nearer than `NEAR`, each once."""
    size = features.shape[1]
    directions = np.random.default_rng(0).normal(size=(size, 4)) / np.sqrt(size)
    found = set()
    for line in (features @ directions).T:
        order = np.argsort(line, kind="stable")
        for gap in range(1, WINDOW + 1):
            a, b = order[:-gap], order[gap:]
            near = np.flatnonzero(np.abs(line[a] - line[b]) < 4 * NEAR)
            distance = np.sqrt(np.mean((features[a[near]] - features[b[near]]) ** 2, 1))
            for k in np.flatnonzero(distance < NEAR):
                i, j = sorted((int(a[near[k]]), int(b[near[k]])))
                if (i, j) not in found:
                    found.add((i, j))
                    yield i, j, float(distance[k])


def _same(recording: Recording, a: Seen, b: Seen) -> bool:
    """Whether they stay the same as long as both last."""
    steps = min(a.steps, b.steps)
    if a.action.size:
        both = np.concatenate([s.action.reshape(-1, a.action.shape[-1]) for s in (a, b)])
        apart = np.sqrt(np.mean((a.action[:steps] - b.action[:steps]) ** 2))
        if apart > 3 * NEAR * (both.std() + 1e-9):
            return False
    if a.motion.size and b.motion.size:
        apart = (a.motion[: steps + 1] - b.motion[: steps + 1]) / recording.deviation
        return bool(np.sqrt(np.mean(apart**2)) < 3 * NEAR)
    views = [(a.looks[c].mean, b.looks[c].mean) for c in a.looks if c in b.looks]
    return all(np.abs(p - q).mean() < 4 for p, q in views)


def _held_out(recording: Recording) -> set[int]:
    """Episodes held out: those a recorded split says, else every tenth."""
    for name, ids in recording.about.splits.items():
        if name.lower() in ("val", "valid", "validation", "test"):
            return set(map(int, ids))
    return {s.index for s in recording.episodes if s.index % HELD_OUT == HELD_OUT - 1}
