"""Listening in on a planner: the problem it was given, and every candidate that it rolled out."""

from dataclasses import replace
from typing import Any

import torch
from torch import Generator, Tensor

from wmpc.planners.problem import Dynamics, Plan, Planner, Problem


class Recorder:
    """A planner that remembers the last call of another, and changes nothing of it."""

    def __init__(self, planner: Planner) -> None:
        self.planner = planner
        self.problem: Problem | None = None
        self.rounds: list[Tensor] = []
        """(N, H, A) each, what the last plan rolled out at once; the plan itself comes last."""

    @property
    def candidates(self) -> Tensor:
        """(N, H, A), all that the last plan rolled out."""
        return torch.cat(self.rounds)

    def plan(
        self,
        problem: Problem,
        *,
        generator: Generator,
        warm_start: Tensor | None = None,
        deadline: float | None = None,
    ) -> Plan:
        """Plan with the wrapped planner, and note the problem and the candidates that it rolls out.

        What an earlier call noted is forgotten. The plan itself is noted as the last candidate,
        also where the planner used no rollout.

        Args:
            problem: what to minimise, from one start; of several, only the first one's candidates
                are noted.
            generator: of all that the planner draws at random.
            warm_start: (B, H, A), a sequence for the planner to begin from; None: none.
            deadline: seconds to search at most; None: the planner's own budget.

        Returns:
            The plan, which the wrapped planner would have found without the recorder too.
        """
        self.problem, self.rounds = problem, []
        watched = replace(problem, dynamics=_Watched(problem.dynamics, self.rounds))
        plan = self.planner.plan(
            watched, generator=generator, warm_start=warm_start, deadline=deadline
        )
        self.rounds.append(plan.actions.detach())  # also where it used no rollout at all
        return plan


class _Watched:
    """A dynamics that notes the candidates (1, N, H, A) it is asked to roll out."""

    def __init__(self, dynamics: Dynamics, rounds: list[Tensor]) -> None:
        self._dynamics, self._noted = dynamics, rounds

    @property
    def start(self) -> Tensor:
        return self._dynamics.start

    def rollout(self, actions: Tensor) -> Tensor:
        self._noted.append(actions.detach()[0].clone())
        return self._dynamics.rollout(actions)

    def predict(self, states: Tensor, actions: Tensor) -> Tensor:
        return self._dynamics.predict(states, actions)

    def __getattr__(self, name: str) -> Any:  # such as `candidate_bytes`
        return getattr(self._dynamics, name)
