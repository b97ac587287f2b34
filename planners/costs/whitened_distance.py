"""The distance to a goal, weighed by how far recorded latents move in each direction in a block."""

from dataclasses import dataclass

import torch
from torch import Tensor

from wmpc.errors import WmpcError
from wmpc.planners.costs.latent_distance import LatentDistance
from wmpc.planners.costs.metrics import Metric
from wmpc.planners.costs.target import Target
from wmpc.planners.problem import Cost

LEAST = 1e-3
"""Of a token's largest eigenvalue, added to all: what hardly moves shall not count most of all."""


@dataclass(frozen=True, eq=False, kw_only=True)
class RootedDistance(LatentDistance):
    """Squared distance to the goal after a linear map of each token, |R' (z - g)|^2.

    What a goal says in other numbers than latents, true states or what a probe reads, is compared
    by the straight distance.

    Args:
        steps: which imagined latents count, see `LatentDistance`.
        gamma: see there.
        root: R, (K, D, D).
    """

    root: Tensor

    def metric(self, target: Target) -> Metric:
        """Choose how latents are compared with a goal.

        Args:
            target: the goal.

        Returns:
            The metric.
        """
        root = self.root
        if target.read is not None or target.latents.shape[1:] != root.shape[:2]:
            return super().metric(target)

        def mapped(z: Tensor, g: Tensor, weight: Tensor | None = None) -> Tensor:
            error = z - g if weight is None else (z - g) * weight.sqrt()
            return (error.unsqueeze(-2) @ root.to(error)).square().sum((-2, -1))

        return mapped


@dataclass(frozen=True)
class WhitenedDistance(LatentDistance):
    """Squared distance to the goal in which directions that move little count as well.

    In d^2 = (z - g)' C^-p (z - g), C is the second moment of how a recorded token changes in one
    block, and p is `power`: with 1 it is the Mahalanobis distance, with 0 the straight one. C^-p is
    scaled so that the mean d^2 of a block is what it is by the straight distance: tokens keep their
    weight beside each other, also those that zeros fill up.

    Args:
        steps: which imagined latents count, see `LatentDistance`.
        gamma: see there.
        power: p, 0 to 1.
    """

    power: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.power <= 1:
            raise WmpcError(f"power is {self.power}; it must be 0 (straight) to 1 (Mahalanobis)")

    def __call__(self, target: Target, executed: int) -> Cost:
        """Refuse to make a cost before C is known.

        Args:
            target: the goal.
            executed: blocks that will be acted out before planning anew.

        Raises:
            WmpcError: always.
        """
        raise WmpcError(
            "a whitened distance must know how latents move: agent=mpc and agent=roadmap fit it to "
            "the recordings of the run; in Python, plan with what cost.fitted(latents) returns. "
            "agent=simulator, which has no latents, takes cost=latent_distance"
        )

    def fitted(self, latents: Tensor) -> RootedDistance:
        """Find C of recorded latents.

        Args:
            latents: (N, 2, K, D), of N frames and of those one block later.

        Returns:
            The distance with R R' = C^-p for each token; one that never moves keeps the straight
            distance.

        Raises:
            WmpcError: there are none, none of them moves, or some are not finite.
        """
        change = (latents[:, 1] - latents[:, 0]).double().transpose(0, 1)  # (K, N, D)
        if not change.isfinite().all():
            raise WmpcError("latents of recorded frames are NaN or infinite: train the model anew")
        if not change.any():
            raise WmpcError(
                f"none of {len(latents)} recorded latents moves in a block; a whitened distance "
                "weighs by that: take cost=latent_distance"
            )
        moment = change.transpose(1, 2) @ change / change.shape[1]
        values, vectors = torch.linalg.eigh(moment)
        still = values[:, -1:] <= 0  # eigenvalues ascend
        values = torch.where(still, 1.0, values.clamp(min=0))
        scales = (values + LEAST * values[:, -1:]) ** (-self.power)
        scales *= values.sum(-1, keepdim=True) / (values * scales).sum(-1, keepdim=True)
        root = vectors * scales.sqrt()[:, None]
        return RootedDistance(self.steps, self.gamma, root=root.to(latents))
