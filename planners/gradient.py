"""Gradient descent on the actions through the model, from several starts at once."""

import torch
from torch import Generator, Tensor

from planners.errors import PlannerError
from planners.problem import Plan, Problem
from planners.search import Best, bounds, checked_warm_start


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
        box = bounds(problem)
        B, H, A = problem.dynamics.start.shape[0], problem.horizon, len(box.low)
        centre, half = (box.high + box.low) / 2, (box.high - box.low) / 2
        warm_start = checked_warm_start(problem, warm_start)
        mean = centre.expand(B, H, A) if warm_start is None else warm_start
        noise = torch.randn(B, self.restarts, H, A, generator=generator, dtype=mean.dtype)
        noise[:, 0] = 0
        actions = box.clamp(mean[:, None] + self.spread * half * noise.to(mean.device))
        best = Best(problem, deadline)
        m = v = torch.zeros_like(actions)
        for step in range(1, self.iterations + 1):
            with torch.enable_grad():
                actions = actions.detach().requires_grad_()
                latents = problem.dynamics.rollout(actions)
                cost = problem.cost(latents, actions)
                if not cost.requires_grad:
                    raise PlannerError(
                        "the cost does not depend differentiably on the actions (a simulator or a "
                        "detached model?); use a sampling planner such as CEM"
                    )
                (gradient,) = torch.autograd.grad(cost.sum(), actions)
            best.take(actions, latents, cost)
            if best.expired():
                break
            gradient = gradient.nan_to_num(0.0) * half  # in shares of the half range
            m = 0.9 * m + 0.1 * gradient
            v = 0.999 * v + 0.001 * gradient.square()
            direction = (m / (1 - 0.9**step)) / ((v / (1 - 0.999**step)).sqrt() + 1e-8)
            rate = self.rate * (1 - (step - 1) / self.iterations)  # anneal: end near the optimum
            actions = box.clamp(actions.detach() - rate * half * direction)
        else:
            with torch.no_grad():
                best.score(actions)
        return best.plan()
