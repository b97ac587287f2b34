"""Constraints by an augmented Lagrangian (Hestenes 1969, Powell 1969), around any planner.

A sampling planner alone already filters: it ranks what violates a constraint behind all that does
not (`wmpc.planners.search.Search.take`), which needs no tuning and is exact, but gives a gradient
nothing to follow and samples a thin feasible set badly. Here constraints become part of the cost,
differentiable, and their multipliers are found in a few rounds.
"""

import time
from dataclasses import dataclass, replace

import torch
from torch import Generator, Tensor

from wmpc.planners.checks import check_settings
from wmpc.planners.problem import Plan, Planner, Problem
from wmpc.planners.search import Search


@dataclass
class AugmentedLagrangian:
    """Minimise f + sum_i rho/2 (max(0, g_i + lambda_i/rho)^2 - (lambda_i/rho)^2), round by round.

    After each round, with the plan found, lambda_i becomes max(0, lambda_i + rho g_i), and rho
    grows where neither g nor lambda came near 0 twice as closely as before, in each problem by
    itself (Birgin and Martinez, Practical Augmented Lagrangian Methods, 2014, algorithm 4.1).
    Each round starts from the plan of the one before; a deadline is split evenly between them.
    The best plan by violation, then cost, is returned. A problem that no round could satisfy has
    False in `stats["feasible"]` and the least violating plan.

    Args:
        planner: minimises each round's cost; it never sees the constraints themselves.
        rounds: updates of the multipliers.
        penalty: the first rho, cost per unit of squared violation.
        growth: what rho is multiplied by.
        margin: by how much constraints are tightened, in their own units: multipliers approach
            the boundary from outside, and this puts where they end inside.
    """

    planner: Planner
    rounds: int = 6
    penalty: float = 10.0
    growth: float = 4.0
    margin: float = 1e-3

    def __post_init__(self) -> None:
        check_settings(self, "rounds >= 1", "penalty > 0", "growth >= 1", "margin >= 0")

    def plan(
        self,
        problem: Problem,
        *,
        generator: Generator,
        warm_start: Tensor | None = None,
        deadline: float | None = None,
    ) -> Plan:
        """Minimise by multipliers; without constraints, return the planner's own plan.

        Args:
            problem: of B independent problems, with constraints.
            generator: source of the planner's randomness.
            warm_start: (B, H, A), the sequence to begin from; None: the middle of the bounds.
            deadline: seconds from now in which to answer; None: as long as the rounds take.

        Returns:
            The best plan of all rounds; its stats hold the `multipliers` (B, M) and the `penalty`
            (B,) of the last.
        """
        if not problem.constraints:
            return self.planner.plan(
                problem, generator=generator, warm_start=warm_start, deadline=deadline
            )
        search = Search(problem, generator, warm_start, deadline, type(problem.actions))
        if warm_start is not None:
            search.score(search.initial[:, None])
        start = problem.dynamics.start
        lam = start.new_zeros(search.B, len(problem.constraints))
        rho = torch.full_like(lam[:, :1], self.penalty)
        before = torch.full_like(rho, torch.inf)
        share, floor = deadline, 0.0
        for index in range(self.rounds):
            if deadline is not None:
                left = deadline - (time.perf_counter() - search.began)
                if index and left <= floor:
                    break
                share = max(0.0, left) / (self.rounds - index)
            found = self.planner.plan(
                self._lagrangian(problem, lam, rho),
                generator=generator,
                warm_start=warm_start,
                deadline=share,
            )
            warm_start = found.actions
            floor = found.stats["seconds"] / max(1, len(found.stats["history"]))
            search.invalid = search.invalid + found.stats["invalid"]
            with torch.no_grad():
                latents, actions = found.latents[:, None], found.actions[:, None]
                search.take(actions, latents, problem.cost(latents, actions))
                g = self._constraints(problem, latents, actions)[:, 0]
                after = torch.maximum(g, -lam / rho).abs().amax(1, keepdim=True)
                lam = (lam + rho * g).clamp(min=0)
                slow = after > (0.5 * before).clamp(min=self.margin)
                rho = torch.where(slow, rho * self.growth, rho)
                before = after
        search.stats.update(multipliers=lam, penalty=rho[:, 0])
        return search.plan()

    def _lagrangian(self, problem: Problem, lam: Tensor, rho: Tensor) -> Problem:
        """The round's problem, without constraints; lam (B, M), rho (B, 1)."""

        def cost(latents: Tensor, actions: Tensor) -> Tensor:
            g = self._constraints(problem, latents, actions)
            shift = (lam / rho)[:, None]
            penalty = ((g + shift).clamp(min=0).square() - shift.square()).sum(-1)
            return problem.cost(latents, actions) + rho / 2 * penalty

        return replace(problem, cost=cost, constraints=())

    def _constraints(self, problem: Problem, latents: Tensor, actions: Tensor) -> Tensor:
        """(B, N, M), tightened."""
        return torch.stack([g(latents, actions) for g in problem.constraints], -1) + self.margin
