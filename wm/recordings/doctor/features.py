"""Features for a regression: numbers in one scale, their products, what a tiny picture shows."""

import numpy as np

FAR = 6.0
"""Deviations at which a standardised number is cut off."""
NOISE = 4.0
"""Grey levels that a compressed picture differs by without meaning it."""


def standard(x: np.ndarray) -> np.ndarray:
    """Scale every column to median 0 and about deviation 1, and cut it off at `FAR`.

    Robust, so that a few episodes in other units, or a few jumps, do not hide all else.

    Args:
        x: (n, d), any dtype.

    Returns:
        (n, d) float64; 0 in a column that is constant.
    """
    x = np.asarray(x, np.float64)
    some = x[:: max(1, len(x) // 5000)]
    low, middle, high = np.quantile(some, [0.05, 0.5, 0.95], axis=0)
    spread = (high - low) / 3.3
    spread = np.where(spread > 1e-9, spread, x.std(0))
    return np.where(spread > 1e-9, (x - middle) / np.where(spread > 1e-9, spread, 1), 0.0).clip(
        -FAR, FAR
    )


def components(x: np.ndarray, count: int) -> np.ndarray:
    """Project onto the principal components, each scaled like the first.

    Args:
        x: (n, d).
        count: how many components, at most.

    Returns:
        (n, k) float64, k at most `count`; without those that hardly vary.
    """
    x = np.asarray(x, np.float64)
    x = x - x.mean(0)
    values, vectors = np.linalg.eigh(x.T @ x / len(x))
    keep = np.argsort(values)[::-1][:count]
    keep = keep[values[keep] > 1e-8 * max(values.max(), 1e-12)]
    return x @ vectors[:, keep] / np.sqrt(max(values.max(), 1e-12))


def with_products(x: np.ndarray, size: int, rows: int) -> np.ndarray:
    """Append all products of two of the 6 principal components of the first columns.

    Args:
        x: (n, d), standardised.
        size: how many columns the components are of.
        rows: of x that there must be for each column in the end; else x stays as it is.

    Returns:
        (n, d) or (n, d + k(k+1)/2) float64, with k components.
    """
    few = components(x[:, :size], 6)
    i, j = np.triu_indices(few.shape[1])
    if len(x) <= rows * (x.shape[1] + len(i)):
        return x
    return np.concatenate([x, standard(few[:, i] * few[:, j])], 1)


def describe_pictures(pictures: np.ndarray, most: int = 24) -> np.ndarray:
    """Say in few numbers what tiny pictures show: where what moves is, and how it looks.

    What is lighter or darker than the usual picture, in each channel: how much of it there is, and
    the centre of it. Then the principal components of the pictures in grey.

    Args:
        pictures: (n, h, w, 3) uint8.
        most: principal components.

    Returns:
        (n, d) float64, d at most 18 + `most`, standardised.
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
    return np.concatenate([standard(np.stack(parts, 1)), standard(components(grey, most))], 1)
