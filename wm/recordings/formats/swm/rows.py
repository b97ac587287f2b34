"""What the two formats of stable-worldmodel share: rows of all episodes end to end, and actions.

Every row has an observation and an action. Which observation the action belongs to depends on who
wrote it. The environment's wrapper gives what `step(action)` returned beside that action, with NaN
at the reset: the action leads INTO its row. `World.collect` moves an episode's first action to its
end before it writes: actions lead OUT of their rows, and the last row has the NaN of the reset or,
where the reset is not recorded (0.1.1), the action that led into the first row. The training
(`Dataset.__getitem__`, LeWM) takes the action of a frame's row for what leads out of it.

So: NaN in the first rows, the actions lead in; else, they lead out. Sources: stable-worldmodel
0.1.1, `wrapper/default.py`, `world/world.py`, `data/dataset.py`, `data/formats`.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from wmpc.errors import WmpcError
from wmpc.wm.data.format import Column
from wmpc.wm.recordings.io.array import Array
from wmpc.wm.recordings.io.pictures import are_pictures, picture_layout
from wmpc.wm.recordings.naming import clean_name
from wmpc.wm.recordings.source import About, Source

SAMPLED = 64
"""Episodes that tell how the actions are meant; every other is compared when it is read."""
INDICES = ("ep_idx", "episode_idx", "step_idx")
LEADS_IN = "an episode's first action is NaN: actions lead into their rows, and are moved by one"
LEADS_OUT = "an episode's last action is NaN: actions lead out of their rows"
UNTOLD = (
    "no action is NaN: actions are taken to lead out of their rows, as stable-worldmodel trains on "
    "them; `wmpc data check` compares this with what is seen"
)
BOTH = (
    "an episode's first and last actions are NaN: actions are taken to lead out of their rows, and "
    "the first frame of each episode is left out"
)


class Swm(Source):
    """A reader calls `_lay_out` with the columns that it found."""

    def _lay_out(
        self, arrays: Mapping[str, Array], lengths: np.ndarray, left_out: Mapping[str, str]
    ) -> None:
        """`arrays` by recorded name, all with one row a frame; `lengths` (E,) rows an episode."""
        if "action" not in arrays:
            raise WmpcError(f"{self.path} has no column action; it has {', '.join(sorted(arrays))}")
        offsets = np.cumsum(lengths) - lengths
        long = lengths >= 2
        if not long.any():
            raise WmpcError(f"{self.path} holds no episode of two rows: no action leads anywhere")
        short = int((~long).sum())
        notes = [f"{short} episodes of a single row are left out"] if short else []
        self._indices = {n: array for n, array in arrays.items() if n in INDICES}
        self._arrays = {n: array for n, array in arrays.items() if n not in INDICES}
        self._offsets, rows = offsets[long], lengths[long]
        self._nan_first, note = self._timing(rows)
        self._shift = int(note == LEADS_IN)
        """Rows from a frame's to that of the action that leads out of it."""
        self._skip = int(note == BOTH)
        """Frames at an episode's start that are left out."""
        if self._skip:
            enough = rows >= 3
            self._offsets, rows = self._offsets[enough], rows[enough]
            if not len(rows):
                raise WmpcError(f"{self.path} holds no action that is not NaN")
        self.lengths = rows.astype(np.int64) - 1 - self._skip
        notes += [note, "the last row of an episode has no action that leads on"]
        self._earned = self._is_earned()
        self._sources: dict[str, str] = {}
        self.columns = {}
        for key, array in self._arrays.items():
            column = self._column(key, array)
            if column.name in self.columns:
                raise WmpcError(f"{self.path}: two of its columns would be called {column.name}")
            self.columns[column.name], self._sources[column.name] = column, key
            layout = picture_layout(array.shape[1:], array.dtype)
            if column.name in self.cameras and layout and (note := layout.note(key)):
                notes.append(note)
        if self._earned:
            notes.append("reward lies beside what it was earned by: that of the first row is NaN")
        if "observation.state" in self.columns and "state" in self._arrays:
            notes.append("its state is no full state of a simulator: kept as observation.state")
        indices = dict.fromkeys(self._indices, "says which rows are an episode: compared, not kept")
        self.about = About(notes=notes, left_out={**left_out, **indices})

    def _timing(self, rows: np.ndarray) -> tuple[bool, str]:
        """Whether first actions are NaN, and the note on what follows; WmpcError where some are."""
        chosen = np.unique(np.linspace(0, len(rows) - 1, SAMPLED).astype(int))
        starts, ends = self._offsets[chosen], (self._offsets + rows)[chosen] - 1
        first = np.array([self._is_nan(row) for row in starts.tolist()])
        last = np.array([self._is_nan(row) for row in ends.tolist()])
        if first.any() != first.all():
            index = chosen[np.argmax(first != first[0])]
            raise WmpcError(
                f"{self.path} mixes episodes whose first action is NaN with others (episode "
                f"{index}): no telling which observation an action belongs to; split the file"
            )
        if first.all():
            return True, BOTH if last.all() else LEADS_IN
        return False, LEADS_OUT if last.any() else UNTOLD

    def _is_nan(self, row: int) -> bool:
        return _nan(self._arrays["action"].read(row, row + 1))

    def _is_earned(self) -> bool:
        """Whether `reward` is NaN where nothing has led into an episode's first row."""
        array = self._arrays.get("reward")
        if array is None or array.numbers.kind != "f":
            return False
        first = int(self._offsets[0])
        return _nan(array.read(first, first + 1))

    def _column(self, key: str, array: Array) -> Column:
        row, dtype = array.shape[1:], array.numbers
        if key == "action":
            if len(row) > 1 or 0 in row or dtype.kind not in "biuf":
                raise WmpcError(f"{array.what} is {dtype} {array.shape}; it should be (rows, A)")
            return Column(key, np.dtype(np.float32), (1, *(row or (1,))), "steps")
        if _seen(key, array):
            views = [k for k, a in self._arrays.items() if k.startswith("pixels") and _seen(k, a)]
            name = re.sub(r"^pixels[_.](?=.)", "pixels/", key)
            name = "pixels" if views == [key] else name
            return Column(
                clean_name(name), np.dtype(np.uint8), array.frames(0, 0).shape[1:], "frames"
            )
        if key == "proprio" and len(row) <= 1 and 0 not in row:
            return Column(key, np.dtype(np.float32), row or (1,), "frames")
        rows = "steps" if key == "reward" and self._earned else "frames"
        return Column("observation.state" if key == "state" else clean_name(key), dtype, row, rows)

    def _read(self, index: int, names: Sequence[str]) -> dict[str, Any]:
        self._check(index)
        return {name: self._part(name, index) for name in names}

    def _check(self, index: int) -> None:
        """Raise WmpcError where index columns or NaN actions say something else than the
        lengths."""
        first = int(self._offsets[index])
        stop = first + int(self.lengths[index]) + 1 + self._skip
        for key, array in self._indices.items():
            change = np.diff(array.read(first, stop).astype(np.float64).ravel())
            wrong = change <= 0 if key == "step_idx" else change != 0
            if wrong.any():
                row = first + int(np.argmax(wrong)) + 1
                raise WmpcError(
                    f"{array.what} disagrees with the lengths of the episodes: row {row} is within "
                    f"episode {index}, but {key} says otherwise"
                )
        if self._is_nan(first) != self._nan_first:
            raise WmpcError(
                f"the first action of episode {index} of {self.path} is "
                f"{'not ' if self._nan_first else ''}NaN, unlike those of other episodes: no "
                "telling which observation its actions belong to"
            )

    def _part(self, name: str, index: int) -> Any:
        column, array = self.columns[name], self._arrays[self._sources[name]]
        steps, first = int(self.lengths[index]), int(self._offsets[index]) + self._skip
        if column.rows == "steps":
            first += self._shift if name == "action" else 1
        stop = first + steps + (column.rows == "frames")
        if column.name in self.cameras:
            return array.frames(first, stop)
        values = array.read(first, stop).reshape(stop - first, *column.shape)
        return values.astype(column.dtype, copy=False)


def _seen(key: str, array: Array) -> bool:
    """Whether a column is a camera: RGB pictures, or others by that name."""
    named = key.startswith("pixels") and picture_layout(array.shape[1:], array.dtype) is not None
    return named or are_pictures(array)


def _nan(row: np.ndarray) -> bool:
    return row.dtype.kind == "f" and row.size > 0 and bool(np.isnan(row).all())
