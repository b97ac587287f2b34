"""Recorded episodes as a frozen encoder sees them: the training ones teach the cheap agents.

Every frame is encoded once; then a dataset of 3,000 episodes x 31 frames at 16 dimensions is 10 MB.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from wmpc.errors import WmpcError
from wmpc.wm.data import Episodes, Windows
from wmpc.wm.models.latent import Layout
from wmpc.wm.models.world_model import LearnedModel, seen_columns, trained_on


@dataclass(frozen=True)
class Encoded:
    """F frames of whole episodes end to end; a model step is `stride` rows.

    Row t + k * stride is k blocks after row t where `after[t] >= k`, and in the same episode.
    """

    latents: Tensor
    """(F, K, D)"""
    blocks: Tensor
    """(F, A), the normalised block executed from each frame; zero where the episode ends before."""
    lengths: np.ndarray
    """(n,) int64, recorded steps of each episode; it has one frame more."""
    stride: int
    layout: Layout

    @cached_property
    def before(self) -> Tensor:
        """(F,) int64, whole blocks of the same episode before each frame."""
        return self._blocks(np.concatenate([np.arange(n + 1) for n in self.lengths]))

    @cached_property
    def after(self) -> Tensor:
        """(F,) int64, whole blocks of the same episode after each frame."""
        return self._blocks(np.concatenate([np.arange(n, -1, -1) for n in self.lengths]))

    def _blocks(self, steps: np.ndarray) -> Tensor:
        return torch.as_tensor(steps // self.stride, device=self.latents.device)

    @property
    def picture(self) -> Tensor:
        """(F, k * D), the pictures' tokens: what a goal that is a picture determines."""
        return self.layout.of(self.latents, "pixels").flatten(1)

    def starts(self, blocks: int = 1) -> Tensor:
        """Find the rows after which enough is recorded.

        Args:
            blocks: that the episode goes on for, at least.

        Returns:
            (n,) int64, rows.

        Raises:
            WmpcError: there is none.
        """
        rows = torch.nonzero(self.after >= blocks)[:, 0]
        if not len(rows):
            raise WmpcError(
                f"no training episode is {blocks} blocks long: record longer or more episodes"
            )
        return rows


def encode_training_episodes(model: LearnedModel, episodes: Episodes, batch: int = 256) -> Encoded:
    """Encode all frames of the episodes that a model was trained on, never those held out.

    Args:
        model: the frozen encoder.
        episodes: the dataset that it was trained on.
        batch: frames encoded at once.

    Returns:
        The frames, end to end.

    Raises:
        WmpcError: the dataset does not fit the model, or has no training episode.
    """
    check_dataset(model, episodes)
    if "action" not in episodes.columns:
        raise WmpcError(f"{episodes.path} has no actions to learn from: give data=FOLDER with some")
    ids = trained_on(model, episodes)
    if not len(ids):
        raise WmpcError(f"{episodes.path} has no training episode to learn from: collect some")
    return encode_episodes(model, episodes, ids, batch)


@torch.no_grad()
def encode_episodes(
    model: LearnedModel, episodes: Episodes, ids: np.ndarray, batch: int = 256
) -> Encoded:
    """Encode all frames of some episodes.

    Args:
        model: the frozen encoder.
        episodes: the dataset.
        ids: (n,) which of them, at least one.
        batch: frames encoded at once.

    Returns:
        The frames, end to end; all blocks are zero where the dataset has no actions.
    """
    stride = model.spec.stride
    frames = Windows(episodes, ids, 1, columns=seen_columns(model))
    latents = torch.cat([model.encode(frame)[:, 0] for frame in frames.all(batch)])
    lengths = episodes.lengths[ids]
    blocks = latents.new_zeros(len(latents), model.action_size)
    encoded = Encoded(latents, blocks, lengths, stride, model.layout)
    if "action" in episodes.columns and (lengths >= stride).any():
        followed = Windows(episodes, ids, 2, stride, ()).all(batch, overlapping=True)
        acted = torch.cat([model.normalise(x["action"]) for x in followed])
        blocks[encoded.after >= 1] = acted[:, 0]
    return encoded


def check_dataset(model: LearnedModel, episodes: Episodes) -> None:
    """Refuse a dataset that is not like the one a model was trained on.

    Args:
        model: what its frames are for.
        episodes: the dataset; where it has no actions, only its cameras count.

    Raises:
        WmpcError: it lacks a camera, or has other actions.
    """
    spec, meta = model.spec, episodes.meta
    checks = [
        ("cameras", spec.cameras, [name for name in spec.cameras if name in episodes.columns]),
    ]
    if "action" in episodes.columns:
        checks += [
            ("actions a frame", spec.actions_per_frame, meta["m"]),
            ("action bounds", [*spec.action_low, *spec.action_high],
             [*meta["action_low"], *meta["action_high"]]),
        ]  # fmt: skip
    for what, trained, given in checks:
        if trained != given:
            raise WmpcError(
                f"the model was trained with {what} {trained}, {episodes.path} has {given}: give "
                "the dataset it was trained on, data=FOLDER"
            )
