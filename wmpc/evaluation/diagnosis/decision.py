"""A decision of the agent in a case, and what the true simulator says of any other."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from wmpc.agents.entrant import Entrant
from wmpc.agents.mpc import MPCAgent
from wmpc.envs.goal_env import Walkable
from wmpc.envs.observation import Observation
from wmpc.envs.simulator import Simulator
from wmpc.errors import WmpcError
from wmpc.evaluation.diagnosis.recorder import Recorder
from wmpc.evaluation.manifest import Case, Manifest
from wmpc.evaluation.run_cases import HIDDEN, Row, play_episode
from wmpc.planners.costs import Target
from wmpc.planners.knots import HeldDynamics, hold
from wmpc.planners.problem import Problem
from wmpc.wm.models.world_model import WorldModel, seen_columns


@dataclass(frozen=True)
class Outcomes:
    """What really follows N sequences of H blocks."""

    physics: np.ndarray
    """(N, H, P), the state's physics after each block, see `wmpc.envs.simulator`."""
    coordinates: np.ndarray
    """(N, H, C), in tolerances."""
    distance: np.ndarray
    """(N, H), to the goal by the way that there is, in tolerances."""


def planning(entrant: Entrant, case: Case) -> MPCAgent:
    """Make the agent of a case, which must plan.

    Args:
        entrant: what makes it.
        case: which.

    Returns:
        The agent.

    Raises:
        WmpcError: it does not plan.
    """
    agent = entrant.make(case)
    if not isinstance(agent, MPCAgent):
        raise WmpcError(
            f"a diagnosis needs an agent that plans, such as agent=mpc; this one is a "
            f"{type(agent).__name__}"
        )
    return agent


