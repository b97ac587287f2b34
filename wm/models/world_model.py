"""The world model, as training, planning and diagnosis know it."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
from torch import Tensor

from wmpc.wm.models.latent import Layout


@runtime_checkable
class WorldModel(Protocol):
    """Encodes observations into latents (K, D) and predicts them from a context and actions."""

    @property
    def context(self) -> int:
        """h, the most frames that a prediction may see."""
        ...

    @property
    def layout(self) -> Layout:
        """Which tokens of a latent are of what."""
        ...

    @property
    def columns(self) -> Sequence[str]:
        """The columns of a dataset that the model reads."""
        ...

    @property
    def action_size(self) -> int:
        """A, numbers in a standardised block."""
        ...

    def encode(self, observation: Mapping[str, np.ndarray | Tensor]) -> Tensor:
        """Columns (B, T, ...) in the units of the data -> latents (B, T, K, D)"""
        ...

    def predict(self, latents: Tensor, actions: Tensor, valid: Tensor) -> Tensor:
        """(B, T, K, D), (B, T, A), (B, T) bool -> the latent after every position, (B, T, K, D)"""
        ...

    def dynamics(self, latents: Tensor, executed: Tensor, valid: Tensor | None = None) -> Any:
        """Latents (B, c, K, D), c <= h, the standardised blocks (B, c - 1, A) between them, and
        which frames are real (B, c) -> a `wmpc.planners.problem.Dynamics`"""
        ...

    def normalise(self, actions: np.ndarray | Tensor) -> Tensor:
        """Blocks (..., n, a) in the environment's units -> (..., A) standardised"""
        ...

    def denormalise(self, actions: Tensor) -> np.ndarray:
        """Standardised (..., A) -> blocks (..., n, a) in the environment's units and bounds"""
        ...

    def action_bounds(self) -> tuple[Tensor, Tensor]:
        """Lowest and highest standardised block, each (A,)"""
        ...
