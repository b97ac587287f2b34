"""Gradient descent on the actions through the model, from several starts at once."""

import torch
from torch import Generator, Tensor

from planners.errors import PlannerError
from planners.problem import Plan, Problem
from planners.search import Search


class Adam:
    """Projected Adam (arXiv 1412.6980): each step is clamped to the bounds.

    Args:
        restarts: sequences descended side by side; the warm start is the first.
        iterations: descent steps.
        rate: step size, as a share of each action's half range.
        spread: standard deviation of the random starts, as a share of the half range.
    """

    def __init__(
        self, restarts: int = 8, iterations: int = 30, rate: float = 0.1, spread: float = 0.5
    ) -> None:
        if restarts < 1 or iterations < 1 or rate <= 0 or spread < 0:
            raise PlannerError(
                "Adam needs restarts >= 1, iterations >= 1, rate > 0 and spread >= 0, got "
                f"{restarts}, {iterations}, {rate} and {spread}"
            )
        self.restarts, self.iterations, self.rate, self.spread = restarts, iterations, rate, spread

    def plan(
        self,
        problem: Problem,
        *,
        generator: Generator,
        warm_start: Tensor | None = None,
        deadline: float | None = None,
    ) -> Plan:
        """See `planners.problem.Planner`."""
        search = Search(problem, generator, warm_start, deadline)
        half = search.half
        noise = search.noise(self.restarts)
        noise[:, 0] = 0
        actions = search.box.clamp(search.initial[:, None] + self.spread * half * noise)
        m = v = torch.zeros_like(actions)
        step = 0
        for step in search.rounds(self.iterations + 1):  # the last only looks where it ended
            with torch.enable_grad():
                actions = actions.detach().requires_grad_()
                latents = problem.dynamics.rollout(actions)
                cost = problem.cost(latents, actions)
                if not cost.requires_grad:
                    raise PlannerError(
                        "the cost does not depend differentiably on the actions (a simulator or a "
                        "detached model?); use a sampling planner such as CEM"
                    )
                search.take(actions, latents, cost)
                if step == self.iterations:
                    break
                (gradient,) = torch.autograd.grad(cost.sum(), actions)
            gradient = gradient.nan_to_num(0.0) * half  # in shares of the half range
            m = 0.9 * m + 0.1 * gradient
            v = 0.999 * v + 0.001 * gradient.square()
            t = step + 1
            direction = (m / (1 - 0.9**t)) / ((v / (1 - 0.999**t)).sqrt() + 1e-8)
            rate = self.rate * (1 - step / self.iterations)  # anneal: end near the optimum
            actions = search.box.clamp(actions.detach() - rate * half * direction)
        return search.plan(steps=step)
