"""A folder as people record at home: videos, beside each a table, or one log of all, or none.

    pick_1.mp4, pick_1.csv              an episode; .mov, .mkv, .avi, .webm and .m4v too
    pick_1.parquet, .npz or .npy        instead of the CSV: arrays by name, or the actions alone
    pick_1.wrist.mp4, pick_1.top.mp4    several cameras, or wrist/pick_1.mp4, top/pick_1.mp4
    run_01/front.mp4, run_01/side.mp4, run_01/joints.csv    a folder an episode
    log.csv                             instead of tables: all rows, with a column `episode`
    meta.json or info.json              {"fps": 30}, where the videos' own rate is not meant

Columns of a table: `action`, `actions`, `action_0`, `action.x`, ...; `proprio` and `state` likewise
become `proprio`; `timestamp` or `time` are seconds on the video's clock; everything else is kept
under its own name. A table has as many rows as the videos have frames (the last action then leads
nowhere), or one less; of a last frame without proprioception nothing is kept. Where there are time
stamps that are those of frames, they pick the frames, one a row; else the table is a log with a
clock of its own, whose rows are brought to the frames (`merge.py`).
"""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from wmpc.errors import WmpcError
from wmpc.wm.data.format import Column
from wmpc.wm.recordings.fitting import Form, Forms
from wmpc.wm.recordings.formats.video_folder.filmed import filmed_by_all, half_frame, logged
from wmpc.wm.recordings.formats.video_folder.layout import (
    find_layout,
    is_video,
    stated_fps,
)
from wmpc.wm.recordings.formats.video_folder.merge import at_frames, has_frame_each
from wmpc.wm.recordings.formats.video_folder.notes import note_files, note_tables
from wmpc.wm.recordings.formats.video_folder.table import (
    Table,
    read_log,
    read_table,
    with_roles,
)
from wmpc.wm.recordings.io.files import Place
from wmpc.wm.recordings.io.video import Video
from wmpc.wm.recordings.io.video_clock import Clock, clock
from wmpc.wm.recordings.rate import RATE_TOLERANCE, rate_of
from wmpc.wm.recordings.roles import Roles
from wmpc.wm.recordings.source import About, Source

UNNAMED = "main"
"""The camera of a video whose name is the episode's alone, where there are others."""
LOOKED_AT = 16
"""Episodes by which it is told whether time stamps are those of frames."""


