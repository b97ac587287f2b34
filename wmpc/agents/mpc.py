"""Model-predictive control: plan, execute the first blocks, look, plan again."""

import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from wmpc.agents.meaning import Complete, GoalLike, Meaning, meant
from wmpc.errors import WmpcError
from wmpc.planners.costs import Probe, Steps, latent_distance
from wmpc.planners.knots import HeldDynamics, hold
from wmpc.planners.problem import Box, Cost, Dynamics, Plan, Planner, Problem


class WorldModel(Protocol):
    """What the agent needs of a model: a JEPA, a simulator (`NumpyModel`) or anything alike."""

    context: int
    """h, the most frames that `dynamics` takes."""

    def encode(self, observation: Mapping[str, np.ndarray]) -> Tensor:
        """Columns (B, T, ...) -> latents (B, T, K, D)"""
        ...

    def known(
        self,
        observation: Mapping[str, np.ndarray],
        weight: Mapping[str, np.ndarray] | None = None,
    ) -> Tensor:
        """Weight, broadcastable to (K, D), of what a goal observation determines, of which parts
        count by `weight` (see `wmpc.agents.agent.Goal`; not given where everything does). An error
        where latents cannot say so."""
        ...

    def dynamics(self, latents: Tensor, executed: Tensor) -> Dynamics:
        """Latents (B, c, K, D), c <= h, and the normalised blocks (B, c - 1, A) between them."""
        ...

    def action_bounds(self) -> tuple[Tensor, Tensor]:
        """Lowest and highest normalised block, each (A,)."""
        ...

    def normalise(self, actions: np.ndarray) -> Tensor:
        """Blocks (..., n, a) in the environment's units -> (..., A)"""
        ...

    def denormalise(self, actions: Tensor) -> np.ndarray:
        """(..., A) -> blocks (..., n, a) in the environment's units"""
        ...


