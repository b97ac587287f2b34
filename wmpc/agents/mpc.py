"""Model-predictive control: plan, execute the first blocks, look, plan again."""

import time
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from wmpc.agents.adaptation import Adaptation
from wmpc.agents.approach import approach, arrival
from wmpc.agents.history import History
from wmpc.agents.meaning import Complete, GoalLike
from wmpc.agents.route import Route
from wmpc.errors import WmpcError
from wmpc.planners.costs import GoalCost, LatentDistance
from wmpc.planners.knots import HeldDynamics, hold
from wmpc.planners.l1_ball import L1Ball
from wmpc.planners.problem import Box, Cost, Plan, Planner, Problem
from wmpc.wm.models.world_model import WorldModel


class MPCAgent:
    """Reaches goals by planning with a world model; an `wmpc.agents.agent.Agent`.

    The context is the real history: the latents of the last h frames seen and the blocks that
    were really executed between them; it is shorter at an episode's start.

    Args:
        model: the world model.
        planner: any `wmpc.planners.problem.Planner`.
        cost: makes of a goal the cost of a plan, see `wmpc.planners.costs.GoalCost`; None: the
            latent distance summed over the horizon.
        horizon: H, blocks planned ahead, at most.
        beyond: blocks planned beyond the one at which the last plan arrives, see
            `wmpc.agents.approach.arrival`: near the goal less is imagined, and what counts is now;
            None: `horizon` always.
        execute: blocks executed before planning again.
        knots: actions planned a block, each held for its share of it; None plans every action.
        ball: the most that the absolute values of an action's numbers may sum to, in the
            environment's units; None: each number has its own bounds alone.
        adapt: rate at which the model learns from each block of an episode, see
            `wmpc.agents.adaptation.Adaptation`; 0: it does not.
        seed: of the planner's randomness; every `reset` starts it anew.
        deadline: seconds a decision may take, from the moment the last frame is handed to
            `observe`; None leaves the planner its own budget. With a deadline, `reset` plans once
            for nothing: what torch does only once should not make the first decision late.
        memory: bytes that planning may take, see `wmpc.planners.problem.Problem`.
        constraints: guardrails on what is imagined, each <= 0 where satisfied; see
            `wmpc.planners.guardrails`.
        complete, near, patience: see `wmpc.agents.route.Route`; every decision pursues the one of
            a goal's latents that is nearest to the present.
    """

    def __init__(
        self,
        model: WorldModel,
        planner: Planner,
        *,
        cost: GoalCost | None = None,
        horizon: int = 7,
        beyond: int | None = 2,
        execute: int = 1,
        knots: int | None = 1,
        ball: float | None = None,
        adapt: float = 0.0,
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
        self.adaptation = Adaptation(model, adapt) if adapt else None
        model = model if self.adaptation is None else self.adaptation.model
        self.model, self.planner = model, planner
        self.cost = LatentDistance() if cost is None else cost
        if beyond is not None and beyond < 1:
            raise WmpcError(f"beyond is {beyond}; it must be at least 1, or null")
        self.horizon, self.beyond, self.execute = horizon, beyond, execute
        self.seed, self.deadline, self.memory = seed, deadline, memory
        self.constraints = tuple(constraints)
        self.route, self.history = Route(model, complete, near, patience), History(model)
        if not model.action_size:
            raise WmpcError(
                "the model was trained on episodes without actions: nothing can be planned with it"
            )
        low, high = model.action_bounds()
        block = model.action_block
        if knots is None:
            knots = block
        if knots < 1 or block % knots:
            raise WmpcError(f"knots is {knots}; it must divide the {block} actions of a block")
        self.times, self.size = block // knots, model.action_size // block
        planned = slice(knots * self.size)
        bounds = low[planned], high[planned]
        self.actions = Box(*bounds)
        """Bounds of what is planned: the knots of one block."""
        if ball is not None:
            none, one = (
                model.normalise(np.full((block, self.size), x))[planned] for x in (0.0, 1.0)
            )
            self.actions = L1Ball(*bounds, none, 1 / (one - none), self.size, ball)
        self.plan: Plan | None = None
        """The plan that `act` followed last."""
        self.seconds: list[float] = []
        """What each decision since `reset` took: taking in the last frame, and acting."""

    @property
    def stage(self) -> int:
        """Which of the goals on the way is pursued."""
        return self.route.stage

    @torch.no_grad()
    def reset(self, goal: GoalLike) -> None:
        """Forget the past.

        Args:
            goal: pursued from now on, by way of those on its `route`.
        """
        self.route.reset(goal)
        if self.adaptation is not None:
            self.adaptation.reset()
        self.history = History(self.model)
        self.plan, self.seconds, self._looked = None, [], 0.0
        self._begin_stage()
        self.generator = torch.Generator().manual_seed(self.seed)
        self._rehearsed = self.deadline is None
        latents = [goals[:1] for goals, _, read in self.route.targets if read is None]
        if not self._rehearsed and latents:
            self._rehearse(latents[0])

    @torch.no_grad()
    def observe(
        self, observation: Mapping[str, np.ndarray], executed: np.ndarray | None = None
    ) -> None:
        """Take in a frame and the actions of the block that led to it.

        Args:
            observation: what is seen now.
            executed: (n, a). After `act` returned several blocks it may hold them all; frames in
                between were not seen, so the context begins anew.
        """
        began = time.perf_counter()
        before, self.history = self.history, self.history.seeing(observation, executed)
        if self.adaptation is not None and before.latents and self.history.executed:
            self.adaptation.learn(before, self.history.executed[-1], self.history.now)
        stage = self.stage
        self.route.look(self.history.now)
        if self.stage != stage:
            self._begin_stage()
        self._looked = time.perf_counter() - began
        if not self._rehearsed:
            self._rehearse(self.history.now)

    def act(self) -> np.ndarray:
        """Plan anew.

        Returns:
            The first `execute` blocks of the plan, (execute * n, a) in the environment's units.
        """
        began = self._begin()
        self.plan = self._solve(self.history, self._shifted(self.execute), began, self.stage)
        return self._decided(0, began)

    def _rehearse(self, latent: Tensor) -> None:
        """Plan for nothing from a latent (1, K, D); see `deadline`."""
        self._solve(History(self.model, (latent,)), None, time.perf_counter(), 0)
        self.generator.manual_seed(self.seed)
        self._rehearsed = True
        self._begin_stage()

    def _begin_stage(self) -> None:
        """Pursue another goal than before."""
        self._needed = self.horizon  # blocks of the next plan
        self._way: float | None = None  # how far the goal was at first

    def _begin(self) -> float:
        """When the decision began, by the clock, had the last look ended just now."""
        if not self.route.targets or not self.history.latents:
            raise WmpcError("call reset(goal) and observe(observation, None) before act()")
        self.route.decide()
        began, self._looked = time.perf_counter() - self._looked, 0.0
        return began

    def _decided(self, first: int, began: float) -> np.ndarray:
        """The `execute` blocks of the plan from `first` on, as `act` gives them."""
        assert self.plan is not None
        blocks = self.model.denormalise(self._blocks(self.plan, first)[0])
        self.seconds.append(time.perf_counter() - began)
        return blocks.reshape(-1, blocks.shape[-1])

    def _solve(self, history: History, warm_start: Tensor | None, began: float, stage: int) -> Plan:
        """Plan from a context to the goal of a stage."""
        problem = self._problem(history, stage)
        if warm_start is not None:
            warm_start = self._filled(warm_start, problem.horizon)
        plan = self._think(problem, history, warm_start, began)
        away, here = (approach(z, problem) for z in (plan.latents[0], history.now))
        if self.beyond is not None and away is not None and here is not None:
            self._way = float(here) if self._way is None else self._way
            left = arrival(away, self._way) - self.execute  # blocks, once the first are executed
            self._needed = min(self.horizon, max(self.execute, max(0, left) + self.beyond))
        return plan

    def _think(
        self, problem: Problem, history: History, warm_start: Tensor | None, began: float
    ) -> Plan:
        """Solve a problem, from what is left of the last plan on."""
        return self._search(self.planner, problem, warm_start, began)

    def _problem(self, history: History, stage: int) -> Problem:
        """What is to be planned from a context to the goal of a stage."""
        target = self.route.aim(history.now, stage)
        return Problem(
            dynamics=HeldDynamics(history.dynamics(), self.times, self.size),
            cost=self.cost(target, self.execute),
            horizon=self._needed,
            actions=self.actions,
            goal=None if target.read else target.latents,
            weight=None if target.read else target.weight,
            constraints=self.constraints,
            memory=self.memory,
        )

    def _search(
        self, planner: Planner, problem: Problem, warm_start: Tensor | None, began: float
    ) -> Plan:
        """Plan in what is left of the deadline."""
        left = self.deadline
        if left is not None:
            left = max(0.0, left - (time.perf_counter() - began))
        return planner.plan(problem, generator=self.generator, warm_start=warm_start, deadline=left)

    def _blocks(self, plan: Plan, first: int) -> Tensor:
        """The blocks (1, execute, A) of a plan that `act` executes from `first` on."""
        return hold(plan.actions[:, first : first + self.execute], self.times, self.size)

    def _shifted(self, blocks: int) -> Tensor | None:
        """What is left of the last plan after `blocks`; None where there is none."""
        return None if self.plan is None else self.plan.actions[:, blocks:]

    def _filled(self, actions: Tensor, horizon: int) -> Tensor:
        """So many blocks of knots (1, C, A), those missing the middle of the bounds."""
        middle, actions = (self.actions.low + self.actions.high) / 2, actions[:, :horizon]
        missing = middle.expand(1, horizon - actions.shape[1], -1)
        return torch.cat([actions, missing], 1)
