"""The normal distribution over action sequences that CEM, iCEM and the hybrid refit to elites."""

import torch
from torch import Tensor

from wmpc.planners.search import Search


class Gaussian:
    """N(mu, diag(sigma^2)), each action of each step for itself; mu and sigma are (B, H, A).

    Refit to the elites, smoothed as De Boer et al. (A Tutorial on the Cross-Entropy Method, 2005)
    do, with alpha the share of what was before:

        mu <- alpha mu + (1 - alpha) mean(elites)
        sigma <- max(alpha sigma + (1 - alpha) std(elites), floor)

    Args:
        search: the search whose initial sequence is the first mean.
        spread: first standard deviation, as a share of each action's half range.
        least_spread: share of the half range that the standard deviation never falls below.
        alpha: share of the old mean and deviation kept at each refit, 0 to below 1.
    """

    def __init__(
        self, search: Search, spread: float, least_spread: float, alpha: float = 0.0
    ) -> None:
        self.box, self.half, self.alpha = search.box, search.half, alpha
        self.mu, self.sigma = search.initial, (spread * search.half).expand_as(search.initial)
        self.floor = least_spread * search.half

    def transform(self, noise: Tensor) -> Tensor:
        """Turn noise into candidates within the bounds.

        Args:
            noise: (1, N, H, A) of mean 0 and variance 1.

        Returns:
            mu + sigma noise, clamped, (B, N, H, A).
        """
        return self.box.clamp(self.mu[:, None] + self.sigma[:, None] * noise)

    def refit(self, elites: Tensor) -> None:
        """Move mean and deviation to those of the elites.

        Args:
            elites: (B, K, H, A), K at least 2.
        """
        alpha = self.alpha
        self.mu = alpha * self.mu + (1 - alpha) * elites.mean(1)
        self.sigma = alpha * self.sigma + (1 - alpha) * elites.std(1)
        self.sigma = torch.maximum(self.sigma, self.floor)

    @property
    def spread(self) -> float:
        """The standard deviation as a share of the half range, on average."""
        return float((self.sigma / self.half).mean())
