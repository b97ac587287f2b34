"""Windows: short pieces of episodes, drawn as a function of (seed, step)."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from wmpc.errors import WmpcError
from wmpc.wm.data.reader import Episodes
from wmpc.wm.data.rows import kept, takers

if TYPE_CHECKING:
    import torch

Source = tuple[int, ...] | np.random.Generator
"""(seed, step), the same of which draws the same, or a generator. What else is drawn at a step has
a number behind them."""


class Windows:
    """All windows of `length` frames, `stride` recorded steps apart, in the episodes `ids`.

    A batch holds `columns` (default: every picture and, where recorded, proprio), each
    (B, length, ...), a steps column (B, length-1, stride, ...), an episode column (B, ...), and
    where it is recorded, `action` (B, length-1, stride * m, A): the actions from each frame to the
    next, in the environment's units. Episodes shorter than a window have none; WmpcError where no
    episode is long enough. Memory is bounded by the batch and `wmpc.wm.data.rows.MAPPED` bytes of
    mapped columns.
    """

    def __init__(
        self,
        episodes: Episodes,
        ids: Sequence[int] | np.ndarray,
        length: int,
        stride: int = 1,
        columns: Sequence[str] | None = None,
    ):
        if length < 1 or stride < 1:
            raise WmpcError(
                f"a window has length {length} and stride {stride}; both should be >= 1"
            )
        known = episodes.columns
        if columns is None:
            columns = [name for name in known if name.split("/")[0] in ("pixels", "proprio")]
        wanted = [*columns, "action"] if "action" in known else columns
        self.columns: tuple[str, ...] = tuple(dict.fromkeys(wanted))
        for name in self.columns:
            episodes.frames(name)  # refuses unknown names
        self._episodes, self._takes = episodes, takers(episodes, self.columns)
        self._rows = {name: known[name].rows for name in self.columns}
        self.of_frames = tuple(name for name, rows in self._rows.items() if rows == "frames")
        """Those of `columns` that have a row for each frame."""
        self.length, self.stride = length, stride
        self._ids = np.asarray(ids, np.int64)
        self.steps = episodes.lengths[self._ids]
        """(n,) recorded steps of each episode."""
        self.first_frame = episodes.ends[self._ids] - self.steps - 1
        """(n,) row of each episode's first frame."""
        self._starts = np.maximum(self.steps - (length - 1) * stride + 1, 0)
        self._total = np.cumsum(self._starts)
        if not len(self):
            longest = "none"
            if len(self.steps):
                longest = f"the longest of {len(self.steps)} has {self.steps.max()}"
            raise WmpcError(
                f"a window of {length} frames with stride {stride} needs episodes of at least "
                f"{(length - 1) * stride} recorded steps; {longest} in {episodes.path}"
            )

    def __len__(self) -> int:
        """The number of different windows."""
        return int(self._total[-1]) if len(self._total) else 0

    def keep(self, resident: str, device: "torch.device") -> None:
        """Keep columns in memory from now on.

        Args:
            resident: which of them and where: "auto", "no", "ram" or "device", see
                `wmpc.wm.data.rows.kept`.
            device: to train on.

        Raises:
            WmpcError: when `resident` is none of these, or the columns do not fit.
        """
        self._takes = kept(self._episodes, self._takes, resident, device)

    def sample(
        self,
        source: Source,
        batch: int,
        unique: bool = False,
        part: slice = slice(None),
    ) -> dict[str, Any]:
        """Draw windows, each uniform over all of them.

        Args:
            source: see `Source`.
            batch: how many are drawn.
            unique: whether a frame that several windows share is read once.
            part: of the windows drawn, those that are read: B.

        Returns:
            The columns by name, as the class describes them; tensors where they are kept on a
            device. With `unique`, columns of frames are (U, ...), in the order of their first use,
            and `rows` (B, length) int64 says which of them a window has.
        """
        picks = np.random.default_rng(source).integers(len(self), size=batch)[part]
        which = np.searchsorted(self._total, picks, side="right")
        return self._gather(which, picks - (self._total[which] - self._starts[which]), unique)

    def all(
        self, batch: int, limit: int | None = None, overlapping: bool = False
    ) -> Iterator[dict[str, np.ndarray]]:
        """Read windows one after another, from the first frame of each episode on.

        Args:
            batch: windows of a batch at most, at least 1.
            limit: read only that many windows, spread evenly over all of them; None: all.
            overlapping: whether one begins at every frame, not only behind the one before.

        Yields:
            Batches in order: the columns by name, as the class describes them.
        """
        span = 1 if overlapping else (self.length - 1) * self.stride + 1
        counts = -(-self._starts // span)
        which = np.repeat(np.arange(len(counts)), counts)
        offsets = span * (np.arange(len(which)) - np.repeat(np.cumsum(counts) - counts, counts))
        if limit is not None and limit < len(which):
            chosen = np.linspace(0, len(which) - 1, limit).round().astype(np.int64)
            which, offsets = which[chosen], offsets[chosen]
        for i in range(0, len(which), batch):
            yield self._gather(which[i : i + batch], offsets[i : i + batch])

    def _gather(self, which: np.ndarray, offsets: np.ndarray, unique: bool = False):
        """Windows at `offsets` (B,) frames into the episodes `ids[which]`."""
        frames = (self.first_frame[which] + offsets)[:, None] + self.stride * np.arange(self.length)
        if not unique:
            return self.read(which, frames, frames[:, :-1])
        distinct, rows = _distinct(frames)
        return self.read(which, distinct, frames[:, :-1]) | {"rows": rows}

    def read(self, which: np.ndarray, frames: np.ndarray, acted: np.ndarray) -> dict[str, Any]:
        """Read the columns: one gather each.

        Args:
            which: (B,) int64, which of the episodes `ids`.
            frames: (...,) int64, rows of frames.
            acted: (B, n) int64, rows of frames of these episodes at each of which a block begins.

        Returns:
            By name, columns of frames (..., ...), of steps (B, n, stride, ...), of episodes
            (B, ...), and `action` (B, n, stride * m, A).
        """
        ids = self._ids[which]
        # Each earlier episode has one step fewer than frames.
        steps = (acted - ids[:, None])[..., None] + np.arange(self.stride)
        rows = {"episode": ids, "frames": frames, "steps": steps}
        out = {name: take(rows[self._rows[name]]) for name, take in self._takes.items()}
        if "action" in out:
            b, n, s, m, size = out["action"].shape
            out["action"] = out["action"].reshape(b, n, s * m, size)
        return out


def _distinct(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(U,) different entries of `rows`, in the order of their first use, and where each went.

    Where none repeats these are `rows` in a row, so that nothing computed from them differs.
    """
    distinct, first, inverse = np.unique(rows, return_index=True, return_inverse=True)
    order = np.argsort(first)
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    return distinct[order], place[inverse].reshape(rows.shape)
