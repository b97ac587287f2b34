"""Search that begins at what others propose and keeps it unless it finds a cheaper plan."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, cast

import numpy as np
import torch
from torch import Tensor

from wmpc.agents.actor_agent import ActorAgent
from wmpc.agents.entrant import Entrant, Setting, name_of
from wmpc.agents.history import History
from wmpc.agents.meaning import GoalLike
from wmpc.agents.mpc import MPCAgent
from wmpc.agents.nearest import NearestAgent
from wmpc.agents.taught import encode_recordings, find_completion, fit_cost
from wmpc.errors import WmpcError
from wmpc.planners.problem import Plan, Planner, Problem
from wmpc.planners.search import Search
from wmpc.system.memory import keep_freed_memory
from wmpc.system.passing_on import passes_on
from wmpc.wm.models.world_model import WorldModel
from wmpc.wm.objectives.actor import Actor
from wmpc.wm.training.trained_term import load_term


class Proposer(Protocol):
    """What says how to go on from a history to a goal, without a search."""

    history: History

    def reset(self, goal: GoalLike) -> None:
        """Pursue a goal from now on.

        Args:
            goal: by its pictures.
        """
        ...

    def propose(self) -> Tensor:
        """Say how to go on.

        Returns:
            The next blocks, (C, A), standardised.
        """
        ...


class GuardedAgent(MPCAgent):
    """Plans from the cheapest of what is left of the last plan and the proposals (the guarded
    search of INTACT, arXiv 2607.26056).

    A planner's plan costs no more than the sequence that it begins from, so a proposal is replaced
    only by what is predicted to be better, under any cost and constraints.

    Args:
        model: see `MPCAgent`.
        planner: see `MPCAgent`.
        proposers: asked at every decision. Of their blocks as many count as are planned; missing
            ones are the middle of the bounds.
        **arguments: of `MPCAgent`.
    """

    def __init__(
        self, model: WorldModel, planner: Planner, proposers: Sequence[Proposer], **arguments: Any
    ) -> None:
        super().__init__(model, planner, **arguments)
        self.proposers = tuple(proposers)
        self.chosen: list[int] = []
        """Which sequence each decision since `reset` began from: 0 is the last plan's, then the
        proposers' in their order."""

    def reset(self, goal: GoalLike) -> None:
        """Forget the past.

        Args:
            goal: pursued from now on, by its pictures alone where proposers are asked.
        """
        for proposer in self.proposers:
            proposer.reset(goal)
        self.chosen = []
        super().reset(goal)

    def observe(
        self, observation: Mapping[str, np.ndarray], executed: np.ndarray | None = None
    ) -> None:
        """Take in a frame and the actions of the block that led to it.

        Args:
            observation: what is seen now.
            executed: see `MPCAgent.observe`.
        """
        super().observe(observation, executed)
        for proposer in self.proposers:
            proposer.history = self.history

    def _think(
        self, problem: Problem, history: History, warm_start: Tensor | None, began: float
    ) -> Plan:
        """Search from the cheapest of what is left of the last plan and the proposals."""
        start = self._cheapest(problem, warm_start, self._proposals(problem))
        return super()._think(problem, history, start, began)

    def _proposals(self, problem: Problem) -> list[Tensor]:
        """What each proposer says, (1, H, k * size); none in a rehearsal, which sees nothing."""
        if not all(proposer.history.latents for proposer in self.proposers):
            return []
        return [self._knots(proposer.propose(), problem.horizon) for proposer in self.proposers]

    def _cheapest(
        self, problem: Problem, warm_start: Tensor | None, proposals: Sequence[Tensor]
    ) -> Tensor | None:
        """The cheapest of what is left of the last plan and some proposals."""
        if not proposals:
            return warm_start
        nothing = self.actions.low.expand(1, 0, -1)
        left = self._filled(nothing, problem.horizon) if warm_start is None else warm_start
        search = Search(problem, self.generator, None, None)
        rank = search.score(search.box.clamp(torch.stack([left, *proposals], 1)))
        self.chosen.append(int(rank[0].argmin()))
        return search.best

    def _knots(self, blocks: Tensor, horizon: int) -> Tensor:
        """Blocks (C, A) as the actions that are planned, (1, horizon, k * size)."""
        held = blocks.unflatten(-1, (-1, self.times, self.size)).mean(-2)
        return self._filled(held.flatten(-2).unsqueeze(0), horizon)


def enter_guarded(
    kind: type[GuardedAgent],
    name: str,
    setting: Setting,
    *,
    actor: bool = True,
    recordings: bool = True,
    knots: int | None = None,
    seed: int = 0,
    **arguments: Any,
) -> Entrant:
    """Enter a guarded agent on the trained model.

    Args:
        kind: of the agent.
        name: what it is called.
        setting: where the agents will act; its model, run, planner, cost and episodes.
        actor: whether the run's actor proposes.
        recordings: whether the recorded blocks propose that led from a frame like the present to
            one like the goal.
        knots: actions planned a block; None: every one, as the actor gives them.
        seed: added to that of each case.
        **arguments: of `kind`, beside what is found here.

    Returns:
        What makes the agents of cases.

    Raises:
        WmpcError: nothing proposes, or there is no run, or none with an actor.
    """
    model, run, planner = setting.model, setting.run, setting.planner
    if model is None or planner is None or run is None:
        raise WmpcError("this agent asks what was trained in a run: give run=FOLDER")
    if not (actor or recordings):
        raise WmpcError("actor=false and recordings=false: nothing proposes; take agent=mpc")
    pictures, proposers = find_completion(setting, True), []
    if actor:
        trained = cast(Actor, load_term(run, "actor", model))
        proposers.append(ActorAgent(model, trained, complete=pictures))
    if recordings:
        within = arguments.get("horizon", 7)
        encoded = encode_recordings(setting)[1]
        proposers.append(NearestAgent(model, encoded, within=within, complete=pictures))
    keep_freed_memory()
    cost = fit_cost(setting.cost, model, setting.episodes)
    found = {**arguments, "knots": knots, "complete": find_completion(setting), "cost": cost}
    return Entrant(
        lambda case: kind(model, planner, proposers, seed=case.seed + seed, **found),
        name,
        name_of(planner),
    )


@passes_on(enter_guarded, MPCAgent, supplied=("complete", "cost"))
def guarded(setting: Setting, **arguments: Any) -> Entrant:
    """Enter `GuardedAgent` on the trained model.

    Args:
        setting: where the agents will act.
        **arguments: of `enter_guarded`, and of `wmpc.agents.mpc.MPCAgent`.

    Returns:
        What makes the agents of cases.

    Raises:
        WmpcError: see `enter_guarded`.
    """
    return enter_guarded(GuardedAgent, "guarded", setting, **arguments)
