"""Units that change between episodes: degrees here, radians there; a column times 1000."""

from collections.abc import Collection, Iterator

import numpy as np

from wm.data.doctor.fault import Fault
from wm.data.doctor.seen import Recording

KINDS = ("unit_jump",)
RATIO = 2.0
"""The smallest factor between two groups of episodes that is reported."""
ALONE = 6.0
"""The smallest factor that is reported if it is that of one or two dimensions only."""
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
    names = ["action"] + ([recording.motion] if recording.motion else [])
    for name in names:
        chosen = recording.episodes if name == "action" else recording.moving
        if len(chosen) < 8:
            continue
        rows = [s.action if name == "action" else s.motion for s in chosen]
        yield from _column(name, [s.index for s in chosen], rows)


def _column(name: str, index: list[int], rows: list) -> Iterator[Fault]:
    flat = [r.reshape(-1, r.shape[-1]).astype(np.float64) for r in rows]
    size = np.stack([np.quantile(np.abs(r), 0.9, axis=0) for r in flat])
    moves = np.stack([np.mean(np.abs(np.diff(r, axis=0)), 0) for r in flat])
    found = {d: _split(size[:, d], moves[:, d]) for d in range(size.shape[1])}
    dims = [d for d, split in found.items() if split is not None and _sure(split, found.values())]
    if not dims:
        return
    splits = [found[d] for d in dims]
    odd = np.any([chosen for chosen, _ in splits], 0)
    factors = [factor for _, factor in splits]
    factor = float(np.median(factors))
    episodes = tuple(index[i] for i in np.flatnonzero(odd))
    large = max(factor, 1 / factor)
    known = [words for value, words in KNOWN.items() if abs(np.log(large / value)) < SURE / 2]
    guess = f", as between {known[0]}" if known else ""
    which = f"dimension{'s' * (len(dims) > 1)} {', '.join(map(str, dims))}"
    yield Fault(
        "unit_jump",
        "error",
        episodes[0],
        None,
        name,
        f"{name} ({which}) is about {large:.3g} times {'larger' if factor > 1 else 'smaller'} in "
        f"{len(episodes)} of {len(index)} episodes than in the others{guess}.",
        "Convert these episodes to the units of the others, or drop them.",
        episodes,
    )


Split = tuple[np.ndarray, float]
"""Which episodes (N,) are of another scale, and the factor."""


def _sure(split: Split, others: Collection[Split | None]) -> bool:
    """Whether the factor is too large for chance, or the same in several dimensions."""
    chosen, factor = split
    same = [
        other
        for other in others
        if other is not None
        and abs(np.log(other[1] / factor)) < 0.15
        and np.array_equal(other[0], chosen)
    ]
    return max(factor, 1 / factor) > ALONE or len(same) >= 3 or len(same) == len(others) > 1


def _split(size: np.ndarray, moves: np.ndarray) -> Split | None:
    """The episodes of another scale; None where there are none.

    Two groups are told apart where the gap between them is wide beside what either spreads towards
    the other. Where little moves, numbers are small of themselves: a smaller group counts only if
    it moves less by that same factor, and it is one by which units differ.
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
    known = [
        value for value in KNOWN if value > 20
    ]  # an episode at rest may well be tenfold calmer
    if factor < 0 and min(abs(-factor - np.log(value)) for value in known) > SURE:
        return None
    return chosen, float(np.exp(factor))
