"""Mixtures of diagonal Gaussians, as the last layer of a network gives them."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

LOG_STD = (-5.0, 2.0)
"""The least and largest logarithm of a standard deviation (INTACT, arXiv 2607.26056)."""


@dataclass(frozen=True, eq=False)
class Mixture:
    """M Gaussians of independent numbers, and how likely each of them is."""

    outputs: Tensor
    """(..., M * (1 + 2 * N)) of a network, with N the numbers: M logits, then means, then
    logarithms of standard deviations."""
    components: int
    """M"""

    @staticmethod
    def size(components: int, numbers: int) -> int:
        """Count the outputs that a network must have.

        Args:
            components: M.
            numbers: N.

        Returns:
            M * (1 + 2 * N).
        """
        return components * (1 + 2 * numbers)

    @property
    def logits(self) -> Tensor:
        """(..., M), up to a constant the logarithms of the components' probabilities."""
        return self.outputs[..., : self.components]

    @property
    def means(self) -> Tensor:
        """(..., M, N)"""
        return self._numbers(0)

    @property
    def log_stds(self) -> Tensor:
        """(..., M, N), within `LOG_STD`."""
        return self._numbers(1).clamp(*LOG_STD)

    def _numbers(self, which: int) -> Tensor:
        return self.outputs[..., self.components :].unflatten(-1, (2, self.components, -1))[
            ..., which, :, :
        ]

    def mode(self) -> Tensor:
        """Give the mean of the likeliest component.

        Returns:
            (..., N).
        """
        best = self.logits.argmax(-1)[..., None, None]
        return self.means.take_along_dim(best, -2).squeeze(-2)

    def negative_log(self, x: Tensor, mask: Tensor) -> Tensor:
        """Compute the negative logarithm of the density of some of the numbers.

        Args:
            x: (..., N).
            mask: (..., N), 1 where a number counts, else 0.

        Returns:
            (...), nats.
        """
        mean, log_std = self.means, self.log_stds
        of_each = ((x.unsqueeze(-2) - mean) / log_std.exp()).square() / 2 + log_std
        of_each = (of_each + math.log(2 * math.pi) / 2) * mask.unsqueeze(-2)
        return -torch.logsumexp(self.logits.log_softmax(-1) - of_each.sum(-1), -1)
