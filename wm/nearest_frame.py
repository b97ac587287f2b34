"""Latents made visible without a decoder: the recorded frame whose latent lies nearest.

A JEPA predicts no pixels, so what it imagines cannot be drawn; it can be looked up. The picture
shows no more than what was recorded, hence the distance beside it: a latent far from all frames
stands for none of them.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from wm.data import Episodes
from wm.errors import WmError
from wm.model import JEPA

FRAMES = 4096
"""Of a bank: enough that neighbours look alike, few enough to encode in a second or two."""
BATCH = 256


@dataclass(frozen=True, eq=False)
class FrameBank:
    """N recorded frames and their latents."""

    latents: Tensor
    """(N, K * D)."""
    pixels: np.ndarray
    """(N, H, W, 3) uint8, of the first camera."""

    def nearest(self, latents: Tensor) -> tuple[np.ndarray, np.ndarray]:
        """(M, K, D) -> the index (M,) of the frame nearest to each, and its distance (M,).

        The distance is Euclidean, over all slots of the latent.
        """
        distances, indices = torch.cdist(latents.flatten(1), self.latents).min(1)
        return indices.cpu().numpy(), distances.cpu().numpy()


@torch.no_grad()
def frame_bank(model: JEPA, episodes: Episodes, frames: int = FRAMES, seed: int = 0) -> FrameBank:
    """Encode at most `frames` frames, drawn evenly at random from the episodes not held out.

    WmError where the dataset has no such episode, or lacks what the model sees.
    """
    ends, lengths = episodes.ends, episodes.lengths + 1
    spans = [np.arange(int(ends[i] - lengths[i]), int(ends[i])) for i in episodes.train_ids]
    if not spans:
        raise WmError(f"{episodes.path} has no episode to take frames from: all are held out")
    rows = np.concatenate(spans)
    rng = np.random.default_rng(seed)
    rows = np.sort(rng.choice(rows, min(frames, len(rows)), replace=False))
    columns = [name for name in model.columns if name != "action"]
    seen = {name: episodes.frames(name)[rows] for name in columns}
    latents = [
        model.encode({name: seen[name][None, first : first + BATCH] for name in columns})[0]
        for first in range(0, len(rows), BATCH)
    ]
    return FrameBank(torch.cat(latents).flatten(1), seen[model.spec.cameras[0]])