class VideoFolder(Source):
    """Episodes in the order of their names, the numbers in them counted."""

    format = "video-folder"

    def __init__(self, path: str, roles: Roles | None = None) -> None:
        super().__init__(path)
        self.roles = roles or Roles()
        self.place = Place(path)
        if not self.place.is_folder():
            raise WmpcError(f"{path} is no folder with videos")
        layout = find_layout(self.place)
        self.videos, self.names = layout.videos, list(layout.videos)
        if not self.names:
            raise WmpcError(
                f"{path} holds no episode: there is no video, or only in folders with tables of "
                "their own, each of which may be given"
            )
        self.tables = layout.tables
        self.log = None if self.tables else read_log(self.place, layout.others, self.names)
        cameras = sorted({camera for name in self.names for camera in self.videos[name]})
        self._cameras = {
            "pixels" if len(cameras) == 1 else f"pixels/{camera or UNNAMED}": camera
            for camera in cameras
        }
        fps = stated_fps(self.place)
        self._clocks: dict[str, Clock] = {}
        self.merged = self._has_own_clock()
        """Whether tables have time stamps that are not those of frames."""
        self._trimmed: dict[int, int] = {}
        """Of each episode, the frames of a camera that others or the log do not cover."""
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
            column: self._clock(next(self.videos[n][c] for n in order if c in self.videos[n]))
            for column, c in self._cameras.items()
        }
        self.sizes = {column: found.size for column, found in clocks.items()}
        self.columns = {
            column: Column(column, np.dtype(np.uint8), (*size, 3), "frames")
            for column, size in self.sizes.items()
        }
        for name, (shape, dtype, rows) in forms.usual().items():
            self.columns[name] = Column(name, dtype, shape, rows)
        rate = next(iter(clocks.values())).fps
        if head is not None and head.times is not None and not self.merged and head.rows > 1:
            rate = rate_of(head.times)
            if fps and abs(rate / fps - 1) > RATE_TOLERANCE:
                raise WmpcError(
                    f"{path} states {fps:g} frames a second, the time stamps of {head.what} are "
                    f"{rate:g} a second: mend one of them"
                )
        self.about = About(
            fps=fps or rate,
            names=head.labels if head else {},
            notes=[
                *([] if fps else ["frames a second are those of the first episode"]),
                *note_tables(
                    head, self._seen[first][0], self.merged, sum(self._trimmed.values()), self.roles
                ),
                *note_files(layout, self.log is not None),
            ],
            left_out=head.left_out if head else {},
        )
        self.settle()

    @classmethod
    def opened(cls, path: str, roles: Roles) -> Self:
        """Open a folder, with what a person says of the columns of its tables.

        Args:
            path: a path, or a URL that fsspec knows.
            roles: which columns are actions, joints and time stamps.

        Returns:
            The folder.
        """
        return cls(path, roles)

    @classmethod
    def _is_at(cls, place: Place) -> bool:
        return place.is_folder() and bool(find_layout(place).videos)

    @classmethod
    def _is_like(cls, place: Place) -> bool:
        return place.is_folder() and any(map(is_video, (*place.glob("*"), *place.glob("*/*"))))

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
        table = self._table(index)
        if table is None or self.merged:
            return self._filmed(index, table)
        stamps = table.times
        if stamps is None:
            file = next(iter(self.videos[self.names[index]].values()))
            stamps = self._clock(file).times
        return stamps[: int(self.lengths[index]) + 1]

    def _column(self, name: str, index: int, table: Table | None, steps: int) -> Any:
        if name in self._cameras:
            return self._video(name, index, table, steps + 1)
        assert table is not None
        column = self.columns[name]
        rows = steps if column.rows == "steps" else steps + 1
        if self.merged and table.times is not None:
            frames = self._filmed(index, table)[:rows]
            values = at_frames(table, name, frames, self._is_joint(name), self.roles.gap_s)
        else:
            values = table.columns[name][:rows]
        return values.astype(column.dtype, copy=False).reshape(rows, *column.shape)

    def _video(self, name: str, index: int, table: Table | None, frames: int) -> Video:
        file = self.videos[self.names[index]][self._cameras[name]]
        found = self._clock(file)
        if table is None or self.merged:
            wanted = self._filmed(index, table)
        elif table.times is None:
            return Video(self.place, file, found.times[:frames], self.sizes[name])
        else:
            wanted = table.times
        apart = 0.5 / found.fps if found.fps else None
        return Video(self.place, file, wanted, self.sizes[name], tolerance=apart)

    def _table(self, index: int) -> Table | None:
        """The table of an episode; None where the folder has none."""
        name = self.names[index]
        if self.log is None:
            return read_table(self.place, self.tables[name], self.roles) if self.tables else None
        if name not in self.log:
            raise WmpcError(f"the log of {self.path} has no row of {name}")
        return with_roles(self.log[name], self.roles)

    def _has_own_clock(self) -> bool:
        """Whether most tables have time stamps of which some have no frame of their own."""
        votes = []
        picks = np.linspace(0, len(self.names) - 1, min(len(self.names), LOOKED_AT)).astype(int)
        for index in np.unique(picks).tolist():
            try:
                table = self._table(index)
                if table is None or table.times is None:
                    continue
                shown = [self._clock(f) for f in self.videos[self.names[index]].values()]
            except WmpcError:
                continue  # said where the episode is read
            votes.append(all(has_frame_each(c.times, half_frame(c), table.times) for c in shown))
        return sum(votes) * 2 < len(votes)

    def _look(self, index: int) -> int:
        """T of an episode; WmpcError where it cannot be read."""
        self._seen[index] = frames, _ = self._held(index, self._table(index))
        return frames - 1

    def _held(self, index: int, table: Table | None) -> tuple[int, dict[str, Form]]:
        """Frames of an episode, and the forms of its table's columns; WmpcError where its videos
        do not go with it."""
        frames = self._frames(index, table)
        if frames < 2:
            raise WmpcError(f"{self.names[index]} of {self.path} has {frames} frames: no step")
        if table is None:
            return frames, {}
        kinds = {"action": "steps", "proprio": "frames"}
        whole = self.merged and table.times is not None
        other = "frames" if whole or frames == table.rows else "steps"
        return frames, {
            name: ((1,) * (name == "action") + a.shape[1:], a.dtype, kinds.get(name, other))
            for name, a in table.columns.items()
        }

    def _frames(self, index: int, table: Table | None) -> int:
        """T+1 of an episode; WmpcError where a video does not go with its table."""
        if table is None or (self.merged and table.times is not None):
            return len(self._filmed(index, table))
        if self.merged:
            raise WmpcError(f"{table.what} has no time stamps, other tables have")
        if table.times is not None:
            return table.rows
        counts = {file: len(self._clock(file).times)
                  for file in self.videos[self.names[index]].values()}  # fmt: skip
        for file, count in counts.items():
            if count not in (table.rows, table.rows + 1) or count != next(iter(counts.values())):
                have = ", ".join([*table.columns][:9])
                raise WmpcError(
                    f"{file} of {self.path} has {count} frames, its table {table.rows} rows: there "
                    "should be as many, or one less, or a column of time stamps (time=... names "
                    f"it; the table has {have})"
                )
        # A proprioception is needed of every frame.
        return table.rows if "proprio" in table.columns else next(iter(counts.values()))

    def _filmed(self, index: int, table: Table | None) -> np.ndarray:
        """(T+1,) seconds: the first camera's frames that all others and the log have, too."""
        shown = {file: self._clock(file) for file in self.videos[self.names[index]].values()}
        times = filmed_by_all(self.path, shown)
        if table is not None and table.times is not None:
            linear = {n: self._is_joint(n) for n in table.columns if self._is_needed(n)}
            times = logged(table, times, linear, self.roles.gap_s)
        self._trimmed[index] = max(len(found.times) for found in shown.values()) - len(times)
        return times

    def _clock(self, file: str) -> Clock:
        """When a video shows its frames, looked up once."""
        if file not in self._clocks:
            self._clocks[file] = clock(self.place, file)
        return self._clocks[file]

    def _is_joint(self, name: str) -> bool:
        return name == "proprio" or name in self.roles.proprio

    def _is_needed(self, name: str) -> bool:
        return name == "action" or name in self.roles.actions or self._is_joint(name)
