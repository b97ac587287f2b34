"""One call of `plan`: the checked problem, its clock, and the best candidate seen so far.

What every planner does alike is here: candidates are rolled out in pieces that fit the memory,
constraints come before cost, a NaN never wins, and the search ends before its deadline, not after.
"""

import time
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Generator, Tensor
from torch.nn.functional import one_hot, pad

from wmpc.errors import WmpcError
from wmpc.planners.checks import check_bounds
from wmpc.planners.problem import Box, Categorical, Plan, Problem, candidate_bytes

VIOLATED = 1e30
"""The least rank of what violates a constraint: above any cost."""
DRAWING = 6
"""Tensors of the candidates' size that live at once while they are drawn (the last round's, noise,
its spectrum where it is coloured, scaled, shifted, clamped)."""


class Search:
    """The state of a search over (B, H, A) sequences.

    Args:
        problem: what is to be planned.
        generator: source of all randomness.
        warm_start: (B, H, A), the sequence to begin from; None: there is none.
        deadline: seconds from now in which the search must be over; None: no limit.
        space: the kind of actions that the planner can search.

    Attributes:
        box: bounds of one action; for `Categorical`, 0 to 1.
        centre, half: (A,), the middle of the bounds and half their range.
        warm: whether there was a warm start.
        initial: (B, H, A), the warm start, or the middle of the bounds; one-hot for `Categorical`
            (the warm start's largest entry, or the first class).
        stats: what the planner wants told of its search in `Plan.stats`.

    Raises:
        WmpcError: the bounds, the horizon, the current latent or the warm start are malformed, or
            the actions are of another kind than the planner can search.
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
        self.box = check_bounds(problem, space)
        self.B, self.H, self.A = start.shape[0], problem.horizon, len(self.box.low)
        self.centre = (self.box.high + self.box.low) / 2
        self.half = (self.box.high - self.box.low) / 2
        self.warm, self.initial = warm_start is not None, self._initial(warm_start)
        if space is Categorical:
            self.initial = one_hot(self.initial.argmax(-1), self.A).to(self.initial)
        self.size = candidate_bytes(problem.dynamics, self.H, self.A)
        self.stats: dict[str, Any] = {}
        self.found: tuple[Tensor, ...] = ()  # rank, actions, cost, violation, latents
        self.history: list[Tensor] = []
        self.invalid: Tensor | int = 0
        self.over = False  # out of time
        self.slowest: dict[str | None, float] = {}  # seconds, of loops with a kind

    def _initial(self, warm_start: Tensor | None) -> Tensor:
        expected = (self.B, self.H, self.A)
        if warm_start is None:
            return self.box.clamp(self.centre.expand(expected))
        if tuple(warm_start.shape) != expected:
            raise WmpcError(
                f"warm_start is {tuple(warm_start.shape)}; this problem needs (B, H, A) = "
                f"{expected}"
            )
        return self.box.clamp(warm_start.to(self.box.low))

    def noise(self, N: int, H: int | None = None) -> Tensor:
        """Draw standard normal noise, the same for every problem, so that no plan depends on which
        others it is planned beside.

        Args:
            N: candidates.
            H: steps; None: the horizon.

        Returns:
            (1, N, H, A), of the dtype and on the device of the bounds.
        """
        return self._draw(torch.randn, N, H or self.H, self.A)

    def uniform(self, N: int, A: int | None = None) -> Tensor:
        """Draw uniform noise in [0, 1), the same for every problem.

        Args:
            N: candidates.
            A: numbers a step; None: one for each entry of an action.

        Returns:
            (1, N, H, A), of the dtype and on the device of the bounds.
        """
        return self._draw(torch.rand, N, self.H, A or self.A)

    def _draw(self, draw: Callable[..., Tensor], N: int, H: int, A: int) -> Tensor:
        kind = {"dtype": self.box.low.dtype, "device": self.generator.device}
        return draw((1, N, H, A), generator=self.generator, **kind).to(self.box.low.device)

    @property
    def best(self) -> Tensor:
        """(B, H, A), the best sequence so far; at first the initial one."""
        return self.found[1] if self.found else self.initial

    def rounds(self, most: int, least: int = 0, kind: str | None = None) -> Iterator[int]:
        """Count the rounds of a loop for which there is time.

        Another round is expected to take a quarter longer than the slowest so far, which fades by
        a tenth a round: machines hiccup, and one hiccup should not end the plan early. The first
        takes what it takes: one round is the shortest deadline that can be kept. Once a loop ran
        out of time, no other begins.

        Args:
            most: rounds where there is time for all.
            least: rounds that come in any case.
            kind: a name; a loop knows how long the rounds of those before it of its name took.

        Yields:
            0, 1, ... `most` - 1, ending before the deadline.
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
        """Roll out candidates, in pieces that fit the memory, and remember the best.

        Args:
            actions: (B, N, H, A), within the bounds.

        Returns:
            Their rank (B, N), see `take`; infinite for those that there was no time for.
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
        """Cut candidates so that rolling out each piece fits the memory beside them all.

        Args:
            actions: (B, N, H, A).
            gradient: whether the activations of every step are kept, which takes H times the bytes.

        Returns:
            Pieces of (B, up to N, H, A), in their order.

        Raises:
            WmpcError: the memory does not hold a single candidate.
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
        """Remember the best of candidates whose latents and cost are known.

        Args:
            actions: (B, N, H, A).
            latents: (B, N, H, K, D), imagined from them.
            cost: (B, N), theirs.

        Returns:
            Their rank (B, N): the cost, except that violated constraints come before any cost, and
            that a NaN counts as infinite, so that it never wins.

        Raises:
            WmpcError: the cost or a constraint is not (B, N).
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
    def plan(self) -> Plan:
        """Give the best as a plan, the initial sequence where there was no time for more.

        Returns:
            The plan; its `stats` are ours, and `history` (the mean over problems of the best cost
            of each piece scored), `invalid` (how many costs were NaN), `feasible` (B,), `seconds`.

        Raises:
            WmpcError: every candidate of some problem cost NaN or infinity.
        """
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
        self.stats["history"] = torch.stack(self.history).tolist()
        self.stats["invalid"], self.stats["feasible"] = invalid, violation <= 0
        self.stats["seconds"] = time.perf_counter() - self.began
        return Plan(actions, cost, violation, latents, self.stats)


def choose_elites(actions: Tensor, rank: Tensor, K: int) -> tuple[Tensor, Tensor]:
    """Choose the K candidates of least rank.

    Args:
        actions: (B, N, H, A).
        rank: (B, N), theirs.
        K: how many, at most N.

    Returns:
        They, (B, K, H, A), and their rank (B, K), the best first.
    """
    ranks, chosen = rank.topk(K, largest=False)
    return actions.take_along_dim(chosen[:, :, None, None], 1), ranks


def _each(what: str, value: Tensor, actions: Tensor) -> Tensor:
    """The value, one a candidate (B, N); WmpcError where it is not."""
    B, N = actions.shape[:2]
    if value.shape != (B, N):
        raise WmpcError(
            f"the {what} returned {tuple(value.shape)} for {N} candidates of {B} problems; it "
            f"must return (B, N) = {(B, N)}"
        )
    return value.detach()