class Decision:
    """The first decision of a case, after its lead-in: the agent's problem, plan and candidates.

    The task stands where the decision is made; draw and simulate before making the next.
    """

    def __init__(
        self, entrant: Entrant, drawn: Manifest, case: Case, task: Any, simulator: Simulator
    ) -> None:
        self.task, self.case, self.simulator = task, case, simulator
        self.agent = agent = planning(entrant, case)
        self.privileged = entrant.privileged
        agent.planner = recorder = Recorder(agent.planner)
        case.begin(task)
        self.row = Row(0, case.episode, "warm", case.seed)
        goal = case.goal(entrant.privileged)
        block = drawn.action_block
        play_episode(
            task, agent, goal, self.row, actions=0, action_block=block, lead_in=case.lead_in,
            privileged=entrant.privileged,
        )  # fmt: skip
        MPCAgent.act(agent)  # of an agent that plans beside the world too: the plan itself
        assert recorder.problem is not None and agent.plan is not None
        self.problem: Problem = recorder.problem
        self.plan: Tensor = agent.plan.actions[0]
        """(H, A), in knots."""
        self.rounds: list[Tensor] = recorder.rounds
        """(N, H, A) each, what the planner rolled out at once."""
        self.candidates: Tensor = recorder.candidates
        """(N, H, A), all that the planner rolled out."""
        self.state: np.ndarray = task.get_state()
        start = {"state": self.state, "variation": case.variation}
        self.start = simulator.start(start)
        """(D,), where the true simulator starts, see `wmpc.envs.simulator`."""
        self.goal = np.asarray(task.coordinates(case.goal_state))
        """(C,), the goal's coordinates, in tolerances."""

    @torch.no_grad()
    def predicted(self, candidates: Tensor) -> Tensor:
        """Compute the agent's cost of imagined outcomes.

        Args:
            candidates: (N, H, A), in knots.

        Returns:
            (N,) float64.
        """
        latents = self.problem.dynamics.rollout(candidates[None])
        return self.problem.cost(latents, candidates[None])[0].double().cpu()

    @torch.no_grad()
    def realised(self, latents: Tensor, candidates: Tensor) -> Tensor:
        """Compute the agent's cost of true outcomes.

        Args:
            latents: (N, H, K, D), the outcomes, encoded.
            candidates: (N, H, A), in knots.

        Returns:
            (N,) float64.
        """
        return self.problem.cost(latents[None], candidates[None])[0].double().cpu()

    def simulate(self, candidates: Tensor) -> Outcomes:
        """Execute candidates in the true simulator.

        Args:
            candidates: (N, H, A), in knots.

        Returns:
            What follows.
        """
        latents = self.simulator.rollout(self.start[None], self.actions(candidates)[None])[0]
        C = self.simulator.coordinates_size
        physics = latents[..., C : latents.shape[-1] - len(self.case.variation)]
        if isinstance(self.task, Walkable):
            distance = self.task.walk(latents[..., :C], self.goal, self.case.variation)
        else:
            flat = physics.reshape(-1, physics.shape[-1])
            distance = np.array([self.task.distance(s, self.case.goal_state) for s in flat])
        return Outcomes(physics, latents[..., :C], distance.reshape(physics.shape[:2]))

    def actions(self, candidates: Tensor) -> np.ndarray:
        """Turn knots into actions of the environment.

        Args:
            candidates: (N, H, A), in knots.

        Returns:
            Blocks (N, H, n * a), in the environment's units.
        """
        held = self.problem.dynamics
        assert isinstance(held, HeldDynamics)
        blocks = self.agent.model.denormalise(hold(candidates, held.times, held.size))
        return blocks.reshape(*blocks.shape[:2], -1)

    @torch.no_grad()
    def encode(self, outcomes: Outcomes, batch: int = 16) -> Tensor:
        """Look at what followed.

        Args:
            outcomes: of N sequences.
            batch: sequences encoded at once.

        Returns:
            Latents (N, H, K, D).
        """
        seen = [self._look(states) for states in outcomes.physics]
        pieces = [
            self.agent.model.encode(
                {name: np.stack([look[name] for look in seen[i : i + batch]]) for name in seen[0]}
            )
            for i in range(0, len(seen), batch)
        ]
        return torch.cat(pieces)

    def goal_latent(self) -> Tensor:
        """Encode the goal, seen as outcomes are: with its proprioception, if that is read.

        Returns:
            (1, K, D).
        """
        seen = self._look(self.case.goal_state[None])
        return self.agent.model.encode({name: x[None] for name, x in seen.items()})[:, 0]

    def measure(self, place: Tensor, goal: Tensor) -> Tensor:
        """Measure coordinates with the agent's own cost, as latents of one token.

        Where the straight way is not the one there is, the cost is of how far it is to go.

        Args:
            place: (N, H, C), in tolerances.
            goal: (C,).

        Returns:
            (N,).
        """
        if isinstance(self.task, Walkable):
            way = self.task.walk(place.cpu().numpy(), goal.cpu().numpy(), self.case.variation)
            place, goal = torch.as_tensor(way)[..., None], torch.zeros(1)
        cost = self.agent.cost(
            Target(goal[None, None], read=lambda numbers: numbers.flatten(-2)), self.agent.execute
        )
        return cost(place[None, :, :, None], place[None])[0]

    def true_cost(self, outcomes: Outcomes) -> Tensor:
        """Measure the true coordinates with the agent's own cost.

        Args:
            outcomes: of N sequences.

        Returns:
            (N,).
        """
        return self.measure(torch.as_tensor(outcomes.coordinates), torch.as_tensor(self.goal))

    def reached(self, outcomes: Outcomes) -> np.ndarray:
        """Find how near true outcomes come, over the steps that the agent's cost counts, if it says
        which.

        Args:
            outcomes: of N sequences.

        Returns:
            The least distance (N,), in tolerances.
        """
        which = getattr(self.agent.cost, "counted", lambda horizon, executed: slice(horizon))
        counted = which(outcomes.distance.shape[1], self.agent.execute)
        return outcomes.distance[:, counted].min(1)

    def _look(self, states: Sequence[np.ndarray] | np.ndarray) -> Observation:
        """Observations of states (T, S or P), the columns that the model reads, (T, ...)."""
        moving = 1 + self.task.model.nq + self.task.model.nv  # time, positions, velocities
        looks = []
        for state in states:
            full = self.state.copy()
            full[:moving] = state[:moving]
            looks.append(_observation(self.task, full, self.privileged, self.agent.model))
        return {name: np.stack([look[name] for look in looks]) for name in looks[0]}


def _observation(task: Any, state: np.ndarray, privileged: bool, model: WorldModel) -> Observation:
    """What `task.observe_state` gives, without drawing a picture that nobody looks at."""
    makers = {
        "pixels": lambda: task.render_state(state),
        "proprio": lambda: task.proprio(state),
        "state": lambda: np.array(state, np.float64),
        "variation": lambda: np.array(task.variation, np.float64),
    }
    offered = [
        name
        for name in seen_columns(model)
        if (privileged or name not in HIDDEN) and (name != "variation" or task.variation_names)
    ]
    return {name: makers[name]() for name in offered}
