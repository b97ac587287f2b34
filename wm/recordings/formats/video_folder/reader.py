"""A folder as people record at home: videos, and beside each a table of actions.

    pick_1.mp4, pick_1.csv              an episode; .mov, .mkv, .avi, .webm and .m4v too
    pick_1.npz or pick_1.npy            instead of the CSV: arrays by name, or the actions alone
    pick_1.wrist.mp4, pick_1.top.mp4    several cameras, or wrist/pick_1.mp4, top/pick_1.mp4
    meta.json or info.json              {"fps": 30}, where the videos' own rate is not meant

Columns of a table: `action`, `actions`, `action_0`, `action.x`, ...; `proprio` and `state` likewise
become `proprio`; `timestamp` or `time` are seconds on the video's clock; everything else is kept
under its own name. A table has as many rows as the videos have frames (the last action then leads
nowhere), or one less; of a last frame without proprioception nothing is kept. Where there are time
stamps, they pick the frames, one a row.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from wmpc.errors import WmpcError
from wmpc.wm.data.format import Column
from wmpc.wm.recordings.formats.video_folder.table import ENDINGS, Table, read_table
from wmpc.wm.recordings.io.files import Place
from wmpc.wm.recordings.io.video import Video
from wmpc.wm.recordings.io.video_clock import clock
from wmpc.wm.recordings.source import About, Source

VIDEOS = (".mp4", ".mov", ".mkv", ".avi", ".webm", ".m4v")
METAS = ("meta.json", "info.json")
UNNAMED = "main"
"""The camera of a video whose name is the episode's alone, where there are others."""


