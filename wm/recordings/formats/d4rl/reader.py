"""D4RL's HDF5 files: columns of all episodes end to end, cut where `terminals` or `timeouts` are.

    observations (N, D), actions (N, A), rewards, terminals, timeouts (N,)
    next_observations (N, D), infos/qpos, infos/qvel (N, ...), metadata/...    where recorded

Source: https://github.com/Farama-Foundation/D4RL (d4rl/__init__.py, `sequence_dataset`).
"""

from dataclasses import replace

import numpy as np

from wmpc.errors import WmpcError
from wmpc.wm.recordings.io import hdf5
from wmpc.wm.recordings.io.flat import NEXT, Flat, Table
from wmpc.wm.recordings.io.hdf5_source import HDF5Column, HDF5Source

KNOWN = ("observations", "actions", "terminals", "timeouts", NEXT)
"""Arrays that must have one row a step."""


class D4RL(HDF5Source, Flat):
    """One HDF5 file."""

    format = "d4rl"

    def _open(self) -> None:
        path = self.path
        found = hdf5.datasets(self.file, path)
        if lacking := [key for key in KNOWN[:2] if key not in found]:
            raise WmpcError(f"{path} is no D4RL file: it lacks {', '.join(lacking)}")
        flags = [key for key in ("terminals", "timeouts") if key in found]
        if not flags:
            raise WmpcError(f"{path} does not say where episodes end: no terminals, no timeouts")
        hdf5.check(found["actions"], f"actions of {path}")
        rows = len(found["actions"])
        arrays, left = {}, {}
        for key, dataset in found.items():
            what = f"{key} of {path}"
            if key.startswith("metadata/"):
                left[key] = "is a remark, not a column"
            elif not hdf5.is_number(dataset):
                if key in KNOWN:
                    raise WmpcError(
                        f"{what} holds {dataset.dtype} {dataset.shape}, no rows of numbers"
                    )
                left[key] = "holds no rows of numbers"
            elif key not in KNOWN and (why := hdf5.misfit(dataset, rows, "actions")):
                left[key] = why
            else:
                hdf5.check(dataset, what, rows)
                arrays[key] = HDF5Column(dataset, what)
        _next_agrees(arrays)
        self.about = replace(self.about, left_out=left)
        ends, longest = np.zeros(rows, bool), 1
        for key in flags:
            flag = arrays[key].read(0, rows)
            if flag.size != rows or not np.isin(flag, (0, 1)).all():
                raise WmpcError(f"{key} of {path} should be (N,) of zeros and ones")
            flag = flag.reshape(rows).astype(bool)
            last, run = _last_of_runs(flag)
            ends, longest = ends | last, max(longest, run)
        if longest > 1:
            note = f"an end stays flagged for up to {longest} rows: it is taken to be the last one"
            self.about = replace(self.about, notes=(note,))
        self._lay_out({"train": Table(path, arrays, ends)})

    @staticmethod
    def recognises(path: str) -> bool:
        def test(file: hdf5.File) -> bool:
            flat = "ep_len" not in file and "ep_offset" not in file
            columns = [file.get(key) for key in ("observations", "actions")]
            ended = "terminals" in file or "timeouts" in file
            return flat and ended and all(hasattr(column, "shape") for column in columns)

        return hdf5.probe(path, test)


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


def _next_agrees(arrays: dict[str, HDF5Column]) -> None:
    now, then = arrays["observations"], arrays.get(NEXT)
    if then is not None and (now.shape, now.dtype) != (then.shape, then.dtype):
        raise WmpcError(
            f"{then.what} is {then.dtype} {then.shape}, observations are {now.dtype} {now.shape}"
        )
