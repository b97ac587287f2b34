"""Whether the model is surprised by clips that are cut, or whose frames are out of order.

The test of Piloto et al. (Nature Human Behaviour 6, 2022) on recordings that no simulator can
break: a cut leaves blocks out, a shuffle changes the order; actions stay where they were.
"""

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from wmpc.evaluation.offline.seen import Seen
from wmpc.evaluation.statistics.episodes import Estimate, Resampled
from wmpc.wm.diagnostics.surprise import Spread, latent_errors, spread_of, surprise

CLIPS = 400
AFTER = 4
"""Frames of a clip after its context."""
ORDINARY = 1000
"""Training clips that say which errors are ordinary."""
WIDEST = 1024
"""Numbers of an error; of one with more, the mean of its tokens counts."""


@dataclass(frozen=True)
class Surprise:
    """AUROC of changed clips against the same clips left whole: 1 always told apart, 0.5 chance."""

    cut: Estimate
    shuffled: Estimate
    missing: int
    """Blocks that a cut leaves out."""


def score_surprise(held: Seen, train: Seen, missing: int = 5, seed: int = 0) -> Surprise | None:
    """Compare the surprise at changed clips with that at whole ones.

    A clip's score is its largest surprise after the context.

    Args:
        held: held-out episodes with actions.
        train: training episodes, whose errors are ordinary.
        missing: blocks that a cut leaves out; fewer where half of the episodes are shorter.
        seed: of the orders and of the bootstrap.

    Returns:
        The AUROCs; None where no episode is long enough.
    """
    h, encoded = held.model.context, held.encoded
    room = int(np.median(encoded.lengths // encoded.stride)) - (h - 1 + AFTER)
    missing = max(1, min(missing, room))
    at = held.starts(h - 1, AFTER + missing, CLIPS)
    usual = train.starts(h - 1, AFTER, ORDINARY)
    if not len(at) or not len(usual):
        return None
    spread = spread_of(np.concatenate(list(_errors(train, _whole(train, usual)))))
    whole = _whole(held, at)
    cut = whole.copy()
    cut[:, h:] += encoded.stride * missing
    rng = np.random.default_rng(seed)
    shuffled = np.concatenate([whole[:, :h], np.stack([_order(x, rng) for x in whole[:, h:]])], 1)
    scores = {
        "whole": _scores(held, whole, spread),
        "cut": _scores(held, cut, spread),
        "shuffled": _scores(held, shuffled, spread, acting=whole),
    }
    drawn = Resampled(held.episode[at], seed=seed)
    found = {
        name: drawn.estimate(drawn.auroc(scores[name], scores["whole"]))
        for name in ("cut", "shuffled")
    }
    return Surprise(found["cut"], found["shuffled"], missing)


def _whole(seen: Seen, at: np.ndarray) -> np.ndarray:
    """Frames (n, h + AFTER) of clips whose context ends at `at`."""
    h = seen.model.context
    return seen.steps(at, 1 - h, h + AFTER)


def _order(frames: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The frames in another order."""
    while True:
        order = rng.permutation(len(frames))
        if np.any(order != np.arange(len(frames))):
            return frames[order]


def _errors(seen: Seen, clips: np.ndarray, acting: np.ndarray | None = None, batch: int = 64):
    """Errors (AFTER * B, D) of clips (n, T) a batch at a time, under the blocks of `acting`."""
    acting = clips if acting is None else acting
    for first in range(0, len(clips), batch):
        some = slice(first, first + batch)
        z: Tensor = seen.latents[clips[some]]
        e = latent_errors(seen.model, z, seen.encoded.blocks[acting[some, :-1]])
        if e.shape[-1] > WIDEST:
            e = e.reshape(*e.shape[:-1], -1, z.shape[-1]).mean(-2)
        yield e.reshape(-1, e.shape[-1])


def _scores(
    seen: Seen, clips: np.ndarray, spread: Spread, acting: np.ndarray | None = None
) -> np.ndarray:
    """The largest surprise (n,) of each clip."""
    e = np.concatenate(list(_errors(seen, clips, acting)))
    return surprise(e, spread).reshape(len(clips), -1).max(1)
