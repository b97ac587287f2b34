"""One call of `plan`: the checked problem, its clock, and the best candidate seen so far.

What every planner does alike is here: candidates are rolled out in pieces that fit the memory,
constraints come before cost, a NaN never wins, and the search ends before its deadline, not after.
"""

import time
from collections.abc import Iterator
from typing import Any

import torch
from torch import Generator, Tensor
from torch.nn.functional import one_hot, pad

from wmpc.errors import WmpcError
from wmpc.planners.problem import Box, Categorical, Plan, Problem, candidate_bytes

VIOLATED = 1e30
"""The least rank of what violates a constraint: above any cost."""
DRAWING = 6
"""Tensors of the candidates' size that live at once while they are drawn (the last round's, noise,
its spectrum where it is coloured, scaled, shifted, clamped)."""


class Search:
    """The state of a search over (B, H, A) sequences.

    Args:
        problem, generator, warm_start, deadline: as `wmpc.planners.problem.Planner.plan` takes
        them. space: the kind of actions that the planner can search.

    Attributes:
        box: bounds of one action; for `Categorical`, 0 to 1.
        centre, half: (A,), the middle of the bounds and half their range.
        initial: (B, H, A), the warm start, or the middle of the bounds; one-hot for `Categorical`
            (the warm start's largest entry, or the first class).
    """

    def __init__(
        self,
        problem: Problem,
        generator: Generator,
        warm_start: Tensor | None,
        deadline: float | None,
        space: type[Box] | type[Categorical] = Box,
    ) -> None:
        self.began = time.perf_counter()
        self.problem, self.generator, self.deadline = problem, generator, deadline
        start = problem.dynamics.start
        self.box = _bounds(problem, space, start)
        self.B, self.H, self.A = start.shape[0], problem.horizon, len(self.box.low)
        self.centre = (self.box.high + self.box.low) / 2
        self.half = (self.box.high - self.box.low) / 2
        self.initial = self._initial(warm_start)
        if space is Categorical:
            self.initial = one_hot(self.initial.argmax(-1), self.A).to(self.initial)
        self.size = candidate_bytes(problem.dynamics, self.H, self.A)
        self.found: tuple[Tensor, ...] = ()  # rank, actions, cost, violation, latents
        self.history: list[Tensor] = []
        self.invalid: Tensor | int = 0
        self.over = False  # out of time
        self.slowest: dict[str | None, float] = {}  # seconds, of loops with a kind

    def _initial(self, warm_start: Tensor | None) -> Tensor:
        expected = (self.B, self.H, self.A)
        if warm_start is None:
            return self.centre.expand(expected)
        if tuple(warm_start.shape) != expected:
            raise WmpcError(
                f"warm_start is {tuple(warm_start.shape)}; this problem needs (B, H, A) = "
                f"{expected}"
            )
        return self.box.clamp(warm_start.to(self.box.low))

    def noise(self, N: int, H: int | None = None) -> Tensor:
        """Standard normal (1, N, H, A): every problem draws the same, so that none depends on
        which others it is planned beside."""
        shape = 1, N, H or self.H, self.A
        kind = {"dtype": self.box.low.dtype, "device": self.generator.device}
        return torch.randn(shape, generator=self.generator, **kind).to(self.box.low.device)

    def uniform(self, N: int, A: int | None = None) -> Tensor:
        """Uniform in [0, 1), (1, N, H, A), the same for every problem as `noise` is."""
        shape = 1, N, self.H, A or self.A
        kind = {"dtype": self.box.low.dtype, "device": self.generator.device}
        return torch.rand(shape, generator=self.generator, **kind).to(self.box.low.device)

    @property
    def best(self) -> Tensor:
        """(B, H, A), the best sequence so far; at first the initial one."""
        return self.found[1] if self.found else self.initial

    def rounds(self, most: int, least: int = 0, kind: str | None = None) -> Iterator[int]:
        """0, 1, ... `most` - 1, ending before the deadline where at least `least` came.

        Another round is expected to take a quarter longer than the slowest so far, which fades by
        a tenth a round: machines hiccup, and one hiccup should not end the plan early. The first
        takes what it takes: one round is the shortest deadline that can be kept. A loop with a
        `kind` knows how long those before it of its kind took. Once a loop ran out of time, no
        other begins.
        """
        slowest = self.slowest.get(kind, 0.0)
        for index in range(most):
            began = 0.0
            if self.deadline is not None:
                began = self._now()
                self.over |= began + 1.25 * slowest >= self.began + self.deadline
                if self.over and index >= least:
                    return
            yield index
            if self.deadline is not None:
                slowest = max(0.9 * slowest, self._now() - began)
                if kind is not None:
                    self.slowest[kind] = slowest

    def _now(self) -> float:
        """Seconds on the clock, when all that was asked of the device is done."""
        if self.deadline is not None and self.box.low.is_cuda:
            torch.cuda.synchronize(self.box.low.device)
        return time.perf_counter()

    def score(self, actions: Tensor) -> Tensor:
        """Roll out candidates (B, N, H, A) and return their rank (B, N); see `take`.

        Done in pieces that fit the memory; those that there was no time for rank infinite.
        """
        pieces, ranks = self.pieces(actions), []
        for index in self.rounds(len(pieces), least=1):
            latents = self.problem.dynamics.rollout(pieces[index])
            cost = self.problem.cost(latents, pieces[index])
            ranks.append(self.take(pieces[index], latents, cost))
        if len(pieces) == 1:
            return ranks[0]
        rank = torch.cat(ranks, 1)
        return pad(rank, (0, actions.shape[1] - rank.shape[1]), value=torch.inf)

    def pieces(self, actions: Tensor, gradient: bool = False) -> tuple[Tensor, ...]:
        """Candidates (B, N, H, A), cut so that each piece fits the memory beside them all.

        With `gradient` the activations of every step are kept: H times the bytes.
        """
        own = DRAWING * actions.nbytes
        size = self.B * self.size * (self.H if gradient else 1)
        fit = (self.problem.memory - own) // size
        if fit < 1:
            raise WmpcError(
                f"a memory of {self.problem.memory:,} bytes is too small: {actions.shape[1]:,} "
                f"candidates take {own:,} to draw and {size:,} to roll out one at a time; give "
                "more memory or take fewer samples"
            )
        return actions.split(fit, 1)

    def take(self, actions: Tensor, latents: Tensor, cost: Tensor) -> Tensor:
        """Remember the best of candidates with known latents and cost (B, N); return their rank.

        The rank is the cost, except that violated constraints come before any cost, and that a
        NaN counts as infinite: it never wins.
        """
        B = len(actions)
        actions, latents, cost = actions.detach(), latents.detach(), _each("cost", cost, actions)
        nan = cost.isnan()
        violation = torch.zeros_like(cost)
        for constraint in self.problem.constraints:
            excess = _each("constraint", constraint(latents, actions), actions)
            violation = torch.maximum(violation, excess.nan_to_num(torch.inf))
        rank = cost.masked_fill(nan, torch.inf)
        if self.problem.constraints:
            wide = torch.promote_types(rank.dtype, torch.float32)  # VIOLATED is beyond a float16
            rank = torch.where(violation > 0, VIOLATED * (1 + violation.to(wide)), rank.to(wide))
            rank = rank.masked_fill(nan, torch.inf)
        pick = torch.arange(B, device=rank.device), rank.argmin(1)
        new = tuple(x[pick] for x in (rank, actions, cost, violation, latents))
        if self.found:
            better = new[0] < self.found[0]
            new = tuple(
                torch.where(better.view(B, *[1] * (x.dim() - 1)), x, old)
                for x, old in zip(new, self.found, strict=True)
            )
        self.found = new
        self.history.append(new[2].mean())
        self.invalid = self.invalid + nan.sum()
        return rank

    @torch.no_grad()
    def plan(self, **stats: Any) -> Plan:
        """The best as a Plan, the initial sequence where there was no time for more; `stats` are
        kept beside the search's own."""
        if not self.found:
            self.score(self.initial.unsqueeze(1))
        rank, actions, cost, violation, latents = self.found
        invalid = int(self.invalid)
        if not rank.isfinite().all():
            raise WmpcError(
                f"every candidate of some problem cost NaN or infinity ({invalid} NaN in all), or "
                "broke a constraint by as much: check that the model, the goal and the current "
                "latent are finite"
            )
        stats["history"] = torch.stack(self.history).tolist()
        stats["invalid"], stats["feasible"] = invalid, violation <= 0
        stats["seconds"] = time.perf_counter() - self.began
        return Plan(actions, cost, violation, latents, stats)


