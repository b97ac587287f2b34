"""OGBench's `.npz` files: columns of all episodes end to end, `NAME-val.npz` beside `NAME.npz`.

    observations (N, D) float32, or (N, 64, 64, 3) uint8; actions (N, A); terminals (N,)
    qpos, qvel, button_states    where recorded

`terminals` marks the last observation of an episode, whose action is no transition. A file of the
"regular" form has `next_observations`: every row is a transition, `terminals` marks the last one.
In one of the "compact" form with `valids`, it is `valids` that is 0 at the last observation.
Source: https://github.com/seohongpark/ogbench (ogbench/utils.py, `load_dataset`).
"""

import re
import zipfile
from dataclasses import replace

import numpy as np

from wmpc.errors import WmpcError
from wmpc.wm.recordings.fitting import rows_misfit
from wmpc.wm.recordings.io.files import Place
from wmpc.wm.recordings.io.flat import NEXT, Flat, Table
from wmpc.wm.recordings.io.npz import Npz

NEEDED = ("observations", "actions", "terminals")
NAMED = re.compile(r"(.+)-(?:navigate|stitch|explore|play|noisy|easy|medium|hard)(-v\d+)\.npz")
"""A file's name is that of the environment with the kind of data put into it."""


class OGBench(Flat):
    """A training file, and the validation file where it lies beside it."""

    format = "ogbench"

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.files: list[Npz] = []
        tables, left = {}, {}
        beside = path.removesuffix(".npz") + "-val.npz"
        try:
            for split, part in (("train", path), ("val", beside)):
                place = Place(part)
                if split == "val" and not place.exists():
                    break
                file = Npz(place)
                self.files.append(file)
                tables[split] = _table(file, part)
                left |= {key: why for key, why in file.left_out.items()}
        except BaseException:
            self.close()
            raise
        named = NAMED.fullmatch(path.rsplit("/", 1)[-1])
        env, notes = {}, ()
        if named and not named[0].endswith("-val.npz"):
            env = {"id": named[1] + named[2], "kwargs": {}}
            notes = (f"the environment {env['id']} is told by the file's name",)
        self.about = replace(self.about, env=env, notes=notes, left_out=left)
        self._lay_out(tables)

    @staticmethod
    def recognises(path: str) -> bool:
        try:
            if not path.endswith(".npz"):
                return False
            with Place(path).open() as stream, zipfile.ZipFile(stream) as file:
                return {f"{name}.npy" for name in NEEDED} <= set(file.namelist())
        except Exception:
            return False

    @staticmethod
    def resembles(path: str) -> bool:
        return path.endswith(".npz") and not Place(path).is_folder()

    def close(self) -> None:
        for file in self.files:
            file.close()
        self.files = []


def _table(file: Npz, what: str) -> Table:
    """The columns of a file; WmpcError where they are of different lengths."""
    if lacking := [key for key in NEEDED if key not in file.arrays]:
        why = file.left_out.get(lacking[0])
        raise WmpcError(f"{what} lacks {lacking[0]}" + (f": it {why}" if why else ""))
    rows = file.arrays["actions"].shape[0]
    arrays = dict(file.arrays)
    for key, array in file.arrays.items():
        if why := rows_misfit(array.shape[0] if array.shape else None, rows, "actions"):
            if key in (*NEEDED, NEXT):
                raise WmpcError(f"{array.what} {why}")
            file.left_out[key] = why
            del arrays[key]
    now, then = file.arrays["observations"], arrays.get(NEXT)
    if then is not None and (now.shape, now.dtype) != (then.shape, then.dtype):
        raise WmpcError(f"{then.what} is {then.dtype} {then.shape}, not as the observations are")
    last, end = ("valids", 0) if "valids" in arrays and then is None else ("terminals", 1)
    flag = file.arrays[last].read(0, rows)
    if flag.shape != (rows,) or not np.isin(flag, (0, 1)).all():
        raise WmpcError(f"{last} of {what} should be (N,) of zeros and ones")
    return Table(what, arrays, flag == end)
