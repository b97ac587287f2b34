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
from wmpc.wm.data.reader import Episodes
from wmpc.wm.data.rows import takers

Source = tuple[int, int] | np.random.Generator
"""(seed, step), the same of which draws the same, or a generator."""


@dataclass(frozen=True)
class Pairs:
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

    The frame is uniform over all that a whole block follows; the goal is k blocks later, k uniform
    or, with `discount`, geometric: P(k) proportional to discount ** (k - 1). Both are cut off where
    the episode ends and after `within` blocks.

    Args:
        lengths: (n,) recorded steps of each episode; it has one frame more.
        first: (n,) row of each episode's first frame; None: they lie end to end.
        stride: recorded steps of a block.
        within: the most blocks to a goal; None: any.
        discount: of the geometric law, between 0 and 1; None: uniform.

    Raises:
        WmpcError: an argument is out of its range, or no episode is as long as a block.
    """

    def __init__(
        self,
        lengths: Sequence[int] | np.ndarray,
        first: np.ndarray | None = None,
        stride: int = 1,
        *,
        within: int | None = None,
        discount: float | None = None,
    ) -> None:
        if stride < 1 or (within is not None and within < 1):
            raise WmpcError(f"pairs have stride {stride} and within {within}; both are at least 1")
        if discount is not None and not 0 < discount < 1:
            raise WmpcError(f"the discount of pairs is {discount}; it lies between 0 and 1")
        self.stride, self.within, self.discount = stride, within, discount
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

    def draw(self, source: Source, batch: int) -> Pairs:
        """Draw pairs, each independent of the others.

        Args:
            source: see `Source`.
            batch: B.

        Returns:
            Rows of frames, counted as `first` does.
        """
        rng = np.random.default_rng(source)
        picks = rng.integers(len(self), size=batch)
        which = np.searchsorted(self._total, picks, side="right")
        offset = picks - (self._total[which] - self._starts[which])
        most = (self._lengths[which] - offset) // self.stride
        if self.within is not None:
            most = np.minimum(most, self.within)
        blocks = draw_blocks(rng, most, self.discount)
        now = self._first[which] + offset
        return Pairs(now, now + self.stride * blocks, blocks, which)


class HindsightBatches:
    """Draws hindsight pairs of a dataset's episodes, with what was recorded there.

    Args:
        episodes: of the dataset.
        ids: (n,) which of them, such as `episodes.train_ids`.
        stride: recorded steps of a block.
        columns: those of frames that a batch holds.
        within: see `HindsightPairs`.
        discount: see `HindsightPairs`.

    Raises:
        WmpcError: as `HindsightPairs`, or a column is missing or has no row a frame.
    """

    def __init__(
        self,
        episodes: Episodes,
        ids: Sequence[int] | np.ndarray,
        stride: int = 1,
        columns: Sequence[str] = ("pixels",),
        *,
        within: int | None = None,
        discount: float | None = None,
    ) -> None:
        self._ids, lengths = np.asarray(ids, np.int64), episodes.lengths
        first = episodes.ends - lengths - 1
        self.pairs = HindsightPairs(
            lengths[self._ids], first[self._ids], stride, within=within, discount=discount
        )
        for name in columns:
            episodes.frames(name)  # refuses unknown names
            if (rows := episodes.columns[name].rows) != "frames":
                raise WmpcError(f"column {name!r} has a row for its {rows}; a goal is a frame")
        self._takes = takers(
            episodes,
            dict.fromkeys([*columns, *(["action"] if "action" in episodes.columns else [])]),
        )

    def sample(
        self, source: Source, batch: int, part: slice = slice(None)
    ) -> dict[str, np.ndarray | Any]:
        """Draw pairs and read them.

        Args:
            source: see `Source`.
            batch: how many pairs are drawn.
            part: of these, those that are read: B.

        Returns:
            By name: each column (B, 2, ...), the frame and its goal; `action` (B, stride * m, A),
            the block executed at the frame, in the environment's units; `blocks` (B,) int64, how
            many lead to the goal. Episodes without actions have no `action`.
        """
        drawn = self.pairs.draw(source, batch)
        now, goal, blocks = drawn.now[part], drawn.goal[part], drawn.blocks[part]
        ids = self._ids[drawn.episode[part]]
        frames = np.stack([now, goal], 1)
        # Each earlier episode has one step fewer than frames.
        steps = (now - ids)[:, None] + np.arange(self.pairs.stride)
        out = {
            name: take(steps if name == "action" else frames) for name, take in self._takes.items()
        }
        if "action" in out:
            out["action"] = out["action"].reshape(len(now), -1, out["action"].shape[-1])
        return out | {"blocks": blocks}


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
