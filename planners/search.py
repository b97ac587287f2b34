"""What every sampling planner does alike: draw within bounds, score, keep the best ever seen."""

import time
from typing import Any

import torch
from torch import Tensor

from planners.errors import PlannerError
from planners.problem import Box, Plan, Problem


def bounds(problem: Problem) -> Box:
    """The problem's box, checked: finite, not inverted, a horizon of at least one."""
    box = problem.actions
    if not isinstance(box, Box):
        raise PlannerError(f"this planner searches a Box of actions, not {type(box).__name__}")
    if box.low.shape != box.high.shape or box.low.dim() != 1:
        raise PlannerError(
            f"action bounds are {tuple(box.low.shape)} and {tuple(box.high.shape)}; both must be "
            "(A,)"
        )
    if not (box.low.isfinite().all() and box.high.isfinite().all() and (box.low < box.high).all()):
        raise PlannerError("action bounds must be finite with low < high in every dimension")
    if problem.horizon < 1:
        raise PlannerError(f"horizon is {problem.horizon}; it must be at least 1")
    return box


def checked_warm_start(problem: Problem, warm_start: Tensor | None) -> Tensor | None:
    """`warm_start` (B, H, A) clamped to the bounds, or a PlannerError about its shape."""
    if warm_start is None:
        return None
    box = bounds(problem)
    expected = (problem.dynamics.start.shape[0], problem.horizon, len(box.low))
    if tuple(warm_start.shape) != expected:
        raise PlannerError(
            f"warm_start is {tuple(warm_start.shape)}; this problem needs (B, H, A) = {expected}"
        )
    return box.clamp(warm_start)


class Best:
    """The best candidate of every problem so far, and how long the search has taken."""

    def __init__(self, problem: Problem, deadline: float | None) -> None:
        self.problem, self.deadline = problem, deadline
        self.began = time.perf_counter()
        self.found: tuple[Tensor, ...] = ()  # rank, actions, cost, violation, latents
        self.history: list[float] = []
        self.invalid = 0

    def score(self, actions: Tensor) -> Tensor:
        """Roll out candidates (B, N, H, A) and return their rank (B, N); see `take`."""
        latents = self.problem.dynamics.rollout(actions)
        return self.take(actions, latents, self.problem.cost(latents, actions))

    def take(self, actions: Tensor, latents: Tensor, cost: Tensor) -> Tensor:
        """Remember the best of candidates with known latents and cost (B, N); return their rank.

        The rank is the cost, except that violated constraints come before any cost, and that a
        NaN counts as infinite: it never wins.
        """
        actions, latents, cost = actions.detach(), latents.detach(), cost.detach()
        violation = torch.zeros_like(cost)
        for constraint in self.problem.constraints:
            excess = constraint(latents, actions).detach()
            violation = torch.maximum(violation, excess.nan_to_num(torch.inf))
        rank = torch.where(violation > 0, 1e30 * (1 + violation), cost)
        self.invalid += int(cost.isnan().sum())
        rank = rank.masked_fill(cost.isnan(), torch.inf)
        B = len(rank)
        pick = torch.arange(B, device=rank.device), rank.argmin(1)
        new = tuple(x[pick] for x in (rank, actions, cost, violation, latents))
        if self.found:
            better = new[0] < self.found[0]
            new = tuple(
                torch.where(better.view(B, *[1] * (x.dim() - 1)), x, old)
                for x, old in zip(new, self.found, strict=True)
            )
        self.found = new
        self.history.append(float(new[2].mean()))
        return rank

    def expired(self) -> bool:
        """Whether the deadline has passed."""
        return self.deadline is not None and time.perf_counter() - self.began >= self.deadline

    def plan(self, **stats: Any) -> Plan:
        """The best as a Plan; `stats` are kept beside the search's own."""
        rank, actions, cost, violation, latents = self.found
        if not rank.isfinite().all():
            raise PlannerError(
                f"every candidate of some problem cost NaN or infinity ({self.invalid} NaN in all):"
                " check that the model, the goal and the current latent are finite"
            )
        stats["history"], stats["invalid"] = self.history, self.invalid
        stats["seconds"] = time.perf_counter() - self.began
        return Plan(actions, cost, violation, latents, stats)
