"""A recording as training wants it: chosen cameras and columns, resized, re-timed.

A view is itself a `Source`: what imports, what trains without importing and what examines a
recording all look through one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from PIL import Image

from wmpc.errors import WmpcError
from wmpc.wm.data.format import FITS, Column, is_camera
from wmpc.wm.recordings.rate import at_even_times, is_uneven
from wmpc.wm.recordings.source import Frames, Source
from wmpc.wm.recordings.timing import Timing


class View(Source):
    """`source`, seen otherwise.

    Args:
        size: pixels, height and width of every picture; None leaves them as recorded.
        fit: one of `FITS`.
        fps: frames a second wanted, at most those recorded; see
        `wmpc.wm.recordings.timing`. None:
            all frames.
        recorded_fps: frames a second of the recording, where it does not say or is wrong.
        cameras: names (`top`, `pixels/top`) in the order wanted; None: all.
        columns: others to keep beside pictures, action, proprio and state; None: all.
        proprio: columns (T+1, ...) that are joined, in this order, to the proprioception (T+1, P).
        actions: columns (T+1, ...) or (T, ...) that are joined to the action (T, 1, A), the row of
            the last frame left out; they are not kept a second time.

    WmpcError where one of these does not exist, or does not fit.
    """

    def __init__(
        self,
        source: Source,
        *,
        size: int | None = None,
        fit: str = "squash",
        fps: float | None = None,
        recorded_fps: float | None = None,
        cameras: Sequence[str] | None = None,
        columns: Sequence[str] | None = None,
        proprio: Sequence[str] | None = None,
        actions: Sequence[str] | None = None,
    ) -> None:
        super().__init__(source.path)
        if fit not in FITS:
            raise WmpcError(f"fit={fit} came; a picture is made square by {', '.join(FITS)}")
        if size is not None and size < 8:
            raise WmpcError(f"size={size} came; pictures need at least 8 pixels")
        self.source, self.size, self.fit = source, size, fit
        self.timing = Timing.between(recorded_fps or source.about.fps, fps, source.path)
        self.joined = {"proprio": _joinable(source, "proprio", proprio)} if proprio else {}
        if actions:
            self.joined["action"] = _joinable(source, "actions", actions)
        acted = "action" in source.columns and "action" not in self.joined
        if acted and not self.timing.is_whole and source.columns["action"].shape[0] > 1:
            raise WmpcError(
                f"fps={fps:g} does not divide the {recorded_fps or source.about.fps:g} of "
                f"{source.path}, which has several actions a frame: ask for a rate that does"
            )
        self.about = replace(source.about, fps=self.timing.fps)
        if "action" in self.joined and self.joined["action"] != ["action"]:
            named = {**source.about.names, "action": _dimensions(source, self.joined["action"])}
            self.about = replace(self.about, action_low=None, action_high=None, names=named)
        self.lengths = self.timing.steps(source.lengths)
        self.unreadable = dict(source.unreadable)
        self.rows: dict[int, np.ndarray] | None = None
        """By episode, the rows (T+1,) kept, where time stamps pick them."""
        if fps is not None and _uneven(source):
            self._pick(fps)
        chosen = {name: name for name in _cameras(source, cameras)}
        if len(chosen) == 1:
            chosen = {"pixels": next(iter(chosen))}
        names = [*chosen, *self.joined]
        names += [name for name in ("action", "proprio", "state") if name in source.columns]
        named = self.joined.get("action", [])
        names += [n for n in _others(source, columns) if columns is not None or n not in named]
        self._from = {name: [chosen.get(name, name)] for name in dict.fromkeys(names)}
        self._from |= self.joined
        self.columns = {name: self._column(name) for name in self._from}

    def close(self) -> None:
        """Close the source."""
        self.source.close()

    def _read(self, index: int, names: Sequence[str]) -> dict[str, Any]:
        wanted = [part for name in names for part in self._from[name]]
        found = self.source.episode(index, list(dict.fromkeys(wanted)))
        rows = self._rows(index)
        episode: dict[str, Any] = {}
        for name in names:
            array, kind = found[self._from[name][0]], self.columns[name].rows
            if name in self.joined:
                parts = [np.asarray(found[part], np.float32) for part in self.joined[name]]
                if name == "action":
                    parts = [part[: int(self.source.lengths[index])] for part in parts]
                array = np.concatenate([part.reshape(len(part), -1) for part in parts], 1)
                array = array[:, None] if name == "action" else array
            if name in self.cameras:
                episode[name] = Resized(array, rows, self.size, self.fit)
            elif kind == "frames":
                episode[name] = np.asarray(array)[rows]
            elif kind == "steps":
                episode[name] = self.timing.group(np.asarray(array), rows, name == "action")
            else:
                episode[name] = np.asarray(array)
        return episode

    def _pick(self, fps: float) -> None:
        """Take the frames nearest to even times; an episode whose frames are too far apart for
        that cannot be read."""
        self.timing, self.rows = Timing(fps, by_time=True), {}
        self.lengths = np.zeros(len(self.source), np.int64)
        for index in np.flatnonzero(self.source.lengths).tolist():
            try:
                self.rows[index] = self._even_rows(index, fps)
                self.lengths[index] = len(self.rows[index]) - 1
            except WmpcError as error:
                self.unreadable.setdefault(index, str(error))

    def _even_rows(self, index: int, fps: float) -> np.ndarray:
        """The rows (T+1,) of an episode that are nearest to even times."""
        times = self.source.times(index)
        if times is None:
            raise WmpcError(f"episode {index} of {self.path} has no time stamps, others have")
        rows = at_even_times(times, fps)
        bad = np.abs(times[rows] - times[0] - np.arange(len(rows)) / fps) > 0.5 / fps + 1e-6
        bad[1:] |= np.diff(rows) == 0
        if bad.any():
            row = int(rows[np.argmax(bad)])
            step = float(np.diff(times)[max(0, row - 1) : row + 1].max())
            raise WmpcError(
                f"frames of episode {index} of {self.path} are {1000 * step:.0f} ms apart near "
                f"{times[row]:.3f} s, too far for fps={fps:g}: ask for "
                f"{np.floor(1 / step + 0.01):g} or less, or cut the episode there"
            )
        return rows

    def _rows(self, index: int) -> np.ndarray:
        if self.rows is not None:
            return self.rows[index]
        return self.timing.rows(int(self.source.lengths[index]))

    def _column(self, name: str) -> Column:
        if name in self.joined:
            parts = (self.source.columns[part] for part in self.joined[name])
            size, kind = sum(int(np.prod(part.shape)) for part in parts), np.dtype(np.float32)
            if name == "action":
                return Column(name, kind, self.timing.grouped((1, size), True), "steps")
            return Column(name, kind, (size,), "frames")
        column = replace(self.source.columns[self._from[name][0]], name=name)
        if is_camera(name) and self.size is not None:
            return replace(column, shape=(self.size, self.size, 3))
        if column.rows == "steps":
            return replace(column, shape=self.timing.grouped(column.shape, name == "action"))
        return column


class Resized(Frames):
    """The `rows` of some pictures, each `size` pixels square (None: as they are)."""

    def __init__(self, pictures: Any, rows: np.ndarray, size: int | None, fit: str) -> None:
        height, width = (size, size) if size is not None else pictures.shape[1:3]
        super().__init__((len(rows), height, width, 3))
        self.rows, self.fit, self.size = rows, fit, size
        # A video that is only squashed is best resized while its colours are converted.
        if size is not None and fit == "squash" and hasattr(pictures, "resized"):
            pictures = pictures.resized(size, size)
        self.pictures = pictures

    def decode(self, rows: np.ndarray) -> Iterator[np.ndarray]:
        """Show the pictures of ascending, distinct rows at this size.

        Args:
            rows: (n,) which of the rows of this view.

        Yields:
            (H, W, 3) uint8 of each.
        """
        inner = self.rows[rows]
        if isinstance(self.pictures, Frames):
            found: Any = self.pictures.decode(inner)
        else:
            found = (self.pictures[row] for row in inner)
        for picture in found:
            yield square(np.asarray(picture), self.size, self.fit)


def square(picture: np.ndarray, size: int | None, fit: str) -> np.ndarray:
    """Make a picture a square, each pixel averaged over those that it covers.

    Args:
        picture: (H, W, 3) uint8.
        size: pixels a side; None: as it is.
        fit: one of `FITS`.

    Returns:
        (size, size, 3) uint8.
    """
    height, width = picture.shape[:2]
    if size is None or (height, width) == (size, size):
        return picture
    image = Image.fromarray(picture)
    if fit == "crop":
        side = min(height, width)
        left, top = (width - side) // 2, (height - side) // 2
        image = image.crop((left, top, left + side, top + side))
    if fit != "pad":
        return np.asarray(image.resize((size, size), Image.Resampling.BOX))
    scale = size / max(height, width)
    inner = (max(1, round(width * scale)), max(1, round(height * scale)))
    canvas = Image.new("RGB", (size, size))
    canvas.paste(
        image.resize(inner, Image.Resampling.BOX),
        ((size - inner[0]) // 2, (size - inner[1]) // 2),
    )
    return np.asarray(canvas)


def _uneven(source: Source) -> bool:
    """Whether the time stamps of some episode are no even clock."""
    for index in np.flatnonzero(source.lengths > 1).tolist():
        try:
            times = source.times(index)
        except WmpcError:
            continue
        if times is None:
            return False
        if is_uneven(times):
            return True
    return False


def _cameras(source: Source, wanted: Sequence[str] | None) -> list[str]:
    if wanted is None:
        return source.cameras
    found = []
    for name in wanted:
        full = name if name in source.cameras else f"pixels/{name}"
        if full not in source.cameras:
            have = ", ".join(name.removeprefix("pixels/") for name in source.cameras) or "none"
            raise WmpcError(f"{source.path} has no camera {name!r}; it has {have}")
        found.append(full)
    return found


def _others(source: Source, wanted: Sequence[str] | None) -> list[str]:
    others = [name for name in source.columns if name not in source.cameras]
    if wanted is None:
        return others
    if unknown := [name for name in wanted if name not in others]:
        raise WmpcError(f"{source.path} has no column {unknown[0]!r}; it has {', '.join(others)}")
    return list(wanted)


def _joinable(source: Source, key: str, names: Sequence[str]) -> list[str]:
    """The columns named, which are numbers: of each frame or, for actions, of each step too."""
    acts = key == "actions"
    rows = ("frames", "steps") if acts else ("frames",)
    have = [
        name
        for name, column in source.columns.items()
        if column.rows in rows and name not in source.cameras and column.dtype.kind in "biuf"
    ]
    if unknown := [name for name in map(str, names) if name not in have]:
        why = source.about.left_out.get(unknown[0])
        raise WmpcError(
            f"{key}={unknown[0]} came; {source.path} has {', '.join(have) or 'none'}"
            + (f" ({unknown[0]} is left out: {why})" if why else "")
        )
    if acts and "action" in names and source.columns["action"].shape[0] > 1:
        raise WmpcError(f"actions=action came; {source.path} has several actions a frame: leave it")
    return list(map(str, names))


def _dimensions(source: Source, names: Sequence[str]) -> list[str]:
    """What the numbers of some columns, side by side, are called."""
    found = []
    for name in names:
        size = int(np.prod(source.columns[name].shape))
        said = list(source.about.names.get(name, ()))
        numbered = [name] if size == 1 else [f"{name}[{i}]" for i in range(size)]
        found += said if len(said) == size else numbered
    return found
