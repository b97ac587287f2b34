"""One pool of sequences for all that choose: a rung of the ladder differs by its choice alone.

Good sequences must be in it whatever is broken, so the true simulator is searched as well.
"""

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from wmpc.agents.on_foot import on_foot
from wmpc.envs.goal_env import Walkable
from wmpc.evaluation.diagnosis.decision import Decision, Outcomes
from wmpc.evaluation.diagnosis.recorder import Recorder
from wmpc.planners import CEM
from wmpc.planners.costs import Target
from wmpc.planners.knots import HeldDynamics
from wmpc.planners.numpy_model import NumpyDynamics
from wmpc.planners.problem import Box, Planner, Problem
from wmpc.wm.probe import Probe

STRONG = CEM(samples=512, elites=32, iterations=8, momentum=0.1)
"""Ten times the default planner's rollouts, of the same model and cost."""
TRUTH = CEM(samples=128, elites=12, iterations=5)
"""In the simulator, from the agent's own plan."""
SHARES = {"own": 24, "own best": 8, "strong": 16, "truth": 24, "random": 16}
"""Sequences of the pool, beside the plans of the agent, of the stronger search and of the truth."""


@dataclass(frozen=True)
class Pool:
    """N sequences, the agent's own plan the first, and what is known of each. Costs are (N,)."""

    candidates: Tensor
    """(N, H, A), in knots."""
    outcomes: Outcomes
    predicted: Tensor
    """The agent's cost of the imagined outcome."""
    realised: Tensor
    """The agent's cost of the true outcome, encoded."""
    decoded: Tensor
    """Squared distance, in tolerances, of the state that a probe reads off that encoding."""
    true: Tensor
    """Squared distance of the true state."""
    reached: np.ndarray
    """(N,), the true distance, see `Decision.reached`."""
    own: np.ndarray
    """(N,) bool, what the agent's planner itself rolled out."""


def gather(
    decision: Decision,
    probe: Probe,
    *,
    strong: Planner = STRONG,
    truth: Planner = TRUTH,
    seed: int = 0,
) -> Pool:
    """Gather sequences for a decision, and execute, imagine and cost all of them.

    Args:
        decision: gives the problem, the agent's plan and what its planner tried.
        probe: reads coordinates (..., C) off latents (..., K, D).
        strong: searches the model anew, from the agent's plan.
        truth: searches the true simulator, from there as well.
        seed: of both searches and of what is drawn.

    Returns:
        The pool, the agent's plan first.
    """
    generator = torch.Generator().manual_seed(seed)
    problem, plan = decision.problem, decision.plan[None]
    strong_plan, strong_tried = _search(problem, strong, plan, generator)
    true_plan, true_tried = _search(_truth(decision), truth, plan, generator)
    like = decision.plan
    own_cost = decision.predicted(decision.candidates)
    low, high = problem.actions.low, problem.actions.high  # type: ignore[union-attr]
    uniform = torch.rand(SHARES["random"], *like.shape, generator=generator, dtype=low.dtype)
    own = [
        like[None],
        decision.candidates[own_cost.argsort()[: SHARES["own best"]]],
        _some(decision.candidates, SHARES["own"], generator),
    ]
    others = [
        _some(strong_tried, SHARES["strong"], generator),
        strong_plan,
        low + (high - low) * uniform.to(low.device),
        _some(true_tried, SHARES["truth"], generator),
        true_plan,
    ]
    candidates = torch.cat([x.to(like) for x in own + others])
    outcomes = decision.simulate(candidates)
    latents = decision.encode(outcomes)
    goal = probe(decision.goal_latent().float())[0]
    return Pool(
        candidates,
        outcomes,
        predicted=decision.predicted(candidates),
        realised=decision.realised(latents, candidates),
        decoded=decision.measure(probe(latents.float()), goal).cpu(),
        true=decision.true_cost(outcomes),
        reached=decision.reached(outcomes),
        own=np.arange(len(candidates)) < sum(map(len, own)),
    )


def _search(
    problem: Problem, planner: Planner, warm_start: Tensor, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """The plan (1, H, A) of a planner, and all that it tried, (N, H, A)."""
    recorder = Recorder(planner)
    plan = recorder.plan(problem, generator=generator, warm_start=warm_start)
    return plan.actions, recorder.candidates


def _truth(decision: Decision) -> Problem:
    """The decision's problem in the true simulator, the cost counting coordinates."""
    held, agent = decision.problem.dynamics, decision.agent
    assert isinstance(held, HeldDynamics)
    C = decision.simulator.coordinates_size
    start = decision.start

    def rollout(latents: np.ndarray, actions: np.ndarray) -> np.ndarray:
        blocks = agent.model.denormalise(torch.as_tensor(actions).to(held.start))
        return decision.simulator.rollout(latents, blocks.reshape(*blocks.shape[:3], -1))

    goal = torch.zeros(1, 1, len(start), dtype=torch.float64)
    goal[..., :C] = torch.as_tensor(decision.goal)
    counted = (torch.arange(len(start)) < C).double()
    target = Target(goal, counted, read=lambda numbers: numbers.flatten(-2))
    if isinstance(decision.task, Walkable):
        case = decision.case
        there = {"state": case.goal_state, "variation": case.variation}
        target = on_foot(decision.simulator, there)
    cost = agent.cost(target, agent.execute)
    dynamics = HeldDynamics(NumpyDynamics(rollout, start[None]), held.times, held.size)
    bounds = decision.problem.actions
    assert isinstance(bounds, Box)
    return replace(
        decision.problem,
        dynamics=dynamics,
        cost=cost,
        actions=Box(bounds.low.cpu(), bounds.high.cpu()),  # where the simulator's latents are
        goal=goal,
        constraints=(),
        weight=None,
    )


def _some(candidates: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """`count` of the candidates at random, or all."""
    return candidates[torch.randperm(len(candidates), generator=generator)[:count]]
