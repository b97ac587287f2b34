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

from wmpc.errors import WmpcError
from wmpc.wm.recordings.io.array import fitting_arrays
from wmpc.wm.recordings.io.files import Place, closed_on_error
from wmpc.wm.recordings.io.flat import NEXT, Flat, Table, check_next, read_flags
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
        with closed_on_error(self):
            for split, part in (("train", path), ("val", beside)):
                if split == "val" and not Place(part).exists():
                    break
                file = Npz(Place(part))
                self.files.append(file)
                tables[split] = _table(file, part)
                left |= file.left_out
        named = NAMED.fullmatch(path.rsplit("/", 1)[-1])
        env, notes = {}, ()
        if named and not named[0].endswith("-val.npz"):
            env = {"id": named[1] + named[2], "kwargs": {}}
            notes = (f"the environment {env['id']} is told by the file's name",)
        self.about = replace(self.about, env=env, notes=notes, left_out=left)
        self._lay_out(tables)

    @classmethod
    def _is_at(cls, place: Place) -> bool:
        if not cls._is_like(place):
            return False
        with place.open() as stream, zipfile.ZipFile(stream) as file:
            return {f"{name}.npy" for name in NEEDED} <= set(file.namelist())

    @classmethod
    def _is_like(cls, place: Place) -> bool:
        return place.path.endswith(".npz") and not place.is_folder()

    def close(self) -> None:
        """Close the files."""
        for file in self.files:
            file.close()
        self.files = []


def _table(file: Npz, what: str) -> Table:
    """The columns of a file; WmpcError where they are of different lengths."""
    if lacking := [key for key in NEEDED if key not in file.arrays]:
        why = file.left_out.get(lacking[0])
        raise WmpcError(f"{what} lacks {lacking[0]}" + (f": it {why}" if why else ""))
    rows = len(file.arrays["actions"])
    arrays, left = fitting_arrays(file.arrays, rows, "actions", (*NEEDED, NEXT))
    file.left_out |= left
    check_next(arrays)
    last, end = ("valids", 0) if "valids" in arrays and NEXT not in arrays else ("terminals", 1)
    return Table(what, arrays, read_flags(arrays[last]) == end)