class MPCAgent:
    """Reaches goals by planning with a world model; an `wmpc.agents.agent.Agent`.

    The context is the real history: the latents of the last h frames seen and the blocks that
    were really executed between them; it is shorter at an episode's start.

    Args:
        model: the world model.
        planner: any `wmpc.planners.problem.Planner`.
        horizon: H, blocks planned ahead.
        execute: blocks executed before planning again.
        knots: actions planned a block, each held for its share of it; None plans every action.
        steps: which imagined latents the goal cost counts, see
        `wmpc.planners.costs.latent_distance`.
            With "last" a receding horizon procrastinates: the goal stays H blocks away.
        gamma: what a step counts beside the one before it, with `steps` "discounted".
        seed: of the planner's randomness; every `reset` starts it anew.
        deadline: seconds a decision may take, from the moment the last frame is handed to
            `observe`; None leaves the planner its own budget. With a deadline, `reset` plans once
            for nothing: what torch does only once should not make the first decision late.
        memory: bytes that planning may take, see `wmpc.planners.problem.Problem`.
        constraints: guardrails on what is imagined, each <= 0 where satisfied; see
            `wmpc.planners.guardrails`.
        complete: what a goal said in part means; every decision pursues the one of its latents
            that is nearest to the present. None: the model's `encode` and `known` say.
        near: a subgoal is reached, and the next one pursued, where the mean squared distance of
            the present latent to it, over the entries that count, is at most so much.
        patience: decisions after which a subgoal is given up for the next.
    """

    def __init__(
        self,
        model: WorldModel,
        planner: Planner,
        *,
        horizon: int = 7,
        execute: int = 1,
        knots: int | None = 1,
        steps: Steps = "sum",
        gamma: float = 0.9,
        seed: int = 0,
        deadline: float | None = None,
        memory: int = Problem.memory,
        constraints: tuple[Cost, ...] = (),
        complete: Complete | None = None,
        near: float = 0.02,
        patience: int = 20,
    ) -> None:
        if not 1 <= execute <= horizon:
            raise WmpcError(f"execute is {execute}; it must be 1 to horizon = {horizon}")
        self.model, self.planner = model, planner
        self.horizon, self.execute = horizon, execute
        self.steps: Steps = steps
        self.seed, self.deadline, self.memory = seed, deadline, memory
        self.constraints = tuple(constraints)
        if not near >= 0 or patience < 1 or not 0 < gamma <= 1:
            raise WmpcError(
                f"near is {near}, patience {patience} and gamma {gamma}; near must be at least 0, "
                "patience 1, gamma above 0 and at most 1"
            )
        self.complete, self.near, self.patience, self.gamma = complete, near, patience, gamma
        low, high = model.action_bounds()
        self.block, self.size = model.denormalise(low).shape
        if knots is None:
            knots = int(self.block)
        if knots < 1 or self.block % knots:
            raise WmpcError(f"knots is {knots}; it must divide the {self.block} actions of a block")
        self.times = self.block // knots
        self.actions = Box(low[: knots * self.size], high[: knots * self.size])
        """Bounds of what is planned: the knots of one block."""
        self.targets: list[Meaning] = []
        """Of each goal on the way."""
        self.stage = 0
        """Which of them is pursued."""
        self.plan: Plan | None = None
        """The plan that `act` followed last."""
        self.seconds: list[float] = []
        """What each decision since `reset` took: taking in the last frame, and acting."""

    @torch.no_grad()
    def reset(self, goal: GoalLike) -> None:
        """Forget the past; from now on pursue `goal`."""
        complete = partial(meant, self.model) if self.complete is None else self.complete
        self.targets = [complete(part) for part in getattr(goal, "route", (goal,))]
        self.stage, self._decisions = 0, 0
        self.latents: list[Tensor] = []
        self.executed: list[Tensor] = []
        self.plan, self.seconds, self._looked = None, [], 0.0
        self.generator = torch.Generator().manual_seed(self.seed)
        self._rehearsed = self.deadline is None
        latents = [goals[:1] for goals, _, read in self.targets if read is None]
        if not self._rehearsed and latents:
            self._rehearse(latents[0])

    @torch.no_grad()
    def observe(
        self, observation: Mapping[str, np.ndarray], executed: np.ndarray | None = None
    ) -> None:
        """Take in a frame and the actions (n, a) of the block that led to it.

        After `act` returned several blocks, `executed` may hold them all; frames in between were
        not seen, so the context begins anew.
        """
        began = time.perf_counter()
        batch = {name: np.asarray(x)[None, None] for name, x in observation.items()}
        latent = self.model.encode(batch)[:, 0]
        if executed is None or len(executed) != self.block or not self.latents:
            self.latents, self.executed = [latent], []
        else:  # new lists: a worker may be reading the old ones
            block = self.model.normalise(np.asarray(executed)[None])
            self.latents, self.executed = self._recent(
                [*self.latents, latent], [*self.executed, block]
            )
        while self.stage < len(self.targets) - 1 and self._reached(latent):
            self.stage, self._decisions = self.stage + 1, 0
        self._looked = time.perf_counter() - began
        if not self._rehearsed:
            self._rehearse(latent)

    def act(self) -> np.ndarray:
        """The first `execute` blocks of a fresh plan, (execute * n, a) in the env's units."""
        began = self._begin()
        self.plan = self._solve(
            self.latents, self.executed, self._shifted(self.execute), began, self.stage
        )
        return self._decided(0, began)

    def goal_cost(
        self, goal: Tensor, weight: Tensor | None = None, read: Probe | None = None
    ) -> Cost:
        """What `latent_distance` gives, over the steps that this agent counts."""
        return latent_distance(
            goal, steps=self.steps, executed=self.execute, gamma=self.gamma,
            weight=weight, read=read,
        )  # fmt: skip

    def _rehearse(self, latent: Tensor) -> None:
        """Plan for nothing from a latent (1, K, D); see `deadline`."""
        self._solve([latent], [], None, time.perf_counter(), 0)
        self.generator.manual_seed(self.seed)
        self._rehearsed = True

    def _aim(self, latent: Tensor, stage: int) -> Meaning:
        """A stage's goal; of several that will do, the one nearest to `latent` (1, K, D)."""
        goals, weight, read = self.targets[stage]
        if len(goals) > 1:
            nearest = (goals - latent).square().mul(weight).flatten(1).sum(1).argmin()
            goals = goals[nearest, None]
        return goals, weight, read

    def _reached(self, latent: Tensor) -> bool:
        """Whether the present stage is over."""
        goal, weight, read = self._aim(latent, self.stage)
        here = latent if read is None else read(latent).unsqueeze(-2)
        away = (goal - here).square().mul(weight).sum() / weight.expand_as(goal).sum()
        return bool(away <= self.near) or self._decisions >= self.patience

    def _begin(self) -> float:
        """When the decision began, by the clock, had the last look ended just now."""
        if not self.targets or not self.latents:
            raise WmpcError("call reset(goal) and observe(observation, None) before act()")
        self._decisions += 1
        began, self._looked = time.perf_counter() - self._looked, 0.0
        return began

    def _decided(self, first: int, began: float) -> np.ndarray:
        """The `execute` blocks of the plan from `first` on, as `act` gives them."""
        assert self.plan is not None
        blocks = self.model.denormalise(self._blocks(self.plan, first)[0])
        self.seconds.append(time.perf_counter() - began)
        return blocks.reshape(-1, blocks.shape[-1])

    def _solve(
        self,
        latents: Sequence[Tensor],
        executed: Sequence[Tensor],
        warm_start: Tensor | None,
        began: float,
        stage: int,
    ) -> Plan:
        """Plan from a context, c latents (1, K, D) and the c - 1 blocks (1, A) between them, to
        the goal of a stage."""
        goal, weight, read = self._aim(latents[-1], stage)
        problem = Problem(
            dynamics=HeldDynamics(self._dynamics(latents, executed), self.times, self.size),
            cost=self.goal_cost(goal, weight, read),
            horizon=self.horizon,
            actions=self.actions,
            goal=None if read else goal,
            weight=None if read else weight,
            constraints=self.constraints,
            memory=self.memory,
        )
        left = self.deadline
        if left is not None:
            left = max(0.0, left - (time.perf_counter() - began))
        return self.planner.plan(
            problem, generator=self.generator, warm_start=warm_start, deadline=left
        )

    def _dynamics(self, latents: Sequence[Tensor], executed: Sequence[Tensor]) -> Dynamics:
        z = torch.stack(list(latents), 1)
        none = z.new_zeros(1, 0, self.block * self.size)
        return self.model.dynamics(z, torch.stack(list(executed), 1) if executed else none)

    def _recent(
        self, latents: list[Tensor], executed: list[Tensor]
    ) -> tuple[list[Tensor], list[Tensor]]:
        """As much of a history as the model's context holds."""
        latents = latents[-self.model.context :]
        return latents, executed[len(executed) - len(latents) + 1 :]

    def _blocks(self, plan: Plan, first: int) -> Tensor:
        """The blocks (1, execute, A) of a plan that `act` executes from `first` on."""
        return hold(plan.actions[:, first : first + self.execute], self.times, self.size)

    def _shifted(self, blocks: int) -> Tensor | None:
        """What is left of the last plan after `blocks`, its end filled with the middle of the
        bounds."""
        if self.plan is None:
            return None
        blocks = min(blocks, self.horizon)
        middle = (self.actions.low + self.actions.high) / 2
        return torch.cat([self.plan.actions[:, blocks:], middle.expand(1, blocks, -1)], 1)
