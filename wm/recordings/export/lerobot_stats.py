"""Statistics as LeRobot keeps them, of each episode and of the whole set.

`min`, `max`, `mean`, `std`, `count` and quantiles of each number of a feature; of pictures, each
colour in [0, 1] as (3, 1, 1), over at most 100 pictures of an episode.
"""

from collections.abc import Mapping, Sequence

import numpy as np

QUANTILES = {"q01": 0.01, "q10": 0.1, "q50": 0.5, "q90": 0.9, "q99": 0.99}
SAMPLES, SIDE = 100, 64

Stats = Mapping[str, np.ndarray]


def statistics(rows: np.ndarray) -> dict[str, np.ndarray]:
    """Compute the statistics of rows.

    Args:
        rows: (N, ...), in K numbers each.

    Returns:
        By name, float64 (K,); `count` is (1,).
    """
    rows = np.asarray(rows, np.float64).reshape(len(rows), -1)
    out = {"min": rows.min(0), "max": rows.max(0), "mean": rows.mean(0), "std": rows.std(0)}
    out["count"] = np.array([len(rows)])
    return out | {
        name: value
        for name, value in zip(QUANTILES, np.quantile(rows, [*QUANTILES.values()], 0), strict=True)
    }


def picture_statistics(pictures: np.ndarray) -> dict[str, np.ndarray]:
    """Compute the statistics of each colour, over at most `SAMPLES` pictures.

    Args:
        pictures: (N, H, W, 3) uint8.

    Returns:
        By name, float64 (3, 1, 1) from 0 to 1; `count` is (1,), of pictures.
    """
    some = np.unique(np.linspace(0, len(pictures) - 1, SAMPLES).round().astype(np.int64))
    step = [max(1, size // SIDE) for size in pictures.shape[1:3]]
    colours = np.asarray(pictures[some])[:, :: step[0], :: step[1]].reshape(-1, 3) / 255
    out = {name: value.reshape(3, 1, 1) for name, value in statistics(colours).items()
           if name != "count"}  # fmt: skip
    return out | {"count": np.array([len(some)])}


def joined(parts: Sequence[Stats]) -> dict[str, np.ndarray]:
    """Join the statistics of episodes as lerobot does: quantiles are weighted means of theirs.

    Args:
        parts: of each episode.

    Returns:
        Of all episodes, by name.
    """
    counts = np.stack([part["count"] for part in parts]).astype(np.float64)
    weights = (counts / counts.sum(0)).reshape(len(parts), *[1] * parts[0]["mean"].ndim)
    means = np.stack([part["mean"] for part in parts])
    mean = (weights * means).sum(0)
    spread = np.stack([part["std"] for part in parts]) ** 2 + (means - mean) ** 2
    out = {
        "min": np.min([part["min"] for part in parts], 0),
        "max": np.max([part["max"] for part in parts], 0),
        "mean": mean,
        "std": np.sqrt((weights * spread).sum(0)),
        "count": np.sum([part["count"] for part in parts], 0),
    }
    for name in QUANTILES:
        out[name] = (weights * np.stack([part[name] for part in parts])).sum(0)
    return out
