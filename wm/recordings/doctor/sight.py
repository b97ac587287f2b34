"""Few numbers that say what a tiny picture shows: where what moves is, and how it looks."""

import numpy as np

from wmpc.wm.recordings.doctor.regression import components, standard


def features(pictures: np.ndarray, most: int = 24) -> np.ndarray:
    """(n, d) features of pictures (n, h, w, 3) uint8, d <= 18 + `most`.

    What is lighter or darker than the usual picture, in each channel: how much of it there is, and
    the centre of it. Then the principal components of the pictures in grey.
    """
    usual = np.median(pictures[:: max(1, len(pictures) // 500)], 0)
    away = pictures.astype(np.float32) - usual.astype(np.float32)
    rows, columns = np.mgrid[-1 : 1 : 1j * away.shape[1], -1 : 1 : 1j * away.shape[2]]
    parts = []
    for channel in range(3):
        for sign in (1, -1):
            mass = np.maximum(sign * away[..., channel] - NOISE, 0)
            total = mass.sum((1, 2))
            parts.append(total)
            parts += [(mass * at).sum((1, 2)) / (total + 1) for at in (rows, columns)]
    grey = pictures.mean(-1, dtype=np.float32).reshape(len(pictures), -1)
    known = [standard(np.stack(parts, 1)), standard(components(grey, most))]
    return np.concatenate(known, 1)


NOISE = 4.0
"""Grey levels that a compressed picture differs by without meaning it."""
