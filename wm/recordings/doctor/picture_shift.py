"""Do pictures and numbers belong to the same moment? Which shift tells the picture best?

For k in -3..3, proprioception at t+k is told from the picture at t,
fitted to some episodes, measured on others. What pictures do not tell, such as speeds, is left out.
"""

from collections.abc import Iterator

import numpy as np

from wmpc.wm.recordings.doctor.fault import Fault
from wmpc.wm.recordings.doctor.features import describe_pictures, standard
from wmpc.wm.recordings.doctor.lags import (
    REACH,
    SHIFTS,
    ZERO,
    Explained,
    choose_episodes,
    shift_each,
)
from wmpc.wm.recordings.doctor.seen import Recording
from wmpc.wm.regression import held_out_errors

KINDS = ("picture_shift",)
TOLD = 0.2
"""The least R² of a dimension that pictures tell."""
BETTER = 0.1
"""Share of the unexplained that the right shift must explain."""


def check(recording: Recording) -> Iterator[Fault]:
    """Look for cameras that are ahead of the numbers or behind them.

    Args:
        recording: what was seen; its `told` and `evidence` are filled in.

    Yields:
        A fault for each such camera.
    """
    for camera in recording.cameras:
        found = explain(recording, camera)
        if found is None:
            continue
        recording.evidence.setdefault("picture_shift", {})[camera] = found.evidence()
        r2, best, k = found.r2, found.best, SHIFTS[found.best]
        better = r2[best] - r2[ZERO] >= BETTER * (1 - r2[ZERO])
        if k == 0 or found.surely_worse[ZERO] <= 0 or not better:
            continue
        delay = k == -1
        yield Fault(
            "picture_shift",
            "warning" if delay else "error",
            camera,
            f"{camera} {'leads' if k > 0 else 'lags behind'} the numbers by {abs(k)} "
            f"frame{'s' * (abs(k) > 1)}: they tell the picture best {abs(k)} "
            f"{'later' if k > 0 else 'earlier'} (R² {r2[best]:.2f} on other episodes, "
            f"{r2[ZERO]:.2f} as they are).",
            "One frame may be the camera's delay; if it is not, pair picture t with the "
            f"numbers at t{k:+d}."
            if delay
            else f"Pair picture t with the numbers at t{k:+d}; check how video and table were "
            "started.",
        )


def explain(recording: Recording, camera: str) -> Explained | None:
    """Tell the motion at each shift from a camera's pictures.

    Args:
        recording: what was seen; its `told` is filled in.
        camera: whose pictures.

    Returns:
        How well that goes; None where there is too little to say, or pictures tell nothing.
    """
    seen = [s for s in recording.moving if camera in s.looks and len(s.looks[camera].tiny)]
    chosen = [seen[i] for i in choose_episodes([s.steps for s in seen])]
    if not chosen:
        return None
    times = [np.arange(REACH, s.steps + 1 - REACH) for s in chosen]
    of = np.repeat(np.arange(len(chosen)), [len(t) for t in times])
    pictures = [s.looks[camera].tiny[t] for s, t in zip(chosen, times, strict=True)]
    x = describe_pictures(np.concatenate(pictures), min(64, len(of) // 12))
    places = [s.motion / recording.deviation for s in chosen]
    told = [standard(rows) for rows in shift_each(places, times)]
    told = [y - y.mean(0) for y in told]
    errors = np.stack([held_out_errors(x, y, of, 1e-2) ** 2 for y in told])
    spread = np.stack([y**2 for y in told])
    r2 = 1 - errors.sum(1) / np.maximum(spread.sum(1), 1e-9)
    clear = r2.max(0) > max(TOLD, 0.5 * r2.max())
    if not clear.any():
        return None
    recording.told[camera] = clear

    def by_episode(squares: np.ndarray) -> np.ndarray:
        return np.stack([np.bincount(of, v[:, clear].sum(1)) for v in squares], 1)

    return Explained(by_episode(errors), by_episode(spread))
