"""Recorded episodes as a frozen model sees them, encoded once for all scores."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from wmpc.agents.encoded import Encoded, encode_episodes
from wmpc.wm.data import Episodes
from wmpc.wm.models.world_model import LearnedModel

FRAMES = 20_000
"""Encoded at most, of whole episodes."""
LATENT_BYTES = 2**30
"""That their latents may take: a frame of patches has many numbers."""


@dataclass(frozen=True, eq=False)
class Seen:
    """F frames of whole episodes, end to end; a model step is `encoded.stride` of them."""

    model: LearnedModel
    episodes: Episodes
    encoded: Encoded
    ids: np.ndarray
    """(E,) int64, the episodes that were encoded."""
    rows: np.ndarray
    """(F,) int64, which row of the dataset's columns each frame is."""
    episode: np.ndarray
    """(F,) int64, the index of its episode."""

    @property
    def acted(self) -> bool:
        """Whether actions were recorded."""
        return "action" in self.episodes.columns

    @property
    def latents(self) -> Tensor:
        """(F, K, D)"""
        return self.encoded.latents

    def starts(self, before: int, after: int, most: int) -> np.ndarray:
        """Choose frames with enough of their episode around them, spread evenly over all.

        Args:
            before: whole blocks before the frame, at least.
            after: whole blocks after it, at least.
            most: the most frames.

        Returns:
            (n,) int64, in order; empty where there are none.
        """
        fits = (self.encoded.before >= before) & (self.encoded.after >= after)
        found = torch.nonzero(fits)[:, 0].cpu().numpy()
        return found[np.unique(np.linspace(0, len(found) - 1, min(most, len(found))).astype(int))]

    def steps(self, at: np.ndarray, first: int, count: int) -> np.ndarray:
        """Count on from frames in model steps.

        Args:
            at: (n,), frames.
            first: steps to the first one wanted, below 0 before the frame.
            count: L, how many.

        Returns:
            (n, L) int64, frames.
        """
        return at[:, None] + self.encoded.stride * np.arange(first, first + count)

    def context(self, at: np.ndarray) -> tuple[Tensor, Tensor]:
        """Look up what the model knew at frames.

        Args:
            at: (n,), frames with h - 1 blocks before them.

        Returns:
            The last h latents (n, h, K, D), and the blocks (n, h - 1, A) between them.
        """
        h = self.model.context
        past = self.steps(at, 1 - h, h)
        return self.latents[past], self.encoded.blocks[past[:, :-1]]

    def column(self, name: str) -> np.ndarray:
        """Read a column at all frames.

        Args:
            name: of a column of frames.

        Returns:
            (F, ...) float64.
        """
        return np.asarray(self.episodes.frames(name)[self.rows], np.float64)

    def observation(self, frame: int, names: list[str]) -> dict[str, np.ndarray]:
        """Read what is seen in a frame.

        Args:
            frame: which.
            names: of columns.

        Returns:
            The columns, of one frame.
        """
        return {name: np.array(self.episodes.frames(name)[self.rows[frame]]) for name in names}

    def executed(self, frame: int) -> np.ndarray:
        """Read the block executed from a frame.

        Args:
            frame: with a whole block after it.

        Returns:
            (n, a), in the units of the data.
        """
        first = int(self.rows[frame] - self.episode[frame])  # one step fewer an earlier episode
        block = self.episodes.frames("action")[first : first + self.encoded.stride]
        return np.array(block).reshape(-1, block.shape[-1])


def see(model: LearnedModel, episodes: Episodes, ids: np.ndarray, frames: int = FRAMES) -> Seen:
    """Encode whole episodes, spread evenly over those given.

    Args:
        model: the frozen model.
        episodes: the recordings.
        ids: of the episodes to choose from, at least one.
        frames: the most frames; fewer where their latents would take more than `LATENT_BYTES`. One
            episode is always taken.

    Returns:
        The episodes, encoded.
    """
    ids = np.asarray(ids, np.int64)
    room = min(frames, LATENT_BYTES // (4 * model.layout.size))
    share = min(1.0, room / int((episodes.lengths[ids] + 1).sum()))
    count = max(1, int(share * len(ids)))
    ids = ids[np.linspace(0, len(ids) - 1, count).round().astype(int)]
    lengths = episodes.lengths[ids] + 1
    spans = [np.arange(end - n, end) for end, n in zip(episodes.ends[ids], lengths, strict=True)]
    encoded = encode_episodes(model, episodes, ids)
    return Seen(model, episodes, encoded, ids, np.concatenate(spans), np.repeat(ids, lengths))


def others(episode: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw for each item another one, of another episode where there is one.

    Args:
        episode: (n,) int, which episode each item is of; two items at least.
        rng: what draws.

    Returns:
        (n,) int64, never the item itself.
    """
    order = np.argsort(episode, kind="stable")
    sizes = np.unique(episode[order], return_counts=True)[1]
    n, own = len(episode), np.repeat(sizes, sizes)
    end = np.repeat(np.cumsum(sizes), sizes)
    drawn = np.empty(n, np.int64)
    if len(sizes) == 1:
        drawn[order] = order[(np.arange(n) + rng.integers(1, n, n)) % n]
    else:
        drawn[order] = order[(end + (rng.random(n) * (n - own)).astype(int)) % n]
    return drawn
