"""Columns with a row a frame, as formats have them that know no other."""

import numpy as np

from wmpc.wm.data.format import Column


def every_frame(values: np.ndarray, column: Column, frames: int) -> np.ndarray:
    """Give a column a row a frame.

    Args:
        values: of an episode.
        column: what they are.
        frames: of the episode, T + 1.

    Returns:
        (frames, ...): the last of the steps once more, and what an episode has once in every row.
    """
    if column.rows == "episode":
        return np.broadcast_to(values, (frames, *values.shape))
    return values if column.rows == "frames" else np.concatenate([values, values[-1:]])
