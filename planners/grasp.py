"""GRASP: gradients with virtual states (Psenka et al., arXiv 2602.00475).

Actions a_0..a_{H-1} and virtual states s_1..s_{H-1} between the current latent s_0 and the goal g
are optimised together. Each state is asked for one step only, all steps at once, so that no
gradient runs through the rollout; noise on the states makes them wander around what blocks the
straight way. From time to time the actions alone descend the true cost of their rollout.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from wmpc.errors import WmpcError
from wmpc.planners.adam import Adam
from wmpc.planners.checks import check_settings
from wmpc.planners.descent import descend, gradient, starts
from wmpc.planners.planner import SearchPlanner
from wmpc.planners.problem import Problem
from wmpc.planners.projected_gradient import ProjectedGradient
from wmpc.planners.search import Search


@dataclass
class GRASP(SearchPlanner):
    """Restarts side by side, each with its own states; what is scored are rollouts of the actions.

    With F_t = F(s_t, a_t), the actions descend

        L(a) = cost(F, a) + sum_t ||F_t - s_{t+1}||^2 + gamma sum_t ||F_t - g||^2

    and each state moves towards the prediction of the one before it, with noise xi ~ N(0, 1):

        s_{t+1} <- s_{t+1} + state_rate (F_t - s_{t+1}) + sigma xi.

    Two things make the paper's equations independent of the units of latents and cost: states and
    noise are moved in shares, and the actions step by Adam. The problem's cost of the predictions
    takes the place of the last step's ||F(s_{H-1}, a_{H-1}) - g||^2, which it is for the distance
    of the last latent. Without a goal the states begin at the current latent, without noise, and
    the cost alone pulls.

    Args:
        restarts: N, sequences and states optimised side by side; the warm start is the first.
        iterations: steps of states and actions together.
        rate: Adam's step on the actions, as a share of each one's half range; it falls to 0
            towards each sync.
        state_rate: share of the way that a state goes to the prediction of the one before it.
        noise: standard deviation on the states each iteration, as a share of the distance per
            dimension from the current latent to the goal.
        goal_weight: gamma, of the goal loss on every one-step prediction.
        sync: K_sync, iterations between descents of the full rollout.
        sync_steps: J_sync, steps of one descent, those of `ProjectedGradient`.
        spread: standard deviation of the random first actions, as a share of the half range.
    """

    restarts: int = 16
    iterations: int = 60
    rate: float = 0.4
    state_rate: float = 0.2
    noise: float = 0.5
    goal_weight: float = 1.0
    sync: int = 10
    sync_steps: int = 20
    spread: float = 0.5

    def __post_init__(self) -> None:
        check_settings(self, "restarts >= 1", "iterations >= 1", "sync >= 1", "sync_steps >= 1")
        check_settings(self, "rate > 0", "0 < state_rate <= 1")
        check_settings(self, "noise >= 0", "goal_weight >= 0", "spread >= 0")

    def run(self, search: Search) -> None:
        """Step states and actions `iterations` times, and descend the rollout in between.

        Args:
            search: what `SearchPlanner.plan` opened.

        Raises:
            WmpcError: the goal has not the shape of the latents, or the model or cost no gradient.
        """
        problem = search.problem
        rule, finish = Adam(rate=self.rate).step, ProjectedGradient().step
        s_0, g = problem.dynamics.start, problem.goal
        if g is not None and g.shape != s_0.shape:
            raise WmpcError(
                f"the problem's goal is {tuple(g.shape)}; it must be (B, K, D) = {tuple(s_0.shape)}"
            )
        actions = starts(search, self.restarts, self.spread)
        way = s_0 * 0 if g is None else (g - s_0) * weight(problem)
        sigma = self.noise * way.square().mean((-2, -1)).sqrt().view(-1, 1, 1, 1, 1)
        t = torch.arange(1, search.H, device=way.device).view(-1, 1, 1) / search.H
        states = (s_0[:, None, None] + t.to(way) * way[:, None, None]).expand(
            -1, self.restarts, -1, -1, -1
        )
        states = states + sigma * self._xi(search)
        memory: Any = None
        for k in search.rounds(self.iterations):
            if k == 0:
                descend(search, actions, finish, 1)
            left = 1 - k % self.sync / self.sync
            F, loss, slope = self._lifted(search, states, actions)
            x, memory = rule(actions / search.half, loss, slope, left, memory)
            actions = search.box.clamp(x * search.half)
            # the gradient of L_dyn in s_{t+1} alone, then noise: equation 5 with the states cut
            states = states + self.state_rate * (F[:, :, :-1] - states)
            states = states + sigma * self._xi(search)
            if (k + 1) % self.sync == 0 or k + 1 == self.iterations:
                actions, _ = descend(search, actions, finish, self.sync_steps)

    def _lifted(
        self, search: Search, states: Tensor, actions: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Predictions F (B, N, H, K, D) from the states (B, N, H-1, K, D), and loss and gradient
        of the actions, in pieces that fit the memory."""
        problem, found = search.problem, []
        pieces = search.pieces(actions, gradient=True)
        for a, s in zip(pieces, states.split([a.shape[1] for a in pieces], 1), strict=True):
            with torch.enable_grad():
                a = a.detach().requires_grad_()
                F = problem.dynamics.predict(s.detach(), a)  # s-bar: no gradient into the states
                loss = problem.cost(F, a) + (F[:, :, :-1] - s).square().sum((-3, -2, -1))
                if problem.goal is not None:
                    error = (F - problem.goal[:, None, None]).square() * weight(problem)
                    loss = loss + self.goal_weight * error.sum((-3, -2, -1))
                slope = gradient(loss, F, a) * search.half
            found.append((F.detach(), loss.detach(), slope))
        F, loss, slope = (torch.cat(x, 1) for x in zip(*found, strict=True))
        return F, loss, slope

    def _xi(self, search: Search) -> Tensor:
        """Standard normal (1, N, H-1, K, D), the same for every problem."""
        start = search.problem.dynamics.start
        shape = 1, self.restarts, search.H - 1, *start.shape[1:]
        device = search.generator.device
        xi = torch.randn(shape, generator=search.generator, dtype=start.dtype, device=device)
        return xi.to(start.device)


def weight(problem: Problem) -> Tensor | float:
    """Say how much each entry of the goal counts: one that is not known must not pull.

    Args:
        problem: has the weight.

    Returns:
        The problem's weight, broadcastable to (K, D), or 1.
    """
    return 1.0 if problem.weight is None else problem.weight
