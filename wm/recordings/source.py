"""What every reader gives: recorded episodes in this project's own terms, read where they lie.

An episode is a mapping of columns as in `docs/architecture.md`: `action` (T, 1, A) float32, T+1
frames of `pixels` or `pixels/<camera>`, `proprio` where the format says which column that is, and
everything else under its own name. Pictures may be `Frames`, decoded as they are asked for.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any, ClassVar, Self

import numpy as np

from wmpc.errors import WmpcError
from wmpc.wm.data.format import Column, is_camera
from wmpc.wm.recordings import fitting
from wmpc.wm.recordings.io.files import Place
from wmpc.wm.recordings.roles import Roles

EPISODE_BYTES = 4 * 2**30
"""What one episode may take decoded: its numbers together, and each camera's pictures (4 GiB).

Who has longer episodes cuts them, or takes fewer columns, smaller pictures (`size=`) or a lower
`fps=`; from Python the bound can be set."""


class Frames(ABC):
    """Pictures (n, H, W, 3) uint8 that are decoded when read; nothing is kept."""

    dtype = np.dtype(np.uint8)

    def __init__(self, shape: tuple[int, int, int, int]) -> None:
        self.shape = shape

    @abstractmethod
    def decode(self, rows: np.ndarray) -> Iterator[np.ndarray]:
        """Decode the pictures of ascending, distinct rows.

        Args:
            rows: (n,) which.

        Yields:
            (H, W, 3) uint8 of each in turn.

        Raises:
            WmpcError: one cannot be decoded, or is not of the stated size.
        """

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: Any) -> np.ndarray:
        """As an array would give them: a row, a slice, or a sequence of rows in any order."""
        wanted = np.arange(len(self))[rows]
        distinct, back = np.unique(wanted, return_inverse=True)
        if (size := len(distinct) * prod(self.shape[1:])) > EPISODE_BYTES:
            raise WmpcError(
                f"{len(distinct)} pictures of {self.shape[1]} x {self.shape[2]} would take {size} "
                f"bytes, the bound is {EPISODE_BYTES}: ask for a smaller size= or a lower fps="
            )
        out = np.empty((len(distinct), *self.shape[1:]), np.uint8)
        count = 0
        for count, picture in enumerate(self.decode(distinct), 1):
            out[count - 1] = picture
        if count != len(distinct):
            raise WmpcError(f"{len(distinct)} pictures were asked for, {count} could be decoded")
        return out[back.reshape(np.shape(wanted))]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self[:], dtype)


Episode = Mapping[str, "np.ndarray | Frames"]


@dataclass(frozen=True)
class About:
    """What a recording says of itself, beyond its columns."""

    fps: float | None = None
    """Frames a second; None where it is not recorded."""
    env: Mapping[str, Any] = field(default_factory=dict)
    """`id` and `kwargs` of the gymnasium environment, where they are recorded."""
    action_low: Sequence[float] | None = None
    action_high: Sequence[float] | None = None
    """Bounds of the actions (A,), where they are recorded."""
    names: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Names of the dimensions of a column, where they are recorded."""
    labels: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Strings that the integers of a column stand for, such as the tasks of `task_index`."""
    splits: Mapping[str, Sequence[int]] = field(default_factory=dict)
    """Episodes of each recorded split."""
    notes: Sequence[str] = ()
    """Sentences: what was guessed or is unusual."""
    left_out: Mapping[str, str] = field(default_factory=dict)
    """Columns that an episode cannot hold (strings, ragged arrays), and why."""


class Source(ABC):
    """Episodes in some format. Opening reads what describes them, never their pictures.

    The constructor takes a path or an fsspec URL. It raises WmpcError where there is no such
    recording or what describes it is damaged; `episode` does where the episode is.
    """

    format: ClassVar[str]
    """Its name, as `format=` takes it."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.about = About()
        self.columns: Mapping[str, Column] = {}
        """What each episode holds; pictures are of their recorded size."""
        self.lengths = np.zeros(0, np.int64)
        """(N,) steps T of each episode; it has T+1 frames. 0 where it cannot be read."""
        self.unreadable: dict[int, str] = {}
        """Why an episode cannot be read, where that was seen when the recording was opened."""
        self.unfit: Mapping[str, Mapping[int, str]] = {}
        """By column, the episodes that do not hold it as the others do, and why."""
        self._found: tuple[Mapping[str, Column], Mapping[str, str]] | None = None

    @classmethod
    def opened(cls, path: str, roles: Roles) -> Self:
        """Open a recording, with what a person says of its columns.

        Args:
            path: a path, or a URL that fsspec knows.
            roles: which columns are actions, joints and time stamps. A format that knows when
                frames were taken has no use for them: a `View` joins columns.

        Returns:
            The recording.

        Raises:
            WmpcError: a column of time stamps is named, which this format does not take.
        """
        if roles.time is not None:
            raise WmpcError(
                f"time={roles.time} came, for tables beside videos; {path} is {cls.format}, which "
                "knows itself when frames were taken"
            )
        return cls(path)

    @classmethod
    def recognises(cls, path: str) -> bool:
        """Say whether a path looks like this format, by names and a few bytes at most.

        Args:
            path: a path, or a URL that fsspec knows.

        Returns:
            Whether it does; False where it cannot be looked at.
        """
        try:
            return cls._is_at(Place(path))
        except Exception:  # whatever a file system or a format's library raises
            return False

    @classmethod
    def resembles(cls, path: str) -> bool:
        """Say whether files have the names of this format, though no reader recognises them.

        Opening such a path says what is wrong with it.

        Args:
            path: a path, or a URL that fsspec knows.

        Returns:
            Whether they have. May raise what a file system raises.
        """
        return cls._is_like(Place(path))

    def episode(self, index: int, columns: Sequence[str] | None = None) -> dict[str, Any]:
        """Read an episode.

        Args:
            index: 0 to N-1.
            columns: names of those wanted; None: all.

        Returns:
            An array of each column as `columns` describes it, pictures as `Frames`.

        Raises:
            WmpcError: there is no such episode or column, or it is damaged: an episode is never
                silently shorter or misaligned.
        """
        return self._read(index, self._chosen(index, columns))

    @classmethod
    def _is_at(cls, place: Place) -> bool:
        """Whether the place looks like this format. May raise."""
        return False

    @classmethod
    def _is_like(cls, place: Place) -> bool:
        """Whether the place has the names of this format. May raise."""
        return False

    @abstractmethod
    def _read(self, index: int, names: Sequence[str]) -> dict[str, Any]:
        """These columns, which it has, of an episode, which there is."""

    def times(self, index: int) -> np.ndarray | None:
        """Read when the frames of an episode were taken.

        Args:
            index: 0 to N-1.

        Returns:
            (T+1,) seconds, ascending; None where they are not recorded. A damaged episode is a
            WmpcError.
        """
        return None

    def _survey(self, count: int, steps_of: Callable[[int], int]) -> None:
        """Take the lengths of `count` episodes from `steps_of`; one for which it raises is
        unreadable. WmpcError where all are."""
        self.lengths = np.zeros(count, np.int64)
        for index in range(count):
            try:
                self.lengths[index] = steps_of(index)
            except WmpcError as error:
                self.unreadable[index] = str(error)
        self._refuse_unreadable()

    def _refuse_unreadable(self) -> None:
        if len(self) and len(self.unreadable) == len(self):
            raise WmpcError(self.unreadable[0])

    def settle(self, without: Collection[int] = ()) -> None:
        """Leave out the columns that not all episodes hold.

        A reader calls it when it has found its columns; called again, it begins with all of them.

        Args:
            without: indices of episodes that do not count.
        """
        self._found = self._found or (self.columns, self.about.left_out)
        columns, left = self._found
        out = fitting.left_out(self.unfit, len(self), {*without, *self.unreadable})
        self.columns = {name: column for name, column in columns.items() if name not in out}
        self.about = replace(self.about, left_out={**left, **out})

    @property
    def cameras(self) -> list[str]:
        """Its picture columns."""
        return [name for name in self.columns if is_camera(name)]

    def __len__(self) -> int:
        return len(self.lengths)

    def close(self) -> None:  # noqa: B027 (most have nothing to let go of)
        """Let go of open files."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _chosen(self, index: int, columns: Sequence[str] | None) -> list[str]:
        """The columns asked for; WmpcError where the episode or one of them does not exist."""
        if not 0 <= index < len(self):
            raise WmpcError(f"{self.path} has {len(self)} episodes; there is no episode {index}")
        if index in self.unreadable:
            raise WmpcError(self.unreadable[index])
        chosen = list(self.columns) if columns is None else list(columns)
        if unknown := [name for name in chosen if name not in self.columns]:
            have = ", ".join(sorted(self.columns))
            raise WmpcError(f"{self.path} has no column {unknown[0]!r}; it has {have}")
        if reasons := [by[index] for name in chosen if index in (by := self.unfit.get(name, {}))]:
            raise WmpcError(f"{reasons[0]} of {self.path}")
        rows = int(self.lengths[index]) + 1
        numbers = [self.columns[name] for name in chosen if not is_camera(name)]
        if (size := rows * sum(column.row_bytes for column in numbers)) > EPISODE_BYTES:
            raise WmpcError(
                f"episode {index} of {self.path} states {size} bytes of numbers, the bound is "
                f"{EPISODE_BYTES}: take fewer columns=, or cut it into shorter ones"
            )
        return chosen
