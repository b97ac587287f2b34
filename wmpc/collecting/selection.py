"""Which episodes of a recording are meant."""

import re
from collections.abc import Sequence

import numpy as np

from wmpc.errors import WmpcError
from wmpc.wm.recordings.formats import Source


def chosen(source: Source, wanted: object, exclude: Sequence[int]) -> np.ndarray:
    """Choose episodes of a recording.

    Args:
        source: the recording.
        wanted: None: all; a number; a range such as "0:500"; a list; or the name of a recorded
            split.
        exclude: indices to leave out.

    Returns:
        Indices (n,) int64 in order, without episodes of a single frame, which hold no step.

    Raises:
        WmpcError: an index or a split does not exist, an episode is named twice, or none is left.
    """
    count, splits = len(source), source.about.splits
    have = f"{source.path} has episodes 0 to {count - 1}"
    if splits:
        have += f" and the splits {', '.join(splits)}"
    if wanted is None:
        ids = list(range(count))
    elif isinstance(wanted, int) and not isinstance(wanted, bool):
        ids = [wanted]
    elif isinstance(wanted, list) and all(isinstance(index, int) for index in wanted):
        ids = wanted
    elif isinstance(wanted, str) and wanted in splits:
        ids = [int(index) for index in splits[wanted]]
    elif isinstance(wanted, str) and (found := re.fullmatch(r"(\d*):(\d*)", wanted)):
        ids = list(range(int(found[1] or 0), int(found[2] or count)))
    else:
        raise WmpcError(
            f"episodes={wanted} came: a range such as 0:500, a list, or a split; {have}"
        )
    if outside := [index for index in [*ids, *exclude] if not 0 <= index < count]:
        raise WmpcError(f"there is no episode {outside[0]}: {have}")
    if len(set(ids)) < len(ids):
        raise WmpcError(
            f"episodes={wanted} names an episode twice: copies would leak into held-out"
        )
    ids = [index for index in ids if index not in set(exclude)]
    ids = [i for i in ids if source.lengths[i] > 0 or i in source.unreadable]
    if not ids:
        raise WmpcError(f"episodes={wanted} exclude={list(exclude)} leaves none: {have}")
    return np.asarray(ids, np.int64)
