"""What a predictor is: from a context of latents and actions to the next latent.

a[:, t] leads from z[:, t] to z[:, t + 1]; `valid` tells real frames from padding, which always
stands before them.
"""

from abc import ABC, abstractmethod
from typing import Protocol

import torch
from torch import Tensor, nn


class Predictor(Protocol):
    """See the module's docstring.

    It is built with `latent` (D, numbers in a token), `tokens` (K), `action` (A) and `context` (h).
    """

    context: int
    """h, the most frames that a prediction may see."""

    def __call__(self, z: Tensor, a: Tensor, valid: Tensor) -> Tensor:
        """Predict the latent after every position, each from at most h frames up to it.

        Args:
            z: (B, T, K, D), latents.
            a: (B, T, A), the standardised block executed from each.
            valid: (B, T) bool.

        Returns:
            (B, T, K, D).
        """
        ...

    def rollout(self, z: Tensor, a: Tensor, valid: Tensor, actions: Tensor) -> Tensor:
        """Imagine N sequences from one context, each prediction joining the context of the next.

        Args:
            z: (B, c, K, D), the last c latents, c <= h.
            a: (B, c - 1, A), the blocks between them.
            valid: (B, c) bool.
            actions: (B, N, H, A), the blocks to imagine.

        Returns:
            (B, N, H, K, D).
        """
        ...


class VectorPredictor(nn.Module, ABC):
    """A `Predictor` that reads a latent as one vector of X = K * D numbers.

    A subclass says what comes next (`every`, `last`), and may roll out in less than
    `roll_last` takes.
    """

    context: int
    """h, the most frames that a prediction may see."""

    @abstractmethod
    def every(self, z: Tensor, a: Tensor, valid: Tensor) -> Tensor:
        """Predict the latent after every position, each from at most h frames up to it.

        Args:
            z: (B, T, X), latents.
            a: (B, T, A), the standardised block executed from each.
            valid: (B, T) bool, which of them are real frames; padding stands before these.

        Returns:
            (B, T, X).
        """

    @abstractmethod
    def last(self, z: Tensor, a: Tensor, valid: Tensor) -> Tensor:
        """Predict the latent after the last position only.

        Args:
            z: (B, T, X), latents, T <= h.
            a: (B, T, A), the standardised block executed from each.
            valid: (B, T) bool, which of them are real frames; padding stands before these.

        Returns:
            (B, X).
        """

    def roll(self, z: Tensor, a: Tensor, valid: Tensor, actions: Tensor) -> Tensor:
        """Imagine N sequences from one context, each prediction joining the context of the next.

        A subclass that overrides this gives the same numbers as `roll_last`.

        Args:
            z: (B, c, X), the last c latents, c <= h.
            a: (B, c - 1, A), the standardised blocks between them.
            valid: (B, c) bool, which of them are real frames; padding stands before these.
            actions: (B, N, H, A), the standardised blocks to imagine.

        Returns:
            (B, N, H, X), the latent after each block.
        """
        return roll_last(self, z, a, valid, actions)

    def forward(self, z: Tensor, a: Tensor, valid: Tensor) -> Tensor:
        """Predict as `Predictor` does.

        Args:
            z: (B, T, K, D).
            a: (B, T, A).
            valid: (B, T) bool.

        Returns:
            (B, T, K, D).
        """
        return self.every(z.flatten(2), a, valid).view_as(z)

    def rollout(self, z: Tensor, a: Tensor, valid: Tensor, actions: Tensor) -> Tensor:
        """Roll out as `Predictor` does.

        Args:
            z: (B, c, K, D).
            a: (B, c - 1, A).
            valid: (B, c) bool.
            actions: (B, N, H, A).

        Returns:
            (B, N, H, K, D).
        """
        return self.roll(z.flatten(2), a, valid, actions).unflatten(-1, z.shape[2:])


def windows(x: Tensor, h: int) -> Tensor:
    """Return the h entries up to each position, zeros where there are none before the first.

    Args:
        x: (B, T, ...).
        h: length of a window, from 1.

    Returns:
        (B, T, h, ...), the position's own entry last.
    """
    x = torch.cat([x.new_zeros(x.shape[0], h - 1, *x.shape[2:]), x], 1)
    return x.unfold(1, h, 1).movedim(-1, 2)


def candidates(x: Tensor, N: int) -> Tensor:
    """Repeat what the N candidates of a problem share, once for each of them.

    Args:
        x: (B, ...), of each problem.
        N: candidates of a problem.

    Returns:
        (B * N, ...), the candidates of a problem one after another.
    """
    return x.unsqueeze(1).expand(-1, N, *x.shape[1:]).flatten(0, 1)


def roll_last(
    predictor: VectorPredictor, z: Tensor, a: Tensor, valid: Tensor, actions: Tensor
) -> Tensor:
    """Imagine N sequences from one context, one latent after another by `predictor.last`.

    This is the definition of `VectorPredictor.roll`: each prediction joins the context of the next.

    Args:
        predictor: whose `last` and `context` are used.
        z: (B, c, X), the last c latents, c <= h.
        a: (B, c - 1, A), the standardised blocks between them.
        valid: (B, c) bool, which of them are real frames; padding stands before these.
        actions: (B, N, H, A), the standardised blocks to imagine.

    Returns:
        (B, N, H, X), the latent after each block.
    """
    B, N, H, _ = actions.shape
    h, c = predictor.context, z.shape[1]
    z, valid = candidates(z, N), candidates(valid, N)
    a = torch.cat([candidates(a, N), actions.flatten(0, 1)], 1)
    valid = torch.cat([valid, valid.new_ones(B * N, H)], 1)
    for t in range(c, c + H):
        lo = max(0, t - h)
        following = predictor.last(z[:, lo:t], a[:, lo:t], valid[:, lo:t])
        z = torch.cat([z, following.unsqueeze(1)], 1)
    return z[:, c:].unflatten(0, (B, N))