class VideoFolder(Source):
    """Episodes in the order of their names, the numbers in them counted."""

    format = "video-folder"

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.place = Place(path)
        if not self.place.is_folder():
            raise WmpcError(f"{path} is no folder with videos")
        tables, self.videos = _files(self.place)
        self.names = sorted(self.videos, key=_counted)
        if not self.names:
            raise WmpcError(
                f"{path} holds no episode: a video NAME.mp4 needs NAME.csv, .npz or .npy beside it"
            )
        self.tables = {name: tables[name] for name in self.names}
        cameras = sorted({camera for name in self.names for camera in self.videos[name]})
        self._cameras = {
            "pixels" if len(cameras) == 1 else f"pixels/{camera or UNNAMED}": camera
            for camera in cameras
        }
        self.columns = {}
        self.head = self._first_sound()
        """The episode that the others are compared with: the first that can be read."""
        fps = self._stated_fps()
        first = {name: clock(self.place, self._first_video(camera))
                 for name, camera in self._cameras.items()}  # fmt: skip
        self.sizes = {name: found.size for name, found in first.items()}
        rate = next(iter(first.values())).fps
        self.fps, notes = fps, [] if fps else ["frames a second are those of the first episode"]
        head = self._table(self.head)
        self.timed = head.times is not None
        self.even = self._frames(self.head, head) == head.rows
        """Whether tables have a row a frame, or one less."""
        self.columns = self._plan(head)
        self.lengths = np.array([self._tried(i) for i in range(len(self.names))], np.int64)
        if len(self.unreadable) == len(self.names):
            raise WmpcError(self.unreadable[0])
        self.unfit = {
            column: {
                index: f"{name} has no video of {camera or 'its own name'}"
                for index, name in enumerate(self.names)
                if camera not in self.videos[name]
            }
            for column, camera in self._cameras.items()
        }
        notes.append(
            "time stamps pick the frames" if self.timed else "row t of a table is frame t of videos"
        )
        if alone := sorted(tables.keys() - self.videos.keys()):
            notes.append(f"tables without a video are left out: {', '.join(alone[:5])}")
        if self.even:
            notes.append("the action of the last row leads nowhere that was recorded: left out")
        if head.times is not None and head.rows > 1:
            told = 1 / float(np.median(np.diff(head.times)))
            if fps and abs(told / fps - 1) > 0.05:
                raise WmpcError(
                    f"{path} states {fps:g} frames a second, the time stamps of {head.what} are "
                    f"{told:g} a second: mend one of them"
                )
            rate = told
        self.about = About(fps=fps or rate, names=head.labels, notes=notes, left_out=head.left_out)
        self.settle()

    @classmethod
    def _is_at(cls, place: Place) -> bool:
        return place.is_folder() and bool(_files(place)[1])

    @classmethod
    def _is_like(cls, place: Place) -> bool:
        return place.is_folder() and any(
            name.lower().endswith(VIDEOS) for name in (*place.glob("*"), *place.glob("*/*"))
        )

    def _read(self, index: int, names: Sequence[str]) -> dict[str, Any]:
        table, steps = self._table(index), int(self.lengths[index])
        if self._frames(index, table) != steps + 1 or table.rows != steps + self.even:
            raise WmpcError(f"{self.names[index]} of {self.path} has changed since it was opened")
        return {name: self._column(name, index, table, steps) for name in names}

    def times(self, index: int) -> np.ndarray:
        """Read the time stamps of the table, or else those at which the video shows its frames.

        Args:
            index: 0 to N-1.

        Returns:
            (T+1,) seconds, ascending.
        """
        stamps = self._table(index).times
        if stamps is None:
            file = next(iter(self.videos[self.names[index]].values()))
            stamps = clock(self.place, file).times
        return stamps[: int(self.lengths[index]) + 1]

    def _column(self, name: str, index: int, table: Table, steps: int) -> Any:
        if name in self._cameras:
            return self._video(name, index, table, steps + 1)
        column = self.columns[name]
        rows = steps if column.rows == "steps" else steps + 1
        values = table.columns[name][:rows].astype(column.dtype, copy=False)
        return values.reshape(rows, *column.shape)

    def _video(self, name: str, index: int, table: Table, frames: int) -> Video:
        file = self.videos[self.names[index]][self._cameras[name]]
        found = clock(self.place, file)
        if table.times is None:
            return Video(self.place, file, found.times[:frames], self.sizes[name])
        apart = 0.5 / found.fps if found.fps else None
        return Video(self.place, file, table.times, self.sizes[name], tolerance=apart)

    def _table(self, index: int) -> Table:
        """The table of an episode; WmpcError where it is not as the first one."""
        table = read_table(self.place, self.tables[self.names[index]])
        if self.columns:
            recorded = {n for n in self.columns if n not in self._cameras}
            if table.columns.keys() != recorded or (table.times is not None) != self.timed:
                raise WmpcError(f"{table.what} has other columns than {self.names[self.head]} has")
            for name, values in table.columns.items():
                shape = self.columns[name].shape[1:] if name == "action" else None
                shape = self.columns[name].shape if shape is None else shape
                if values.shape[1:] != shape:
                    raise WmpcError(f"{name} of {table.what} is {values.shape[1:]}, not {shape}")
        return table

    def _frames(self, index: int, table: Table) -> int:
        """T+1 of an episode; WmpcError where a video does not go with its table."""
        if table.times is not None:
            return table.rows
        counts = {file: len(clock(self.place, file).times)
                  for file in self.videos[self.names[index]].values()}  # fmt: skip
        for file, count in counts.items():
            if count not in (table.rows, table.rows + 1) or count != next(iter(counts.values())):
                raise WmpcError(
                    f"{file} of {self.path} has {count} frames, its table {table.rows} rows: there "
                    "should be as many, or one less, or a column of time stamps"
                )
        # A proprioception is needed of every frame.
        return table.rows if "proprio" in table.columns else next(iter(counts.values()))

    def _first_video(self, camera: str) -> str:
        order = [self.names[self.head], *self.names]
        return next(self.videos[name][camera] for name in order if camera in self.videos[name])

    def _first_sound(self) -> int:
        errors = []
        for index in range(len(self.names)):
            try:
                self._frames(index, self._table(index))
                return index
            except WmpcError as error:
                errors.append(error)
        raise errors[0]

    def _tried(self, index: int) -> int:
        """T of an episode; 0 where it cannot be read."""
        try:
            return self._steps(index)
        except WmpcError as error:
            self.unreadable[index] = str(error)
            return 0

    def _steps(self, index: int) -> int:
        table = self._table(index)
        frames = self._frames(index, table)
        if frames < 2:
            raise WmpcError(f"{self.names[index]} of {self.path} has {frames} frames: no step")
        if (frames == table.rows) != self.even:
            raise WmpcError(
                f"{table.what} has {table.rows} rows for {frames} frames, unlike "
                f"{self.names[self.head]}"
            )
        return frames - 1

    def _plan(self, head: Table) -> Mapping[str, Column]:
        rows = "frames" if self.even else "steps"
        columns = {name: Column(name, np.dtype(np.uint8), (*size, 3), "frames")
                   for name, size in self.sizes.items()}  # fmt: skip
        if "action" not in head.columns:
            raise WmpcError(
                f"{head.what} has no actions: columns action, or action_0, action_1, ..."
            )
        for name, values in head.columns.items():
            shape, dtype = values.shape[1:], values.dtype
            if name == "action":
                columns[name] = Column(name, np.dtype(np.float32), (1, *shape), "steps")
            elif name == "proprio":
                columns[name] = Column(name, np.dtype(np.float32), shape, "frames")
            else:
                columns[name] = Column(name, dtype, shape, rows)
        return columns

    def _stated_fps(self) -> float | None:
        for name in METAS:
            if self.place.exists(name):
                fps = self.place.json(name).get("fps")
                if fps is None:
                    continue
                if isinstance(fps, bool) or not isinstance(fps, int | float) or not 0 < fps < 1e5:
                    raise WmpcError(f"{self.place.name(name)} states fps {fps!r}: no rate")
                return float(fps)
        return None


def _files(place: Place) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """Tables and videos by episode, the latter by camera; WmpcError where a name is twice there."""
    tables: dict[str, str] = {}
    for file in place.glob("*"):
        stem, dot, ending = file.rpartition(".")
        if dot + ending.lower() in ENDINGS:
            if stem in tables:
                raise WmpcError(f"{place.path} has both {tables[stem]} and {file}: which is meant?")
            tables[stem] = file
    videos: dict[str, dict[str, str]] = {}
    for file in [*place.glob("*"), *place.glob("*/*")]:
        folder, _, name = file.rpartition("/")
        stem, dot, ending = name.rpartition(".")
        if dot + ending.lower() not in VIDEOS:
            continue
        episode, camera = stem, folder
        if stem not in tables and not folder:
            episode, _, camera = stem.rpartition(".")
        if episode not in tables:
            continue
        camera = re.sub(r"[^\w.-]", "_", camera)
        if camera in videos.setdefault(episode, {}):
            raise WmpcError(f"{place.path} has two videos of {episode} and camera {camera!r}")
        videos[episode][camera] = file
    return tables, videos


def _counted(name: str) -> list[tuple[bool, int, str]]:
    """A key by which take_2 comes before take_10."""
    parts = re.split(r"(\d+)", name)
    return [(part.isdigit(), int(part) if part.isdigit() else 0, part) for part in parts]
