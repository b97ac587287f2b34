"""Recorded windows, encoded once for all diagnostics that look at them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from wmpc.errors import WmpcError
from wmpc.wm.data import Episodes, Windows

SEEN = ("pixels", "proprio", "state", "variation")
"""What an observation may hold; a model without `columns` is shown all of it."""


class Model(Protocol):
    """What is needed of a world model, see `wmpc.agents.mpc.WorldModel`: a JEPA or anything
    alike."""

    context: int

    def encode(self, observation: Mapping[str, Any]) -> Tensor: ...
    def normalise(self, actions: np.ndarray) -> Tensor: ...
    def dynamics(self, latents: Tensor, executed: Tensor) -> Any: ...


@dataclass(frozen=True)
class Sample:
    """n windows of L frames."""

    latents: Tensor
    """(n, L, K, D)"""
    actions: Tensor
    """(n, L - 1, A), standardised blocks between the frames."""
    states: np.ndarray
    """(n, L, S) float64."""


def columns(model: Any, recorded: Sequence[str]) -> list[str]:
    """The columns of an observation that `model` reads, of those `recorded`."""
    wanted = getattr(model, "columns", None)
    if wanted is None:
        return [name for name in recorded if name.split("/")[0] in SEEN]
    return [name for name in wanted if name != "action"]


@torch.no_grad()
def draw(
    model: Model,
    episodes: Episodes,
    ids: np.ndarray,
    length: int,
    stride: int = 1,
    limit: int = 1000,
    batch: int = 32,
) -> Sample:
    """At most `limit` windows of `length` frames, `stride` recorded steps apart, spread over the
    episodes `ids`. WmpcError where there is no column "state", or no episode is long enough."""
    if "state" not in episodes.columns:
        raise WmpcError(f"{episodes.path} has no column 'state', which a diagnosis compares with")
    wanted = columns(model, list(episodes.columns))
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
