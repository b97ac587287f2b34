"""Gradient descent on the actions through the model, from several starts side by side.

One loop, `descend`; the planners differ in the rule that turns a gradient into a step. Positions x
and gradients are in shares of each action's half range, so that a rule knows no units; every step
is projected to the bounds.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import torch
from torch import Generator, Tensor

from wmpc.errors import WmpcError
from wmpc.planners.problem import Plan, Problem
from wmpc.planners.search import Search

Rule = Callable[[Tensor, Tensor, Tensor, float, Any], tuple[Tensor, Any]]
"""x (B, N, H, A), cost (B, N), gradient (B, N, H, A), share of the iterations left, memory (None at
first) -> where to go, memory. Every candidate is descended for itself."""


class Descent(ABC):
    """What the gradient planners share.

    Args:
        restarts: sequences descended side by side; the warm start is the first.
        iterations: descent steps.
        rate: step size, see the planner.
        spread: standard deviation of the random starts, as a share of the half range.
    """

    def __init__(self, restarts: int, iterations: int, rate: float, spread: float) -> None:
        if restarts < 1 or iterations < 1 or rate <= 0 or spread < 0:
            raise WmpcError(
                f"{type(self).__name__} needs restarts >= 1, iterations >= 1, rate > 0 and "
                f"spread >= 0, got {restarts}, {iterations}, {rate} and {spread}"
            )
        self.restarts, self.iterations, self.rate, self.spread = restarts, iterations, rate, spread

    @abstractmethod
    def step(self, x: Tensor, cost: Tensor, g: Tensor, left: float, memory: Any) -> Any:
        """The rule, see `Rule`."""

    def plan(
        self,
        problem: Problem,
        *,
        generator: Generator,
        warm_start: Tensor | None = None,
        deadline: float | None = None,
    ) -> Plan:
        """See `wmpc.planners.problem.Planner`. WmpcError where the cost has no gradient."""
        search = Search(problem, generator, warm_start, deadline)
        descend(search, starts(search, self.restarts, self.spread), self.step, self.iterations)
        return search.plan()


class SGD(Descent):
    """x <- x - rate v, v <- momentum v + gradient, the rate falling to 0.

    The step grows with the cost: scale the rate by it, or use Adam or ProjectedGradient.
    """

    def __init__(
        self,
        restarts: int = 8,
        iterations: int = 30,
        rate: float = 0.1,
        spread: float = 0.5,
        momentum: float = 0.0,
    ) -> None:
        super().__init__(restarts, iterations, rate, spread)
        if not 0 <= momentum < 1:
            raise WmpcError(f"momentum is {momentum}; SGD takes 0 <= momentum < 1")
        self.momentum = momentum

    def step(self, x: Tensor, cost: Tensor, g: Tensor, left: float, memory: Any) -> Any:
        v = g if memory is None else self.momentum * memory + g
        return x - self.rate * left * v, v


class Adam(Descent):
    """Adam (arXiv 1412.6980, algorithm 1): `rate` is the share of the half range that an action
    moves in a step, falling to 0. Any scale of the cost will do."""

    def __init__(
        self, restarts: int = 8, iterations: int = 30, rate: float = 0.1, spread: float = 0.5
    ) -> None:
        super().__init__(restarts, iterations, rate, spread)

    def step(self, x: Tensor, cost: Tensor, g: Tensor, left: float, memory: Any) -> Any:
        t, m, v = (0, 0.0, 0.0) if memory is None else memory
        t, m, v = t + 1, 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g.square()
        m_hat, v_hat = m / (1 - 0.9**t), v / (1 - 0.999**t)
        return x - self.rate * left * m_hat / (v_hat.sqrt() + 1e-8), (t, m, v)


class ProjectedGradient(Descent):
    """Spectral projected gradient (Birgin, Martinez and Raydan 2000).

    A candidate that did not fall enough below the highest of its last `WINDOW` costs (Armijo's
    condition, not monotone) goes back and tries a quarter of its step; one that did steps on with
    the length of Barzilai and Borwein. Each keeps its own step length, so that a rejected step
    costs an iteration and not an inner loop. Any scale of the cost will do.

    `rate` is the first step: the share of the half range by which the steepest action moves. The
    memory is the last accepted x and gradient, the last costs, and lambda, the step length.
    """

    WINDOW = 5

    def __init__(
        self, restarts: int = 8, iterations: int = 30, rate: float = 0.2, spread: float = 0.5
    ) -> None:
        super().__init__(restarts, iterations, rate, spread)

    def step(self, x: Tensor, cost: Tensor, g: Tensor, left: float, memory: Any) -> Any:
        cost = cost.nan_to_num(torch.inf, torch.inf).unsqueeze(-1)
        steepest = g.abs().amax((-2, -1)).clamp_min(1e-30)
        if memory is None:
            length, costs = self.rate / steepest, cost
        else:
            x0, g0, costs, length = memory
            s, y = x - x0, g - g0
            fell = cost[..., 0] <= costs.amax(-1) + 1e-4 * (g0 * s).sum((-2, -1))
            curvature, longest = (s * y).sum((-2, -1)), 2 / steepest  # across the whole range
            spectral = s.square().sum((-2, -1)) / curvature.clamp_min(1e-30)
            spectral = torch.where(curvature > 0, torch.minimum(spectral, longest), longest)
            length = torch.where(fell, spectral, length / 4)
            x, g = (torch.where(fell[..., None, None], *both) for both in ((x, x0), (g, g0)))
            accepted = torch.where(fell[..., None], cost, costs[..., -1:])
            costs = torch.cat([costs, accepted], -1)[..., -self.WINDOW :]
        return x - length[..., None, None] * g, (x, g, costs, length)


def starts(search: Search, restarts: int, spread: float) -> Tensor:
    """(B, restarts, H, A): the initial sequence, and others around it."""
    noise = search.noise(restarts)
    noise[:, 0] = 0
    return search.box.clamp(search.initial[:, None] + spread * search.half * noise)


@torch.no_grad()
def descend(search: Search, actions: Tensor, rule: Rule, iterations: int) -> tuple[Tensor, Tensor]:
    """Descend candidates (B, N, H, A) by `rule` within the bounds, while there is time.

    Returns the best sequence that each candidate came by, and its rank (B, N); infinite for those
    that there was no time to look at. Never worse, therefore, than what it began with.
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
    """d cost / d actions, 0 where it is NaN; WmpcError where there is none."""
    g = None
    if cost.requires_grad and latents.requires_grad:
        (g,) = torch.autograd.grad(cost.sum(), actions, allow_unused=True)
    if g is None:
        raise WmpcError(
            "the cost does not depend differentiably on the actions (a simulator or a "
            "detached model?); use a sampling planner such as CEM"
        )
    return g.nan_to_num(0.0, 0.0, 0.0)
