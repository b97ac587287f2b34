"""Recorded windows, encoded once for all diagnostics that look at them."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from wmpc.errors import WmpcError
from wmpc.wm.data import Episodes, Windows
from wmpc.wm.models.world_model import WorldModel, seen_columns


@dataclass(frozen=True)
class Sample:
    """n windows of L frames."""

    latents: Tensor
    """(n, L, K, D)"""
    actions: Tensor
    """(n, L - 1, A), standardised blocks between the frames."""
    states: np.ndarray
    """(n, L, S) float64."""


@torch.no_grad()
def draw(
    model: WorldModel,
    episodes: Episodes,
    ids: np.ndarray,
    length: int,
    stride: int = 1,
    limit: int = 1000,
    batch: int = 32,
) -> Sample:
    """Draw recorded windows, spread over episodes, and encode them.

    Args:
        model: what encodes.
        episodes: the recordings.
        ids: the episodes to draw from.
        length: L, frames of a window.
        stride: recorded steps between its frames.
        limit: the most windows.
        batch: windows encoded at once.

    Returns:
        The windows, encoded.

    Raises:
        WmpcError: there is no column "state", a column that the model reads is missing, or no
            episode is long enough.
    """
    if "state" not in episodes.columns:
        raise WmpcError(f"{episodes.path} has no column 'state', which a diagnosis compares with")
    wanted = seen_columns(model)
    windows = Windows(episodes, ids, length, stride, [*wanted, "state"])
    latents, actions, states = [], [], []
    for window in windows.all(batch, limit):
        shown = {name: _framewise(episodes, name, window[name], length) for name in wanted}
        latents.append(model.encode({k: x for k, x in shown.items() if x.shape[-1]}))
        actions.append(model.normalise(window["action"]))
        states.append(np.array(window["state"], np.float64))
    return Sample(torch.cat(latents), torch.cat(actions), np.concatenate(states))


def _framewise(episodes: Episodes, name: str, column: np.ndarray, length: int) -> np.ndarray:
    """A column of an episode (B, ...), such as its variation, said of every frame."""
    if episodes.columns[name].rows != "episode":
        return column
    return np.repeat(column[:, None], length, 1)
