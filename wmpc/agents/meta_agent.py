"""How long to think, chosen at every decision: go on, do what is proposed, search or search on."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from torch import Tensor

from wmpc.agents.approach import approach
from wmpc.agents.entrant import Entrant, Setting
from wmpc.agents.guarded_agent import GuardedAgent, Proposer, enter_guarded
from wmpc.agents.history import History
from wmpc.agents.meaning import GoalLike
from wmpc.agents.mpc import MPCAgent
from wmpc.errors import WmpcError
from wmpc.planners.problem import Plan, Planner, Problem
from wmpc.planners.search import Search
from wmpc.system.passing_on import passes_on
from wmpc.wm.models.world_model import WorldModel
from wmpc.wm.training.log import read_log

CHOICES = ("go on", "propose", "short", "long")
"""What a decision may be, from the cheapest to the dearest."""


class MetaAgent(GuardedAgent):
    """Thinks as long as it pays (after System M of arXiv 2603.15381).

    A sequence *arrives* where it is imagined to end near the goal, by the measure of how much the
    model errs within one block. A decision

    1. does what the first proposer says, where that arrives;
    2. else goes on with the last plan, where that arrives and the last block led to what was
       imagined;
    3. else searches for a few rounds, from the cheapest of what is left of the last plan and the
       proposals, and takes what is found where that arrives;
    4. else searches on from there, as long as the planner does.

    Args:
        model, planner, proposers: see `GuardedAgent`.
        error: of the model, one block ahead, the mean square over entries of latents, in episodes
            held out.
        short: rounds of a short search.
        arrive: a sequence arrives where its last latent's mean squared distance to the goal is at
            most so many times `error`.
        surprise: the last block is one where it erred by more than so many times `error`.
        **arguments: of `MPCAgent`.
    """

    def __init__(
        self,
        model: WorldModel,
        planner: Planner,
        proposers: Sequence[Proposer],
        *,
        error: float,
        short: int = 2,
        arrive: float = 10.0,
        surprise: float = 4.0,
        **arguments: Any,
    ) -> None:
        super().__init__(model, planner, proposers, **arguments)
        if not hasattr(planner, "iterations") or short < 1:
            raise WmpcError(
                f"short={short} came, the rounds of a short search, at least 1; and the planner "
                "must be one with `iterations`, as planner=icem is"
            )
        self.short: Any = replace(planner, iterations=short)  # type: ignore[type-var]
        self.arrive, self.surprise = arrive * error, surprise * error
        self.choices: list[str] = []
        """What was chosen at each decision since `reset`: entries of `CHOICES`."""

    def reset(self, goal: GoalLike) -> None:
        """Forget the past.

        Args:
            goal: see `GuardedAgent.reset`.
        """
        super().reset(goal)
        self.choices = []

    def _rehearse(self, latent: Tensor) -> None:
        super()._rehearse(latent)
        self.choices = []

    def _think(
        self, problem: Problem, history: History, warm_start: Tensor | None, began: float
    ) -> Plan:
        """Choose, and plan accordingly."""
        proposals, last = self._proposals(problem), self.plan
        if proposals:
            search = Search(problem, self.generator, None, None)
            search.score(search.box.clamp(proposals[0].unsqueeze(1)))
            plan = search.plan()
            if self._arrives(plan, problem):
                return self._chosen("propose", plan)
        if last is not None and warm_start is not None and self._as_imagined(history, last):
            left = replace(last, actions=warm_start, latents=last.latents[:, self.execute :])
            if left.latents.shape[1] >= self.execute and self._arrives(left, problem):
                return self._chosen("go on", left)
        start = self._cheapest(problem, warm_start, proposals)
        plan = self._search(self.short, problem, start, began)
        if self._arrives(plan, problem):
            return self._chosen("short", plan)
        return self._chosen("long", self._search(self.planner, problem, plan.actions, began))

    def _chosen(self, choice: str, plan: Plan) -> Plan:
        self.choices.append(choice)
        return plan

    def _as_imagined(self, history: History, plan: Plan) -> bool:
        """Whether the last blocks led to what was imagined of them."""
        away = (plan.latents[:, self.execute - 1] - history.now).square().mean()
        return bool(away <= self.surprise)

    def _arrives(self, plan: Plan, problem: Problem) -> bool:
        """Whether a plan is imagined to end near the goal."""
        away = approach(plan.latents[0], problem)
        return away is not None and bool(away[-1] <= self.arrive)


@passes_on(enter_guarded, MetaAgent, MPCAgent, supplied=("error", "complete", "cost"))
def meta(setting: Setting, **arguments: Any) -> Entrant:
    """Enter `MetaAgent` on the trained model.

    Args:
        setting: where the agents will act.
        **arguments: of `wmpc.agents.guarded_agent.enter_guarded`, and of `MetaAgent`.

    Returns:
        What makes the agents of cases.

    Raises:
        WmpcError: see there; or the run's log says nothing of the model's errors.
    """
    lines = [] if setting.run is None else read_log(Path(setting.run))
    errors = [line["rollout_error"] for line in lines if "rollout_error" in line]
    if setting.run is not None and not errors:
        raise WmpcError(
            f"{setting.run} has no train.jsonl with the model's errors in held-out episodes, which "
            "agent=meta compares with: take agent=guarded"
        )
    error = errors[-1][0] if errors else 0.0
    return enter_guarded(MetaAgent, "meta", setting, error=error, **arguments)