def _each(what: str, value: Tensor, actions: Tensor) -> Tensor:
    """The value, one a candidate (B, N); WmpcError where it is not."""
    B, N = actions.shape[:2]
    if value.shape != (B, N):
        raise WmpcError(
            f"the {what} returned {tuple(value.shape)} for {N} candidates of {B} problems; it "
            f"must return (B, N) = {(B, N)}"
        )
    return value.detach()


def _bounds(problem: Problem, space: type, start: Tensor) -> Box:
    """The bounds of one action; WmpcError where the problem makes no sense."""
    actions = problem.actions
    if not isinstance(actions, space):
        raise WmpcError(
            f"this planner searches a {space.__name__} of actions, the problem has a "
            f"{type(actions).__name__}: "
            + ("use CategoricalCEM" if isinstance(actions, Categorical) else "use CEM")
        )
    if problem.horizon < 1:
        raise WmpcError(f"horizon is {problem.horizon}; it must be at least 1")
    if start.dim() != 3:
        raise WmpcError(f"dynamics.start is {tuple(start.shape)}; it must be (B, K, D)")
    if isinstance(actions, Categorical):
        if actions.n < 2:
            raise WmpcError(f"a Categorical of {actions.n} actions; it needs at least 2")
        zeros = start.new_zeros(actions.n)
        return Box(zeros, zeros + 1)
    low, high = actions.low, actions.high
    if low.shape != high.shape or low.dim() != 1 or not len(low):
        raise WmpcError(
            f"action bounds are {tuple(low.shape)} and {tuple(high.shape)}; both must be (A,)"
        )
    if not (low.isfinite().all() and high.isfinite().all() and (low < high).all()):
        raise WmpcError("action bounds must be finite with low < high in every dimension")
    return actions
