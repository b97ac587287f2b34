"""Whether the model tells which of 64 frames comes next under the action that was executed."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from wmpc.evaluation.offline.rollouts import imagine
from wmpc.evaluation.offline.seen import Seen, others
from wmpc.evaluation.statistics.episodes import Estimate, Resampled

CANDIDATES = 64
QUERIES = 512
BATCH = 64


@dataclass(frozen=True)
class Retrieval:
    """Share of queries in which the next frame is the nearest to the prediction (top-1), of the
    model under the executed action, under another window's, and of repeating the present frame."""

    model: Estimate
    shuffled: Estimate
    repeat: Estimate
    candidates: int
    chance: float


@torch.no_grad()
def score_retrieval(held: Seen, seed: int = 0) -> Retrieval | None:
    """Look for the next frame among frames of held-out episodes.

    The wrong frames are of the same episode, as many as it has, a whole number of blocks away and
    never the present one, then of other held-out episodes. Of frames that are equally near, each
    counts as its share.

    Args:
        held: held-out episodes with actions.
        seed: of the wrong frames, of the other actions and of the bootstrap.

    Returns:
        The shares; None where there are no two windows.
    """
    at, rng = held.starts(held.model.context - 1, 1, QUERIES), np.random.default_rng(seed)
    if len(at) < 2:
        return None
    count = min(CANDIDATES, len(held.rows) - 1)
    offered = np.stack([_offered(held, int(row), count, rng) for row in at])
    swapped = at[others(held.episode[at], rng)]
    hits: dict[str, list[np.ndarray]] = {"model": [], "shuffled": [], "repeat": []}
    for first in range(0, len(at), BATCH):
        some = slice(first, first + BATCH)
        guesses = {
            "model": imagine(held, at[some], 1)[:, 0],
            "shuffled": imagine(held, at[some], 1, swapped[some])[:, 0],
            "repeat": held.latents[at[some]],
        }
        frames = held.latents[offered[some]]
        for who, guess in guesses.items():
            hits[who].append(_share(guess, frames))
    drawn = Resampled(held.episode[at], seed=seed)
    found = {who: drawn.estimate(drawn.means(np.concatenate(x))) for who, x in hits.items()}
    return Retrieval(**found, candidates=count, chance=1 / count)


def _offered(held: Seen, row: int, count: int, rng: np.random.Generator) -> np.ndarray:
    """The next frame, then `count` - 1 wrong ones."""
    stride = held.encoded.stride
    own = np.flatnonzero(held.episode == held.episode[row])
    own = own[((own - row) % stride == 0) & (own != row) & (own != row + stride)]
    own = rng.permutation(own)[: count - 1]
    rest = np.flatnonzero(held.episode != held.episode[row])
    rest = rng.choice(rest, min(len(rest), count - 1 - len(own)), replace=False)
    wrong = np.concatenate([own, rest])
    if len(wrong) < count - 1:  # a single episode with few frames a block apart
        left = np.setdiff1d(np.arange(len(held.rows)), [*wrong, row, row + stride])
        wrong = np.concatenate([wrong, rng.permutation(left)[: count - 1 - len(wrong)]])
    return np.concatenate([[row + stride], wrong])


def _share(guess: Tensor, frames: Tensor) -> np.ndarray:
    """(B,), 1 where the first of frames (B, C, K, D) is nearest to the guess (B, K, D) alone."""
    away = (frames - guess[:, None]).double().square().sum((2, 3))
    nearest = away <= away.min(1, keepdim=True).values
    return (nearest[:, 0] / nearest.sum(1)).cpu().numpy()
