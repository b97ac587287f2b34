"""Units that change between episodes: degrees here, radians there; a column times 1000."""

from collections.abc import Collection, Iterator
from typing import NamedTuple

import numpy as np

from wmpc.wm.recordings.doctor.fault import Fault
from wmpc.wm.recordings.doctor.seen import Recording

KINDS = ("unit_jump",)
RATIO = 2.0
"""The smallest factor between two groups of episodes that is reported."""
ALONE = 6.0
"""The smallest factor that is reported if it is that of one or two dimensions only."""
CLEAR = 4.0
"""The least clarity of a smaller factor, in several dimensions."""
SURE = 0.25
"""Natural logarithm of how far a factor may be from one that is known."""
KNOWN = {
    180 / np.pi: "radians and degrees",
    1000.0: "metres and millimetres",
    100.0: "metres and centimetres",
    10.0: "centimetres and millimetres",
    2.54: "inches and centimetres",
    25.4: "inches and millimetres",
    39.37: "metres and inches",
    3.2808: "metres and feet",
    255.0: "shares and bytes",
}


def check(recording: Recording) -> Iterator[Fault]:
    """Look for columns that are in other units in some of the episodes.

    Args:
        recording: what was seen of it.

    Yields:
        A fault for the action, and one for the motion, if they are.
    """
    names = [name for name in ("action",) if name in recording.columns]
    names += [recording.motion] if recording.motion else []
    for name in names:
        chosen = recording.episodes if name == "action" else recording.moving
        if len(chosen) < 8:
            continue
        rows = [s.action if name == "action" else s.motion for s in chosen]
        yield from _column(name, [s.index for s in chosen], rows)


def _column(name: str, index: list[int], rows: list) -> Iterator[Fault]:
    flat = [r.reshape(-1, r.shape[-1]).astype(np.float64) for r in rows]
    size = np.stack([np.quantile(np.abs(r), 0.9, axis=0) for r in flat])
    # An episode of one row has no move, and is of no group.
    moves = np.stack([np.abs(np.diff(r, axis=0)).sum(0) / max(1, len(r) - 1) for r in flat])
    found = {d: _split(size[:, d], moves[:, d]) for d in range(size.shape[1])}
    dims = [d for d, split in found.items() if split is not None and _sure(split, found.values())]
    if not dims:
        return
    splits = [split for d, split in found.items() if split is not None and d in dims]
    odd = np.any([split.chosen for split in splits], 0)
    factors = [split.factor for split in splits]
    factor = float(np.median(factors))
    episodes = tuple(index[i] for i in np.flatnonzero(odd))
    large = max(factor, 1 / factor)
    known = [words for value, words in KNOWN.items() if abs(np.log(large / value)) < SURE / 2]
    guess = f", as between {known[0]}" if known else ""
    which = f"dimension{'s' * (len(dims) > 1)} {', '.join(map(str, dims))}"
    yield Fault(
        "unit_jump",
        "error",
        name,
        f"{name} ({which}) is about {large:.3g} times {'larger' if factor > 1 else 'smaller'} in "
        f"{len(episodes)} of {len(index)} episodes than in the others{guess}.",
        "Convert these episodes to the units of the others, or drop them.",
        episodes[0],
        episodes=episodes,
    )


class Split(NamedTuple):
    """Two groups of episodes in one dimension."""

    chosen: np.ndarray
    """(N,) whether an episode is in the smaller group."""
    factor: float
    """How much larger its numbers are."""
    clear: float
    """How far the groups are apart, in terms of how far the larger one reaches that way."""


def _sure(split: Split, others: Collection[Split | None]) -> bool:
    """Whether the factor is too large for chance, or the same in several dimensions.

    Robots are calm at times, in some dimensions by any factor: numbers that are smaller count only
    where at least half of the column's are, by one factor, by which units differ.
    """
    same = [
        other
        for other in others
        if other is not None
        and abs(np.log(other.factor / split.factor)) < SURE
        and np.array_equal(other.chosen, split.chosen)
    ]
    most = len(same) == len(others) or (len(same) >= 3 and 2 * len(same) >= len(others))
    if split.factor < 1:
        known = min(abs(-np.log(split.factor) - np.log(value)) for value in KNOWN if value > 20)
        return most and known < SURE
    return split.factor > ALONE or ((len(same) >= 3 or most) and split.clear > CLEAR)


def _split(size: np.ndarray, moves: np.ndarray) -> Split | None:
    """The episodes of another scale; None where there are none.

    Two groups are told apart where the gap between them is wide beside how far the larger one
    reaches that way, and where steps differ by the same factor as the numbers do.
    """
    good = (size > 1e-12) & (moves > 1e-12)
    if good.sum() < 8:
        return None
    values = np.log(np.where(good, size, 1.0))
    order = np.argsort(np.where(good, values, np.inf))[: good.sum()]
    ranked = values[order]
    gaps = np.diff(ranked)
    cut = int(np.argmax(gaps)) + 1
    lower, upper = ranked[:cut], ranked[cut:]
    apart = np.median(upper) - np.median(lower)
    few_above = len(upper) <= len(lower)
    many = lower if few_above else upper
    side = abs((many.max() if few_above else many.min()) - np.median(many))
    if apart < np.log(RATIO) or gaps[cut - 1] < max(np.log(RATIO) / 2, 0.8 * side):
        return None
    chosen = np.zeros(len(size), bool)
    chosen[order[cut:] if few_above else order[:cut]] = True
    rest = good & ~chosen
    moved = np.log(np.median(moves[chosen]) / np.median(moves[rest]))
    factor = apart if few_above else -apart
    if abs(moved - factor) > max(0.7, 0.35 * abs(factor)):
        return None
    return Split(chosen, float(np.exp(factor)), apart / max(side, 1e-9))
