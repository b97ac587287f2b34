"""Whether two episodes differ in what moves in neither: targets, layouts, clutter, light."""

from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np

from wmpc.wm.recordings.doctor.seen import Look, Recording

SOME = 60
"""Episodes that are compared with each other."""
STILL = 4.0
"""Grey levels that nine frames in ten of what stands still lie within."""
OTHER = 8.0
"""Grey levels beyond which two cells that stand still show different things."""
FEWEST = 10
"""Frames of an episode below which too little has moved in it to say what stands still."""
OFTEN = 0.5
"""Share of the pairs of episodes from which on it is said."""


def note(recording: Recording) -> Iterator[str]:
    """Say where what stands still differs from episode to episode.

    Args:
        recording: what was seen of it.

    Yields:
        A sentence for each camera that shows it.
    """
    advice = (
        " The default objective is made for such recordings; with multi_step or lewm the latents "
        "may describe that and nothing else (docs/objectives.md)."
    )
    for camera in recording.cameras:
        share = still_share([seen.looks[camera] for seen in recording.seen_by(camera)])
        if share >= OFTEN:
            yield (
                f"{camera}: in {100 * share:.0f}% of the pairs of episodes something differs that "
                "moves in neither of the two, such as a target, a layout, clutter or the light."
            ) + advice * ("action" in recording.columns)


def still_share(looks: Sequence[Look]) -> float:
    """Compute in how many pairs of episodes something differs that moves in neither.

    A cell of the tiny pictures stands still where nine of ten of an episode's frames are alike:
    what moves may pass before it.

    Args:
        looks: of one camera, an episode each. Those with fewer than `FEWEST` tiny pictures are left
            out, and at most `SOME` evenly spread ones are compared.

    Returns:
        The share of the pairs, 0 to 1; 0 where there is no pair.
    """
    kept = [look.tiny for look in looks if len(look.tiny) >= FEWEST]
    some = np.unique(np.linspace(0, len(kept) - 1, min(SOME, len(kept))).round().astype(int))
    found = [np.quantile(kept[i], (0.05, 0.5, 0.95), axis=0) for i in some]  # (3, h, w, 3) each
    still = [(high - low).max(-1) <= STILL for low, _, high in found]
    pairs = list(combinations(range(len(found)), 2))
    differ = [
        (still[a] & still[b] & (np.abs(found[a][1] - found[b][1]).max(-1) > OTHER)).any()
        for a, b in pairs
    ]
    return float(np.mean(differ)) if differ else 0.0
