"""Do pictures and numbers belong to the same moment? Which shift tells the picture best?

For k in -3..3, the picture at t (its principal components) is explained by proprioception at t+k,
fitted to some episodes, measured on others.
"""

from collections.abc import Iterator

import numpy as np

from wm.data.doctor.fault import Fault
from wm.data.doctor.regression import by_group, components, held_out_errors, quadratic, standard
from wm.data.doctor.seen import Recording
from wm.data.doctor.shift import DRAWS, LEAST, ROWS, SHIFTS

KINDS = ("picture_shift",)
BETTER = 0.1
"""Share of the unexplained that the right shift must explain."""


def check(recording: Recording) -> Iterator[Fault]:
    for camera in recording.cameras:
        found = explained(recording, camera)
        if found is None:
            continue
        each, total, draws, _ = found
        r2 = 1 - each.sum(0) / total.sum()
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
        if k == 0 or surer <= 0 or r2[best] - r2[zero] < BETTER * (1 - r2[zero]) or r2[best] < 0.1:
            continue
        yield Fault(
            "picture_shift",
            "error" if k > 0 or k < -1 else "warning",
            None,
            None,
            camera,
            f"{camera} {'leads' if k > 0 else 'lags behind'} the numbers by {abs(k)} "
            f"frame{'s' * (abs(k) > 1)}: they tell the picture best {abs(k)} "
            f"{'later' if k > 0 else 'earlier'} (R² {r2[best]:.2f} on other episodes, {r2[zero]:.2f} "
            "as they are).",
            f"Pair picture t with the numbers at t{k:+d}; check how video and table were started."
            if k > 0 or k < -1
            else "One frame may be the camera's delay; if it is not, pair picture t with the numbers "
            f"at t{k:+d}.",
        )


def explained(recording: Recording, camera: str):
    """Squared errors by episode and shift (G, 7), totals (G,), draws (DRAWS, 7), episodes (G,)."""
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
        pictures.append(tiny[t].mean(-1).reshape(len(t), -1))
        for s, k in enumerate(SHIFTS):
            told[s].append(seen.motion[t + k] / recording.deviation)
    of, groups = np.concatenate(group), len(chosen)
    y = components(np.concatenate(pictures), 12)
    if y.shape[1] == 0:
        return None
    few = y[:, : min(y.shape[1], 12)]
    total = by_group((few**2).sum(1), of, groups)
    each = []
    for parts in told:
        x = standard(np.concatenate(parts))
        small = components(x, 8)
        if len(x) > 8 * (x.shape[1] + small.shape[1] * (small.shape[1] + 1) // 2):
            x = np.concatenate([x, standard(quadratic(small))], 1)
        each.append(by_group((held_out_errors(x, few, of) ** 2).sum(1), of, groups))
    each = np.stack(each, 1)
    weights = np.random.default_rng(0).multinomial(groups, np.full(groups, 1 / groups), DRAWS)
    draws = 1 - weights @ each / np.maximum(weights @ total, 1e-12)[:, None]
    return each, total, draws, [s.index for s in chosen]
