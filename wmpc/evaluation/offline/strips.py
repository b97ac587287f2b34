"""Recorded frames above what the model imagined of them, as the nearest training frames."""

from dataclasses import dataclass

import numpy as np
import torch

from wmpc.evaluation.offline.rollouts import imagine
from wmpc.evaluation.offline.seen import Seen

STRIPS = 6
PICTURES = 8
"""Of a strip, the present among them."""


@dataclass(frozen=True, eq=False)
class Strip:
    """What was recorded from a frame on, and what was imagined from there."""

    episode: int
    frame: int
    """Recorded frame of the present in its episode."""
    moments: tuple[int, ...]
    """Blocks ahead of each picture, from 0."""
    real: np.ndarray
    """(M, H, W, 3) uint8, of the first camera."""
    imagined: np.ndarray
    """(M, H, W, 3) uint8, the training frames nearest to what was imagined; the first stands for
    the present latent, which was seen."""


@torch.no_grad()
def draw_strips(held: Seen, train: Seen, horizon: int = 7, count: int = STRIPS) -> list[Strip]:
    """Imagine what follows held-out frames, and look up what it looks like.

    Args:
        held: held-out episodes with actions.
        train: training episodes, whose frames stand for latents.
        horizon: blocks ahead, at most.
        count: strips, at most one an episode.

    Returns:
        The strips; fewer where fewer episodes are long enough.
    """
    h, stride, camera = held.model.context, held.encoded.stride, held.model.spec.cameras[0]
    room = int(np.median(held.encoded.lengths // stride)) - h + 1
    horizon = min(horizon, max(1, room))
    starts = held.starts(h - 1, horizon, len(held.rows))
    ids = np.unique(held.episode[starts])
    chosen = ids[np.unique(np.linspace(0, len(ids) - 1, min(count, len(ids))).astype(int))]
    pictures = held.episodes.frames(camera)
    bank = train.latents.flatten(1)
    strips = []
    for index in chosen:
        own = starts[held.episode[starts] == index]
        at = own[len(own) // 2][None]
        ahead = torch.cat([held.latents[at], imagine(held, at, horizon)[0]])
        moments = np.unique(np.linspace(0, horizon, min(PICTURES, horizon + 1)).astype(int))
        nearest = torch.cdist(ahead[moments].flatten(1), bank).argmin(1).cpu().numpy()
        real = held.rows[at + stride * moments]
        first = int(held.episodes.ends[index] - held.episodes.lengths[index] - 1)
        strips.append(
            Strip(
                int(index),
                int(held.rows[at[0]]) - first,
                tuple(moments.tolist()),
                np.stack([pictures[row] for row in real]),
                np.stack([pictures[row] for row in train.rows[nearest]]),
            )
        )
    return strips
