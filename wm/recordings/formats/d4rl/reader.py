"""D4RL's HDF5 files: columns of all episodes end to end, cut where `terminals` or `timeouts` are.

    observations (N, D), actions (N, A), rewards, terminals, timeouts (N,)
    next_observations (N, D), infos/qpos, infos/qvel (N, ...), metadata/...    where recorded

Source: https://github.com/Farama-Foundation/D4RL (d4rl/__init__.py, `sequence_dataset`).
"""

from dataclasses import replace

import numpy as np

from wmpc.errors import WmpcError
from wmpc.wm.recordings.io import hdf5
from wmpc.wm.recordings.io.array import fitting_arrays
from wmpc.wm.recordings.io.files import Place
from wmpc.wm.recordings.io.flat import NEXT, Flat, Table, check_next, read_flags
from wmpc.wm.recordings.io.hdf5_source import HDF5Source

KNOWN = ("observations", "actions", "terminals", "timeouts", NEXT)
"""Arrays that must have one row a step."""


class D4RL(HDF5Source, Flat):
    """One HDF5 file."""

    format = "d4rl"

    def _open(self) -> None:
        path = self.path
        found = hdf5.arrays(self.file, path)
        if lacking := [key for key in KNOWN[:2] if key not in found]:
            raise WmpcError(f"{path} is no D4RL file: it lacks {', '.join(lacking)}")
        flags = [key for key in ("terminals", "timeouts") if key in found]
        if not flags:
            raise WmpcError(f"{path} does not say where episodes end: no terminals, no timeouts")
        remarks = {key: "is a remark, not a column" for key in found if key.startswith("metadata/")}
        others = {key: array for key, array in found.items() if key not in remarks}
        rows = len(found["actions"])
        arrays, left = fitting_arrays(others, rows, "actions", KNOWN)
        check_next(arrays)
        self.about = replace(self.about, left_out={**remarks, **left})
        ends, longest = np.zeros(rows, bool), 1
        for key in flags:
            last, run = _last_of_runs(read_flags(arrays[key]))
            ends, longest = ends | last, max(longest, run)
        if longest > 1:
            note = f"an end stays flagged for up to {longest} rows: it is taken to be the last one"
            self.about = replace(self.about, notes=(note,))
        self._lay_out({"train": Table(path, arrays, ends)})

    @classmethod
    def _is_at(cls, place: Place) -> bool:
        def test(file: hdf5.File) -> bool:
            flat = "ep_len" not in file and "ep_offset" not in file
            columns = [file.get(key) for key in ("observations", "actions")]
            ended = "terminals" in file or "timeouts" in file
            return flat and ended and all(hasattr(column, "shape") for column in columns)

        return hdf5.probe(place, test)


def _last_of_runs(flags: np.ndarray) -> tuple[np.ndarray, int]:
    """(N,) bool, True at the last row of each run of True, and the rows of the longest run. A flag
    that stays set for several rows, as at a goal that was reached, is one end of one episode; a
    file of ends alone says nothing else than what it says."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    starts, stops = edges[::2], edges[1::2]
    out = flags & ~np.append(flags[1:], False)
    if len(starts) and starts[0] == 0:
        out[: stops[0]] = True
        starts, stops = starts[1:], stops[1:]
    return out, int(np.max(stops - starts, initial=1))
