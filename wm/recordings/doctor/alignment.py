"""Do pictures and numbers belong to the same moment? Which shift tells the picture best?

For k in -3..3, proprioception at t+k is told from the picture at t,
fitted to some episodes, measured on others. What pictures do not tell, such as speeds, is left out.
"""

from collections.abc import Iterator

import numpy as np

from wmpc.wm.recordings.doctor.fault import Fault
from wmpc.wm.recordings.doctor.regression import bootstrap, by_group, held_out_errors, standard
from wmpc.wm.recordings.doctor.seen import Recording
from wmpc.wm.recordings.doctor.shift import LEAST, ROWS, SHIFTS
from wmpc.wm.recordings.doctor.sight import features

KINDS = ("picture_shift",)
TOLD = 0.2
"""The least R² of a dimension that pictures tell."""
BETTER = 0.1
"""Share of the unexplained that the right shift must explain."""


def check(recording: Recording) -> Iterator[Fault]:
    for camera in recording.cameras:
        found = explained(recording, camera)
        if found is None:
            continue
        each, total, draws = found
        r2 = 1 - each.sum(0) / total.sum(0)
        zero, best = -SHIFTS.start, int(np.argmax(r2))
        low, high = np.quantile(draws, [0.025, 0.975], axis=0)
        recording.evidence.setdefault("picture_shift", {})[camera] = {
            "shifts": list(SHIFTS),
            "r2": r2.tolist(),
            "low": low.tolist(),
            "high": high.tolist(),
        }
        surer = np.quantile(draws[:, best] - draws[:, zero], 0.002)
        k = SHIFTS[best]
        if k == 0 or surer <= 0 or r2[best] - r2[zero] < BETTER * (1 - r2[zero]):
            continue
        yield Fault(
            "picture_shift",
            "error" if k > 0 or k < -1 else "warning",
            None,
            None,
            camera,
            f"{camera} {'leads' if k > 0 else 'lags behind'} the numbers by {abs(k)} "
            f"frame{'s' * (abs(k) > 1)}: they tell the picture best {abs(k)} "
            f"{'later' if k > 0 else 'earlier'} (R² {r2[best]:.2f} on other episodes, "
            f"{r2[zero]:.2f} as they are).",
            f"Pair picture t with the numbers at t{k:+d}; check how video and table were started."
            if k > 0 or k < -1
            else "One frame may be the camera's delay; if it is not, pair picture t with the "
            f"numbers at t{k:+d}.",
        )


def explained(recording: Recording, camera: str):
    """Squared errors by episode and shift and totals (G, 7), and draws of R² (DRAWS, 7); None where
    there is too little to say."""
    reach = max(SHIFTS)
    chosen = [
        s
        for s in recording.moving
        if camera in s.looks and s.looks[camera].tiny is not None and s.steps >= 2 * reach + 2
    ]
    rows = sum(s.steps - 2 * reach for s in chosen)
    if len(chosen) < 8 or rows < LEAST:
        return None
    chosen = chosen[:: max(1, rows // ROWS)]
    group, pictures = [], []
    told: list[list[np.ndarray]] = [[] for _ in SHIFTS]
    for g, seen in enumerate(chosen):
        tiny = seen.looks[camera].tiny
        assert tiny is not None and seen.motion is not None
        t = np.arange(reach, seen.steps + 1 - reach)
        group.append(np.full(len(t), g))
        pictures.append(tiny[t])
        for s, k in enumerate(SHIFTS):
            told[s].append(seen.motion[t + k] / recording.deviation)
    of, groups = np.concatenate(group), len(chosen)
    x = features(np.concatenate(pictures), min(64, len(of) // 12))
    goals = [standard(np.concatenate(parts)) for parts in told]
    goals = [y - y.mean(0) for y in goals]
    errors = np.stack([held_out_errors(x, y, of, 1e-2) ** 2 for y in goals])
    spread = np.stack([y**2 for y in goals])
    r2 = 1 - errors.sum(1) / np.maximum(spread.sum(1), 1e-9)
    clear = r2.max(0) > max(TOLD, 0.5 * r2.max())
    if not clear.any():
        return None
    recording.told[camera] = clear
    each = np.stack([by_group(e[:, clear].sum(1), of, groups) for e in errors], 1)
    total = np.stack([by_group(v[:, clear].sum(1), of, groups) for v in spread], 1)
    return each, total, bootstrap(each, total)
