"""The contract of the planners: what a planner may know, and what it gives back.

A planner sees a `Problem`: a dynamics bound to where we are now, a cost, a horizon and bounds. It
never sees a model class or an environment. A latent is always (K, D): K = 1 for a vector, K patches
or slots otherwise. B counts independent problems, N candidate action sequences, H steps ahead.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from torch import Tensor


class Dynamics(Protocol):
    """A model bound to one context (frames seen, actions executed)."""

    @property
    def start(self) -> Tensor:
        """(B, K, D), the current latent."""
        ...

    def rollout(self, actions: Tensor) -> Tensor:
        """Imagine sequences of actions.

        What is known of the future beside the latent, such as how far the members of an ensemble
        part, are tokens of a group of their own in the model's layout: a cost that asks for them
        takes that group, and the weight of a goal leaves them out of the distance to it.

        Args:
            actions: (B, N, H, A).

        Returns:
            Latents (B, N, H, K, D), after each action.
        """
        ...

    def predict(self, states: Tensor, actions: Tensor) -> Tensor:
        """Predict one step from each of the states given, all at once (GRASP, arXiv 2602.00475).

        Args:
            states: (B, N, H - 1, K, D), s_1 to s_{H-1}; s_0 is `start`.
            actions: (B, N, H, A).

        Returns:
            F(s_t, a_t) for t = 0 to H - 1, (B, N, H, K, D).
        """
        ...


Cost = Callable[[Tensor, Tensor], Tensor]
"""latents (B, N, H, K, D), actions (B, N, H, A) -> (B, N), differentiable."""


@dataclass(frozen=True)
class Box:
    """Elementwise bounds of one action: low and high, each (A,)."""

    low: Tensor
    high: Tensor

    def clamp(self, actions: Tensor) -> Tensor:
        """Move actions to the nearest ones within the bounds.

        Args:
            actions: (..., A).

        Returns:
            (..., A).
        """
        return torch.maximum(torch.minimum(actions, self.high), self.low)


@dataclass(frozen=True)
class Categorical:
    """One of `n` discrete actions, one-hot in the last axis (A = n)."""

    n: int


@dataclass(frozen=True)
class Problem:
    """Minimise `cost` of the rollout over `horizon` actions within `actions`."""

    dynamics: Dynamics
    cost: Cost
    horizon: int
    actions: Box | Categorical
    goal: Tensor | None = None
    """(B, K, D), for planners that use the goal beyond its cost."""
    weight: Tensor | None = None
    """Broadcastable to (K, D), how much each entry of the goal counts; None: all alike."""
    constraints: tuple[Cost, ...] = ()
    """Each <= 0 where satisfied."""
    memory: int = 1 << 30
    """Bytes that imagining may take; more candidates than fit are rolled out one after another."""


def candidate_bytes(dynamics: Dynamics, horizon: int, A: int) -> int:
    """Estimate the memory that rolling out one candidate takes.

    Args:
        dynamics: asked for `candidate_bytes(horizon)`, if it has that.
        horizon: H, steps ahead.
        A: numbers in an action.

    Returns:
        Bytes; of dynamics that do not say, 32 times the size of its latents and actions.
    """
    if (told := getattr(dynamics, "candidate_bytes", None)) is not None:
        return int(told(horizon))
    start = dynamics.start
    return 32 * horizon * (start[0].numel() + A) * start.element_size()


@dataclass(frozen=True)
class Plan:
    """The best sequence found."""

    actions: Tensor
    """(B, H, A), in the units of `Problem.actions`."""
    cost: Tensor
    """(B,)"""
    violation: Tensor
    """(B,), the largest positive part over the constraints; 0 where feasible."""
    latents: Tensor
    """(B, H, K, D), the imagined rollout of `actions`."""
    stats: dict[str, Any] = field(default_factory=dict)


class Planner(Protocol):
    """Anything that solves a `Problem`."""

    def plan(
        self,
        problem: Problem,
        *,
        generator: torch.Generator,
        warm_start: Tensor | None = None,
        deadline: float | None = None,
    ) -> Plan:
        """Search for the cheapest sequence of actions.

        Args:
            problem: what to minimise.
            generator: of all that is drawn at random.
            warm_start: (B, H, A), a sequence to begin from; the plan returned costs no more than
                it.
            deadline: seconds to search at most; None: the planner's own budget.

        Returns:
            The best plan found.
        """
        ...
