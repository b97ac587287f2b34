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
from collections.abc import Sequence
from typing import Any

import numpy as np

from wmpc.errors import WmpcError
from wmpc.wm.data.format import Column
from wmpc.wm.recordings.fitting import Form, Forms
from wmpc.wm.recordings.formats.video_folder.table import ENDINGS, Table, read_table
from wmpc.wm.recordings.io.files import Place
from wmpc.wm.recordings.io.video import Video
from wmpc.wm.recordings.io.video_clock import clock
from wmpc.wm.recordings.naming import clean_name
from wmpc.wm.recordings.rate import RATE_TOLERANCE, rate_of
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
        fps = self._stated_fps()
        self._seen: dict[int, tuple[int, dict[str, Form]]] = {}
        """Of each episode that can be read, its frames and the forms of its table's columns."""
        self._survey(len(self.names), self._look)
        forms = Forms()
        for index, (_, held) in self._seen.items():
            forms.add(index, self.names[index], held)
        lacking = {
            column: {
                index: f"{name} has no video of {camera or 'its own name'}"
                for index, name in enumerate(self.names)
                if camera not in self.videos[name]
            }
            for column, camera in self._cameras.items()
        }
        self.unfit = {**lacking, **forms.unfit()}
        odd = {index for by in self.unfit.values() for index in by}
        first = min(self._seen, key=lambda index: (index in odd, index))
        head, order = self._table(first), [self.names[first], *self.names]
        clocks = {
            column: clock(self.place, next(self.videos[n][c] for n in order if c in self.videos[n]))
            for column, c in self._cameras.items()
        }
        self.sizes = {column: found.size for column, found in clocks.items()}
        self.columns = {
            column: Column(column, np.dtype(np.uint8), (*size, 3), "frames")
            for column, size in self.sizes.items()
        }
        for name, (shape, dtype, rows) in forms.usual().items():
            self.columns[name] = Column(name, dtype, shape, rows)
        rate, notes = next(iter(clocks.values())).fps, []
        if not fps:
            notes.append("frames a second are those of the first episode")
        timed = "row t of a table is frame t of videos"
        notes.append("time stamps pick the frames" if head.times is not None else timed)
        if alone := sorted(tables.keys() - self.videos.keys()):
            notes.append(f"tables without a video are left out: {', '.join(alone[:5])}")
        if head.rows == self._seen[first][0]:
            notes.append("the action of the last row leads nowhere that was recorded: left out")
        if head.times is not None and head.rows > 1:
            rate = rate_of(head.times)
            if fps and abs(rate / fps - 1) > RATE_TOLERANCE:
                raise WmpcError(
                    f"{path} states {fps:g} frames a second, the time stamps of {head.what} are "
                    f"{rate:g} a second: mend one of them"
                )
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
        if self._held(index, table) != self._seen[index]:
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
        return read_table(self.place, self.tables[self.names[index]])

    def _look(self, index: int) -> int:
        """T of an episode; WmpcError where it cannot be read."""
        table = self._table(index)
        if "action" not in table.columns:
            raise WmpcError(
                f"{table.what} has no actions: columns action, or action_0, action_1, ..."
            )
        self._seen[index] = frames, _ = self._held(index, table)
        return frames - 1

    def _held(self, index: int, table: Table) -> tuple[int, dict[str, Form]]:
        """Frames of an episode, and the forms of its table's columns; WmpcError where its videos
        do not go with it."""
        frames = self._frames(index, table)
        if frames < 2:
            raise WmpcError(f"{self.names[index]} of {self.path} has {frames} frames: no step")
        kinds = {"action": "steps", "proprio": "frames"}
        other = "frames" if frames == table.rows else "steps"
        return frames, {
            name: ((1,) * (name == "action") + a.shape[1:], a.dtype, kinds.get(name, other))
            for name, a in table.columns.items()
        }

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
        camera = clean_name(camera) if camera else ""
        if camera in videos.setdefault(episode, {}):
            raise WmpcError(f"{place.path} has two videos of {episode} and camera {camera!r}")
        videos[episode][camera] = file
    return tables, videos


def _counted(name: str) -> list[tuple[bool, int, str]]:
    """A key by which take_2 comes before take_10."""
    parts = re.split(r"(\d+)", name)
    return [(part.isdigit(), int(part) if part.isdigit() else 0, part) for part in parts]
