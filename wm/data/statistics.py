"""Mean and spread of a column, for normalisation."""

from collections.abc import Sequence

import numpy as np

from wmpc.wm.data.reader import Episodes


def column_statistics(
    episodes: Episodes, name: str, ids: Sequence[int] | np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Compute mean and standard deviation of each entry of a column's last axis.

    They are over all rows of the episodes, in two passes in float64, an episode at a time.

    Args:
        episodes: of the dataset.
        name: of a column whose rows are (..., D).
        ids: indices of the episodes; None: the training episodes.

    Returns:
        Mean and deviation, both (D,) float64. A constant entry has deviation 0.

    Raises:
        WmpcError: when the dataset has no such column.
    """
    chosen = episodes.train_ids if ids is None else ids
    column, rows = episodes.columns.get(name), episodes.frames(name)
    assert column is not None  # `frames` refuses unknown names

    def mean(transform) -> np.ndarray:
        total, count = np.zeros(column.shape[-1]), 0
        for index in chosen:
            first, stop = column.span(episodes.ends, int(index))
            values = np.asarray(rows[first:stop], np.float64).reshape(-1, column.shape[-1])
            total, count = total + transform(values).sum(axis=0), count + len(values)
        return total / max(count, 1)

    centre = mean(lambda values: values)
    return centre, np.sqrt(mean(lambda values: (values - centre) ** 2))
