"""Write episodes as stable-worldmodel's HDF5, for its own reader and training.

The layout is that of `wmpc.wm.recordings.formats.swm.hdf5`: a row a frame, whose action leads out
of it; the last row's action is NaN. What has a value a step or an episode is repeated: steps as the
actions are, with the last value once more, episodes in every row.
"""

import re
from collections.abc import Callable
from math import prod
from pathlib import Path

import numpy as np

from wmpc.errors import WmpcError
from wmpc.wm.data.reader import Episodes
from wmpc.wm.recordings.export.folder import new_file
from wmpc.wm.recordings.export.hdf5_file import HDF5File
from wmpc.wm.recordings.export.rows import every_frame
from wmpc.wm.recordings.io.files import extra


def export_swm(
    episodes: Episodes, path: str | Path, *, progress: Callable[[int], None] | None = None
) -> None:
    """Write all episodes into a new file, bit for bit.

    Several actions a frame lie side by side in a row of `action`. Cameras `pixels/NAME` become
    `pixels_NAME`.

    Args:
        episodes: of the dataset.
        path: the file, NAME.h5.
        progress: is told the number of episodes written, after each.

    Raises:
        WmpcError: the path exists, or is named otherwise.
    """
    path = Path(path)
    if path.suffix not in (".h5", ".hdf5"):
        raise WmpcError(f"{path} came; stable-worldmodel reads a file NAME.h5")
    h5py = extra("h5py", f"writing {path}")
    lengths = episodes.lengths + 1
    with new_file(path) as temporary, HDF5File(temporary) as raw:
        with h5py.File(raw, "w", libver="latest") as file:
            for name, column in episodes.columns.items():
                row = (prod(column.shape),) if name == "action" else column.shape
                chunks = (1, *row) if row and 0 not in row else None
                shape = (int(lengths.sum()), *row)
                file.create_dataset(_key(name), shape, column.dtype, chunks=chunks)
            for index in range(len(episodes)):
                _write(file, episodes, index)
                raw.check()
                if progress is not None:
                    progress(index + 1)
            file["ep_len"] = lengths.astype(np.int32)
            file["ep_offset"] = (np.cumsum(lengths) - lengths).astype(np.int64)
        raw.check()


def _write(file, episodes: Episodes, index: int) -> None:
    frames = int(episodes.lengths[index]) + 1
    first = int(episodes.ends[index]) - frames
    for name, values in episodes.episode(index).items():
        rows = every_frame(values, episodes.columns[name], frames)
        if name == "action":  # the last one leads nowhere
            rows = rows.reshape(frames, -1)
            rows[-1] = np.nan
        file[_key(name)][first : first + frames] = rows


def _key(name: str) -> str:
    """Its name of a column."""
    return re.sub("^pixels/", "pixels_", name).replace("/", "_")
