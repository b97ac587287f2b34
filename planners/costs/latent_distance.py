"""The squared distance of imagined latents to the goal's: the cost that is chosen by default."""

import math
from dataclasses import dataclass
from typing import Literal, get_args

from torch import Tensor

from wmpc.errors import WmpcError
from wmpc.planners.costs.distances import distance, through
from wmpc.planners.costs.metrics import Metric, squared
from wmpc.planners.costs.steps import discounted, last, prefix, total
from wmpc.planners.costs.target import Probe, Target
from wmpc.planners.problem import Cost

Steps = Literal["last", "sum", "executed", "discounted"]


@dataclass(frozen=True)
class LatentDistance:
    """Squared distance to the goal, over the steps that count; see `latent_distance`.

    Args:
        steps: which imagined latents count: the last one, the sum over the horizon, the sum over
            the blocks that will be executed before planning anew, or the discounted sum. With
            "last" a receding horizon procrastinates: the goal stays H blocks away.
        gamma: what a step counts beside the one before it, with `steps` "discounted".
    """

    steps: Steps = "sum"
    gamma: float = 0.9

    def __post_init__(self) -> None:
        _check_steps(self.steps)
        if not 0 < self.gamma <= 1:
            raise WmpcError(f"gamma is {self.gamma}; it must be above 0 and at most 1")

    def __call__(self, target: Target, executed: int) -> Cost:
        """Make the cost of a goal.

        Args:
            target: the goal; where it has a probe, what that reads is compared.
            executed: blocks that will be acted out before planning anew.

        Returns:
            latents (B, N, H, K, D), actions (B, N, H, A) -> (B, N).
        """
        return latent_distance(
            target.latents, steps=self.steps, executed=executed, gamma=self.gamma,
            weight=target.weight, read=target.read, metric=self.metric(target),
        )  # fmt: skip

    def metric(self, target: Target) -> Metric:
        """Choose how latents are compared with a goal.

        Args:
            target: the goal.

        Returns:
            The metric: the squared Euclidean distance.
        """
        return squared

    def counted(self, horizon: int, executed: int) -> slice:
        """Return which of the imagined steps count.

        Args:
            horizon: H, steps imagined.
            executed: those that will be acted out before planning anew.

        Returns:
            A part of 0 to H - 1; of a discount, the first 1 / (1 - gamma) steps, which have most of
            the weight.
        """
        if self.steps == "last":
            return slice(horizon - 1, horizon)
        if self.steps == "executed":
            return slice(0, executed)
        if self.steps == "discounted" and self.gamma < 1:
            return slice(0, math.ceil(1 / (1 - self.gamma) - 1e-9))  # 1 / (1 - 0.9) is above 10
        return slice(0, horizon)


def latent_distance(
    goal: Tensor,
    *,
    steps: Steps = "last",
    executed: int = 1,
    gamma: float = 0.9,
    weight: Tensor | None = None,
    read: Probe | None = None,
    metric: Metric = squared,
) -> Cost:
    """Make the squared distance of imagined latents to a goal's: sum_kd w_kd (z_kd - g_kd)^2.

    Args:
        goal: (B, K, D).
        steps: which imagined latents count: the last one, the sum over the horizon, the sum over
            the first `executed`, the part that will be acted out before planning anew, or the sum
            discounted by `gamma`.
        executed: how many steps "executed" counts.
        gamma: what a step counts beside the one before it, with "discounted".
        weight: w, broadcastable to (K, D); None counts every dimension once.
        read: a probe whose numbers are compared instead of the latents, see `through`.
        metric: what is taken instead of the squared distance.

    Returns:
        latents (B, N, H, K, D), actions (B, N, H, A) -> (B, N).

    Raises:
        WmpcError: `steps` is none of these, `executed` or `gamma` is out of range, or goal and
            weight do not fit each other.
    """
    _check_steps(steps)
    d = distance(goal, metric, weight=weight)
    if read is not None:
        d = through(read, d)
    if steps == "last":
        return last(d)
    if steps == "executed":
        return prefix(d, executed)
    return discounted(d, gamma) if steps == "discounted" else total(d)


def _check_steps(steps: str) -> None:
    if steps not in get_args(Steps):
        raise WmpcError(
            f"steps is {steps!r}; a latent distance takes last, sum, executed or discounted"
        )
