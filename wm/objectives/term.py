"""What a term of an objective is, and what it is shown of a batch."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from wmpc.errors import WmpcError
from wmpc.wm.data import Masks, Pairs
from wmpc.wm.models.world_model import LearnedModel


@dataclass(frozen=True)
class SeenPairs:
    """P frames and, as the goal of each, one that its episode reached later."""

    latents: Tensor
    """(P, 2, K, D), of the frame and of its goal."""
    actions: Tensor
    """(P, A), the standardised block executed at the frame; (P, 0) as in `Seen`."""
    blocks: Tensor
    """(P,) int64, how many lead to the goal."""
    columns: Mapping[str, Tensor]
    """(P, 2, ...) of frames, in the units of the data, see
    `wmpc.wm.data.hindsight.HindsightBatches.sample`."""
    unchanged: Mapping[str, Tensor] | None = None
    """`columns` before `train.augment` changed the pictures; None: it does not."""

    @property
    def recorded(self) -> Mapping[str, Tensor]:
        """`columns`, with the pictures as they were recorded."""
        return self.columns if self.unchanged is None else self.unchanged


@dataclass(frozen=True)
class Seen:
    """A batch of B windows of L frames, encoded once for all terms, and what a term asks for."""

    model: LearnedModel
    latents: Tensor
    """(B, L, K, D)"""
    actions: Tensor
    """(B, L - 1, A), the standardised blocks between the frames; (B, L - 1, 0) of episodes without
    actions, which no term is shown that has `action` among its `columns`."""
    columns: Mapping[str, Tensor]
    """Those of the windows, (B, L, ...) of frames, in the units of the data; what the terms need
    beyond the model's."""
    generator: torch.Generator
    """On the CPU; a function of the seed and the step."""
    pairs: SeenPairs | None = None
    """Of the law that the term has as its `pairs`."""
    masks: Tensor | None = None
    """(B, L, H, W) bool of the law that the term has as its `masks`: which of `learned`, whose
    K' = H * W, are hidden."""
    unchanged: Mapping[str, Tensor] | None = None
    """`columns` before `train.augment` changed the pictures; None: it does not."""

    @property
    def recorded(self) -> Mapping[str, Tensor]:
        """`columns`, with the pictures as they were recorded."""
        return self.columns if self.unchanged is None else self.unchanged

    @property
    def learned(self) -> Tensor:
        """(B, L, K', D), the tokens that the encoder learns: those of pictures. Proprioception is
        given and needs no guard against collapse."""
        return self.model.layout.of(self.latents, "pixels")


class Term(nn.Module, ABC):
    """One summand of an objective: `forward` gives a scalar, the objective weighs it.

    A term that is a mean over windows sees those of this process; any other takes the tokens of all
    processes that train together (`wmpc.wm.processes.gather`), so that N of them compute what one
    would. Its parameters are trained and saved with the model's.

    Args:
        model: what is trained, for sizes; a term does not keep it.
        weight: what the term counts in the sum.
    """

    columns: tuple[str, ...] = ()
    """Columns of the data that the term needs beside what the model encodes: `action` too."""
    steps = 1
    """Blocks after a full context that a window must hold for the term."""
    frames = 1
    """Frames that a window must hold for the term, however short the context."""
    pairs: Pairs | None = None
    """Hindsight pairs that the term needs, with its `columns`; None: none."""
    masks: Masks | None = None
    """Masks over the patches of the pictures that the term needs; None: none."""

    def __init__(self, model: LearnedModel, weight: float = 1.0) -> None:
        super().__init__()
        if not weight >= 0:
            raise WmpcError(f"the weight of a loss term is {weight}; it must be at least 0")
        self.weight = weight

    @abstractmethod
    def forward(self, seen: Seen) -> Tensor:
        """Compute the term's value of a batch.

        Args:
            seen: the batch of B windows of L frames, encoded once for all terms.

        Returns:
            A scalar, differentiable; the objective weighs it.
        """

    def after_step(self, model: Any) -> None:
        """Take note that the optimiser has made a step.

        Called after every step, such as for a target that follows `model`; does nothing here.

        Args:
            model: what is trained, as it is after the step.
        """
