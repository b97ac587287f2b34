"""Gradient descent on the actions through the model, from several starts side by side.

One loop, `descend`; the planners differ in the rule that turns a gradient into a step. Positions x
and gradients g are in shares of each action's half range, so that a rule knows no units; every step
is projected to the bounds.
"""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from wmpc.errors import WmpcError
from wmpc.planners.checks import check_settings
from wmpc.planners.planner import SearchPlanner
from wmpc.planners.search import Search

Rule = Callable[[Tensor, Tensor, Tensor, float, Any], tuple[Tensor, Any]]
"""x (B, N, H, A), cost (B, N), gradient (B, N, H, A), share of the iterations left, memory (None at
first) -> where to go, memory. Every candidate is descended for itself."""


@dataclass
class Descent(SearchPlanner):
    """What the gradient planners share; a subclass is its rule, `step`.

    Args:
        restarts: N, sequences descended side by side; the warm start is the first.
        iterations: descent steps.
        rate: step size, see the planner.
        spread: standard deviation of the random starts, as a share of the half range.
    """

    restarts: int = 8
    iterations: int = 30
    rate: float = 0.1
    spread: float = 0.5

    def __post_init__(self) -> None:
        check_settings(self, "restarts >= 1", "iterations >= 1", "rate > 0", "spread >= 0")

    @abstractmethod
    def step(self, x: Tensor, cost: Tensor, g: Tensor, left: float, memory: Any) -> Any:
        """Say where every candidate goes next; a `Rule`.

        Args:
            x: (B, N, H, A), the candidates, in half ranges.
            cost: (B, N), theirs.
            g: (B, N, H, A), the gradient of the cost in x.
            left: share of the iterations left, from 1 towards 0.
            memory: what the last call returned as such; None at first.

        Returns:
            The next x, (B, N, H, A), which may lie out of bounds, and the memory.
        """

    def run(self, search: Search) -> None:
        """Descend from the initial sequence and from others around it.

        Args:
            search: what `SearchPlanner.plan` opened.
        """
        descend(search, starts(search, self.restarts, self.spread), self.step, self.iterations)


def starts(search: Search, restarts: int, spread: float) -> Tensor:
    """Draw sequences to descend from.

    Args:
        search: gives the initial sequence, bounds and randomness.
        restarts: N, how many.
        spread: standard deviation around the initial sequence, as a share of the half range.

    Returns:
        (B, N, H, A) within the bounds; the first is the initial sequence itself.
    """
    noise = search.noise(restarts)
    noise[:, 0] = 0
    return search.box.clamp(search.initial[:, None] + spread * search.half * noise)


@torch.no_grad()
def descend(search: Search, actions: Tensor, rule: Rule, iterations: int) -> tuple[Tensor, Tensor]:
    """Descend candidates by `rule` within the bounds, while there is time.

    Args:
        search: scores the candidates and remembers the best of all.
        actions: (B, N, H, A) to begin with.
        rule: turns gradients into steps.
        iterations: how many steps.

    Returns:
        The best sequence that each candidate came by, never worse than what it began with, and its
        rank (B, N); infinite for those that there was no time to look at.
    """
    best, lowest = actions, actions.new_full(actions.shape[:2], torch.inf)
    memory = None
    for step in search.rounds(iterations + 1, kind="descent"):  # the last only looks where it ended
        if step == iterations:
            rank, following = search.score(actions), actions
        else:
            rank, cost, g = _look(search, actions)
            x, memory = rule(actions / search.half, cost, g, 1 - step / iterations, memory)
            following = search.box.clamp(x * search.half)
        better = rank < lowest
        best = torch.where(better[..., None, None], actions, best)
        lowest = torch.where(better, rank, lowest)
        actions = following
    return best, lowest


def _look(search: Search, actions: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Rank, cost (B, N) and gradient of candidates, in pieces that fit the memory."""
    problem = search.problem

    def look(piece: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        with torch.enable_grad():
            piece = piece.detach().requires_grad_()
            latents = problem.dynamics.rollout(piece)
            cost = problem.cost(latents, piece)
            rank = search.take(piece, latents, cost)
            return rank, cost.detach(), gradient(cost, latents, piece) * search.half

    rank, cost, g = zip(*map(look, search.pieces(actions, gradient=True)), strict=True)
    return torch.cat(rank, 1), torch.cat(cost, 1), torch.cat(g, 1)


def gradient(cost: Tensor, latents: Tensor, actions: Tensor) -> Tensor:
    """Compute d cost / d actions.

    Args:
        cost: (B, N), of the candidates.
        latents: (B, N, H, K, D), imagined from the actions.
        actions: (B, N, H, A), a leaf that requires a gradient.

    Returns:
        The gradient, of the actions' shape; 0 where it is NaN or infinite.

    Raises:
        WmpcError: cost or latents do not depend differentiably on the actions.
    """
    g = None
    if cost.requires_grad and latents.requires_grad:
        (g,) = torch.autograd.grad(cost.sum(), actions, allow_unused=True)
    if g is None:
        raise WmpcError(
            "the cost does not depend differentiably on the actions (a simulator or a "
            "detached model?); use a sampling planner such as CEM"
        )
    return g.nan_to_num(0.0, 0.0, 0.0)
