"""What both versions of LeRobotDataset share: a slice of a table and of a video an episode."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np

from wmpc.errors import WmpcError
from wmpc.wm.data.format import is_camera
from wmpc.wm.recordings.formats.lerobot.features import Layout, Recorded, layout
from wmpc.wm.recordings.formats.lerobot.info import fill, is_version, read_info
from wmpc.wm.recordings.formats.lerobot.tables import Tables, numbers, odd_mode
from wmpc.wm.recordings.io.files import LARGEST, Place, damage
from wmpc.wm.recordings.io.video import Video, deep_grey
from wmpc.wm.recordings.rate import RATE_TOLERANCE, agrees, rate_of
from wmpc.wm.recordings.source import About, Frames, Source

ALWAYS = ("episode_index", "frame_index", "timestamp")


class Clip(NamedTuple):
    """Where a camera's pictures of an episode lie: a file, and its time of the first one."""

    file: str
    start: float


class LeRobot(Source):
    """A LeRobotDataset: T+1 rows an episode, each an observation and the action it was answered by.

    The last action leads to no frame and is dropped, as are the last rows of `next.*`.
    """

    major: ClassVar[str]

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.place = Place(path)
        self._timeless: dict[str, dict[int, str]] = {}
        """By camera, the episodes for which its video has no time."""
        self.tables = Tables(self.place)
        self.info = read_info(self.place, self.major)
        self._take(laid := layout(self.info, path))
        rows = self._read_episodes()
        if len(rows) != self.info.total_episodes:
            raise WmpcError(
                f"{path} describes {len(rows)} episodes; "
                f"its info.json counts {self.info.total_episodes}"
            )
        self.lengths = np.asarray(rows, np.int64) - 1
        if odd := self._no_colours():
            self._take(laid := layout(self.info, path, odd))
        self._check_lengths()
        wmpc, notes = self.info.wmpc or {}, list(laid.notes)
        if self.info.robot_type:
            notes.append(f"robot_type: {self.info.robot_type}")
        tasks = self._read_tasks() if "task_index" in self.info.features else []
        self.about = About(
            fps=self.info.fps,
            env={"id": wmpc["env"], "kwargs": wmpc.get("kwargs", {})} if "env" in wmpc else {},
            action_low=wmpc.get("action_low"),
            action_high=wmpc.get("action_high"),
            names=laid.names,
            labels={"task_index": tasks} if "task_index" in self.columns else {},
            splits=self._splits(),
            notes=notes,
            left_out=laid.left_out,
        )
        cameras = {recorded.key: name for name, recorded in self._recorded.items()}
        self.unfit = {cameras[k]: by for k, by in self._timeless.items() if by and k in cameras}
        self.settle()

    @classmethod
    def _is_at(cls, place: Place) -> bool:
        return is_version(place, cls.major)

    def _read(self, index: int, names: Sequence[str]) -> dict[str, Any]:
        chosen = [self._recorded[name] for name in names]
        frames, what = int(self.lengths[index]) + 1, f"episode {index} of {self.path}"
        start = self._rows(index)[1]
        wanted = [r.key for r in chosen if r.kind == "numbers" and r.key]
        arrays, times = self._rows_of(index, wanted)
        return {
            r.column.name: _cut(arrays.get(r.key), r, frames, what)
            if r.kind == "numbers"
            else self._pictures(r, index, times, range(start, start + frames))
            for r in chosen
        }

    def _rows_of(self, index: int, wanted: Sequence[str]) -> tuple[dict[str, np.ndarray], Any]:
        """The features `wanted` of an episode's rows, and their time stamps (N,)."""
        frames, what = int(self.lengths[index]) + 1, f"episode {index} of {self.path}"
        file, start = self._rows(index)
        keys = dict.fromkeys((*ALWAYS, *wanted))
        table = self.tables.rows(file, start, self._stop(index, start), list(keys))
        if len(table) != frames:
            raise WmpcError(f"{what} should have {frames} rows; {file} has {len(table)}")
        arrays = {key: self._numbers(table, key, file) for key in keys}
        return arrays, self._check_rows(arrays, index, what)

    def close(self) -> None:
        """Close the tables."""
        self.tables.close()

    def _take(self, laid: Layout) -> None:
        self._recorded = {recorded.column.name: recorded for recorded in laid.columns}
        self.columns = {name: recorded.column for name, recorded in self._recorded.items()}

    def _no_colours(self) -> dict[str, str]:
        """The cameras whose first pictures are no colours nor 8-bit grey, and why: depth that
        nothing states. What cannot be opened is found when it is read."""
        odd = {}
        for recorded in self._recorded.values():
            if recorded.kind == "numbers" or not len(self.lengths):
                continue
            try:
                if recorded.kind == "video":
                    why = deep_grey(self.place, self._clip(0, recorded.key).file)
                else:
                    file, start = self._rows(0)
                    why = odd_mode(self.tables, file, recorded.key, start)
            except WmpcError:
                continue
            if why:
                odd[recorded.key] = why
        return odd

    @abstractmethod
    def _read_episodes(self) -> Sequence[int]:
        """Rows of each episode."""

    @abstractmethod
    def _read_tasks(self) -> list[str]:
        """The tasks in words, by `task_index`."""

    @abstractmethod
    def _rows(self, index: int) -> tuple[str, int]:
        """The table an episode lies in, and its first row there."""

    @abstractmethod
    def _stop(self, index: int, start: int) -> int | None:
        """The row after its last; None where the table has no other episode."""

    @abstractmethod
    def _clip(self, index: int, key: str) -> Clip:
        """Where a camera's pictures lie."""

    def _video(self, fields: Mapping[str, int | str]) -> str:
        """The file of a camera, as `info.json` spells it."""
        if self.info.video_path is None:
            raise WmpcError(f"{self.path} has videos, but its info.json lacks 'video_path'")
        return fill(self.info.video_path, fields, "video_path")

    def _pictures(self, recorded: Recorded, index: int, times: np.ndarray, rows: range) -> Frames:
        height, width, _ = recorded.column.shape
        if recorded.kind == "image":
            file, _ = self._rows(index)
            return self.tables.pictures(file, recorded.key, rows, (height, width))
        clip = self._clip(index, recorded.key)
        if not self.place.exists(clip.file):
            raise WmpcError(f"episode {index} of {self.path} lacks its video {clip.file}")
        size = (height, width)
        return Video(self.place, clip.file, clip.start + times, size, self.info.fps)

    def _numbers(self, table: Any, key: str, file: str) -> np.ndarray:
        known = {"timestamp": "float32"}.get(key, "int64")
        feature = self.info.features.get(key, {"dtype": known, "shape": (1,)})
        shape = () if feature["shape"] == (1,) else feature["shape"]
        what = f"column {key!r} of {self.place.name(file)}"
        column = table.column(key)
        if feature["shape"] == (1,) and "list" in str(column.type):
            shape = (1,)
        with damage(what):
            return numbers(column, shape, feature["dtype"], what)

    def _check_rows(self, arrays: dict[str, np.ndarray], index: int, what: str) -> np.ndarray:
        """(N,) seconds of the episode's rows; WmpcError where they are not its own, in order."""
        for key, wanted in (
            ("episode_index", np.full(len(arrays["episode_index"]), index)),
            ("frame_index", np.arange(len(arrays["frame_index"]))),
        ):
            found = arrays[key].reshape(-1)
            if (wrong := np.flatnonzero(found != wanted)).size:
                row = wrong[0]
                raise WmpcError(
                    f"{what} has {key} {found[row]} in its row {row}, {wanted[row]} was expected: "
                    "its table and its metadata disagree"
                )
        times = arrays["timestamp"].reshape(-1).astype(np.float64)
        steps = np.diff(times)
        if not np.isfinite(times).all() or (steps <= 0).any():
            row = int(np.argmax(~(steps > 0))) + 1
            raise WmpcError(
                f"{what} has timestamp {times[row]:g} s in its row {row}, which is not after that "
                "of the row before"
            )
        if not agrees(times, self.info.fps):
            raise WmpcError(
                f"{what} has {rate_of(times):.4g} rows a second by its time stamps, info.json says "
                f"{self.info.fps:g}: they may differ by {RATE_TOLERANCE:.0%}; correct one of them"
            )
        return times

    def times(self, index: int) -> np.ndarray:
        """Read the time stamps of an episode's rows.

        Args:
            index: 0 to N-1.

        Returns:
            (T+1,) seconds, ascending.
        """
        return np.asarray(self._rows_of(index, [])[1])

    def _check_lengths(self) -> None:
        """WmpcError where a column of an episode would take more than an array may."""
        longest = int(self.lengths.max(initial=0)) + 1
        for name, column in self.columns.items():
            if not is_camera(name) and column.row_bytes * longest > LARGEST:
                raise WmpcError(
                    f"{self.path} states an episode of {longest} rows, whose column {name!r} "
                    f"would take more than {LARGEST} bytes: its metadata is damaged"
                )

    def _splits(self) -> dict[str, list[int]]:
        """Episodes of each split, from its `first:end`."""
        out = {}
        for name, text in self.info.splits.items():
            first, colon, end = str(text).partition(":")
            if not (colon and first.isdigit() and end.isdigit() and int(end) <= len(self)):
                raise WmpcError(
                    f"split {name!r} of {self.path} is {text!r}: its info.json is damaged"
                )
            out[str(name)] = list(range(int(first), int(end)))
        return out


def _cut(array: np.ndarray | None, recorded: Recorded, frames: int, what: str) -> np.ndarray:
    """A feature's rows as the column has them: T+1 frames, T steps, or one an episode."""
    column = recorded.column
    if array is None:  # an export of ours: a row of it is empty
        array = np.zeros((frames, *column.shape), column.dtype)
    array = array.astype(column.dtype, copy=False).reshape(frames, *column.shape)
    if column.rows == "steps":
        return array[:-1]
    if column.rows == "episode":
        if array.tobytes() != array[:1].repeat(frames, 0).tobytes():
            raise WmpcError(f"{what} should have one value of {column.name!r}; its rows differ")
        return array[0]
    return array
