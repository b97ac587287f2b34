"""Latents made visible without a decoder: the recorded frame whose latent lies nearest.

A JEPA predicts no pixels, so what it imagines cannot be drawn; it can be looked up. The picture
shows no more than what was recorded, hence the distance beside it: a latent far from all frames
stands for none of them.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from wmpc.errors import WmpcError
from wmpc.wm.data import Episodes
from wmpc.wm.models.world_model import LearnedModel, seen_columns, trained_on

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
        """Find the frame whose latent is nearest, by the Euclidean distance over all tokens.

        Args:
            latents: (M, K, D).

        Returns:
            Its index and its distance, each (M,).
        """
        distances, indices = torch.cdist(latents.flatten(1), self.latents).min(1)
        return indices.cpu().numpy(), distances.cpu().numpy()


def frame_bank(
    model: LearnedModel, episodes: Episodes, frames: int = FRAMES, seed: int = 0
) -> FrameBank:
    """Encode recorded frames, drawn evenly at random from the episodes that a model was trained on.

    Args:
        model: what encodes.
        episodes: the recordings.
        frames: the most of them.
        seed: of the draw.

    Returns:
        The frames and their latents.

    Raises:
        WmpcError: there is no such episode, or the dataset lacks what the model sees.
    """
    rows = draw_frames(episodes, trained_on(model, episodes), frames, seed)
    pixels = episodes.frames(model.spec.cameras[0])[rows]
    return FrameBank(encode_frames(model, episodes, rows).flatten(1), pixels)


def draw_frames(episodes: Episodes, ids: np.ndarray, frames: int, seed: int) -> np.ndarray:
    """Draw frames evenly at random from some episodes.

    Args:
        episodes: the recordings.
        ids: (n,) which of them; never those held out.
        frames: the most of them.
        seed: of the draw.

    Returns:
        Rows (F,), in order.

    Raises:
        WmpcError: there is no such episode.
    """
    ends, lengths = episodes.ends, episodes.lengths + 1
    spans = [np.arange(int(ends[i] - lengths[i]), int(ends[i])) for i in ids]
    if not spans:
        raise WmpcError(f"{episodes.path} has no episode to take frames from: all are held out")
    rows = np.concatenate(spans)
    return np.sort(np.random.default_rng(seed).choice(rows, min(frames, len(rows)), replace=False))


@torch.no_grad()
def encode_frames(model: LearnedModel, episodes: Episodes, rows: np.ndarray) -> Tensor:
    """Encode frames, read a batch at a time.

    Args:
        model: what encodes.
        episodes: the recordings.
        rows: (F,), which frames.

    Returns:
        Latents (F, K, D).
    """
    columns = {n: episodes.frames(n) for n in seen_columns(model)}
    latents = [
        model.encode({n: x[None, rows[first : first + BATCH]] for n, x in columns.items()})[0]
        for first in range(0, len(rows), BATCH)
    ]
    return torch.cat(latents)
