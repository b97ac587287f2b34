"""Pictures of an episode, evenly spread over its time."""

from collections.abc import Iterable, Iterator

import numpy as np

from wmpc.errors import WmpcError
from wmpc.wm.recordings.source import Source


def read_strips(
    source: Source, wanted: Iterable[tuple[int, str]], moments: int
) -> Iterator[tuple[int, str, list[int], np.ndarray]]:
    """Read a few pictures of episodes; one that cannot be read is left out.

    Args:
        source: the recording, in whose `unreadable` is noted why one was left out.
        wanted: episode and camera of each strip.
        moments: pictures of a strip, at most.

    Yields:
        Episode, camera, the k rows of the episode that are shown, and the pictures
        (k, H, W, 3), uint8.
    """
    for index, camera in wanted:
        try:
            pictures = source.episode(index, [camera])[camera]
            rows = np.unique(np.linspace(0, len(pictures) - 1, moments).round().astype(int))
            yield index, camera, rows.tolist(), np.asarray(pictures[rows])
        except WmpcError as error:
            source.unreadable[index] = str(error)
