"""Hindsight pairs: a frame, and as its goal one that the same episode reached later.

Whatever an episode reached, its actions led there: so each of them is a demonstration for the frame
before it and any frame after it (Hindsight Experience Replay, arXiv 1707.01495; Learning to Reach
Goals via Iterated Supervised Learning, arXiv 1912.06088).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from wmpc.errors import WmpcError
from wmpc.wm.data.windows import Source, Windows

MOST = 64
"""Pairs of a window, at the most: each is encoded."""


@dataclass(frozen=True)
class Pairs:
    """Which hindsight pairs are drawn: the frame is uniform over all that a whole block follows,
    the goal is k blocks later, cut off where the episode ends and after `within` blocks."""

    within: int | None = None
    """The most blocks to a goal; None: any."""
    discount: float | None = None
    """Between 0 and 1: k is geometric, P(k) proportional to discount ** (k - 1); None: uniform."""
    per_window: float = 1
    """Pairs that a training draws for each window of a batch: 0.5 is one for every other."""

    def __post_init__(self) -> None:
        if self.within is not None and self.within < 1:
            raise WmpcError(f"pairs have within {self.within}; it is at least 1")
        if not 0 < self.per_window <= MOST:
            raise WmpcError(
                f"pairs have per_window {self.per_window}; it is above 0, at most {MOST}"
            )
        if self.discount is not None and not 0 < self.discount < 1:
            raise WmpcError(f"the discount of pairs is {self.discount}; it lies between 0 and 1")

    def count(self, windows: int) -> int:
        """Count the pairs that are drawn beside a batch.

        Args:
            windows: of the batch, at least 1.

        Returns:
            `per_window` times as many, rounded; at least 2, so that they have a variance.
        """
        return max(2, round(self.per_window * windows))


@dataclass(frozen=True)
class PairRows:
    """B frames with their goals."""

    now: np.ndarray
    """(B,) int64, rows of the frames."""
    goal: np.ndarray
    """(B,) int64, rows of their goals: `blocks` * stride rows later, in the same episode."""
    blocks: np.ndarray
    """(B,) int64, blocks from one to the other, at least 1."""
    episode: np.ndarray
    """(B,) int64, which of the episodes they are in."""


class HindsightPairs:
    """Draws pairs from episodes of known lengths.

    Args:
        lengths: (n,) recorded steps of each episode; it has one frame more.
        pairs: their law.
        first: (n,) row of each episode's first frame; None: they lie end to end.
        stride: recorded steps of a block.

    Raises:
        WmpcError: no episode is as long as a block.
    """

    def __init__(
        self,
        lengths: Sequence[int] | np.ndarray,
        pairs: Pairs,
        first: np.ndarray | None = None,
        stride: int = 1,
    ) -> None:
        self.law, self.stride = pairs, stride
        self._lengths = np.asarray(lengths, np.int64)
        ends = np.cumsum(self._lengths + 1)
        self._first = ends - self._lengths - 1 if first is None else np.asarray(first, np.int64)
        self._starts = np.maximum(self._lengths - stride + 1, 0)
        self._total = np.cumsum(self._starts)
        if not len(self):
            raise WmpcError(
                f"no episode has the {stride} recorded steps of a block: record longer or more "
                "episodes"
            )

    def __len__(self) -> int:
        """The number of frames that have a goal."""
        return int(self._total[-1]) if len(self._total) else 0

    def draw(self, source: Source, batch: int) -> PairRows:
        """Draw pairs, each independent of the others.

        Args:
            source: see `wmpc.wm.data.windows.Source`.
            batch: B.

        Returns:
            Rows of frames, counted as `first` does.
        """
        rng = np.random.default_rng(source)
        picks = rng.integers(len(self), size=batch)
        which = np.searchsorted(self._total, picks, side="right")
        offset = picks - (self._total[which] - self._starts[which])
        most = (self._lengths[which] - offset) // self.stride
        if self.law.within is not None:
            most = np.minimum(most, self.law.within)
        blocks = draw_blocks(rng, most, self.law.discount)
        now = self._first[which] + offset
        return PairRows(now, now + self.stride * blocks, blocks, which)


class HindsightBatches:
    """Draws hindsight pairs in the episodes of some windows, with what was recorded there.

    Args:
        windows: their episodes, stride and columns count; where these are kept, pairs are read from
            there, too.
        pairs: their law.

    Raises:
        WmpcError: no episode is as long as a block.
    """

    def __init__(self, windows: Windows, pairs: Pairs) -> None:
        self._windows = windows
        self._draw = HindsightPairs(windows.steps, pairs, windows.first_frame, windows.stride).draw

    def sample(self, source: Source, batch: int, part: slice = slice(None)) -> dict[str, Any]:
        """Draw pairs and read them.

        Args:
            source: see `wmpc.wm.data.windows.Source`.
            batch: how many pairs are drawn.
            part: of these, those that are read: P.

        Returns:
            By name: each column of frames (P, 2, ...), the frame and its goal; of steps (P, 1,
            stride, ...), of the block executed at the frame, `action` (P, 1, stride * m, A) in the
            environment's units; of episodes (P, ...); and `blocks` (P,) int64, how many lead to the
            goal.
        """
        drawn = self._draw(source, batch)
        now, goal, which = drawn.now[part], drawn.goal[part], drawn.episode[part]
        read = self._windows.read(which, np.stack([now, goal], 1), now[:, None])
        return read | {"blocks": drawn.blocks[part]}


def draw_blocks(
    rng: np.random.Generator, most: np.ndarray, discount: float | None = None
) -> np.ndarray:
    """Draw numbers of blocks, uniform or truncated geometric, by inverting their distributions.

    Args:
        rng: draws one number for each.
        most: (B,) int64, the largest that each may be, at least 1.
        discount: None: uniform over 1..most; else P(k) is proportional to discount ** (k - 1).

    Returns:
        (B,) int64, 1 to `most`.
    """
    u = rng.random(len(most))
    if discount is None:
        k = np.floor(u * most)
    else:
        k = np.floor(np.log1p(-u * -np.expm1(most * np.log(discount))) / np.log(discount))
    return 1 + np.minimum(k.astype(np.int64), most - 1)
