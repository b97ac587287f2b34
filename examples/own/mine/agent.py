"""An agent: what observes, and acts."""

import numpy as np
import torch

from wmpc.agents.agent import Goal
from wmpc.agents.entrant import Case, Entrant, Setting
from wmpc.agents.mpc import MPCAgent
from wmpc.envs.observation import Observation
from wmpc.errors import WmpcError


class Restful:
    """Plan towards the goal, and do nothing once it is seen.

    Args:
        planning: the agent that plans.
        near: mean squared distance of the latent to the goal's at which to rest.
    """

    def __init__(self, planning: MPCAgent, near: float) -> None:
        self.planning, self.near = planning, near

    def reset(self, goal: Goal) -> None:
        """Begin anew.

        Args:
            goal: what to reach; its picture is whole.
        """
        self.planning.reset(goal)
        self.goal = self._encode(goal.observation)

    def observe(self, observation: Observation, executed: np.ndarray | None) -> None:
        """Look.

        Args:
            observation: what is seen now.
            executed: (m, A), the actions really applied since the last look; None at first.
        """
        self.planning.observe(observation, executed)
        self.here = self._encode(observation)

    def act(self) -> np.ndarray:
        """Decide.

        Returns:
            (m, A), the actions until the next look, in the environment's units.
        """
        actions = self.planning.act()
        away = (self.here - self.goal).square().mean()
        return actions if away > self.near else np.zeros_like(actions)

    @torch.no_grad()
    def _encode(self, observation: Observation) -> torch.Tensor:
        """Return the latent (1, 1, K, D) of a frame."""
        return self.planning.model.encode(
            {k: np.asarray(x)[None, None] for k, x in observation.items()}
        )


def restful(setting: Setting, *, horizon: int = 5, near: float = 0.01, seed: int = 0) -> Entrant:
    """Make the agent of each case.

    Args:
        setting: the trained model, the planner, the cost and the task.
        horizon: blocks planned ahead.
        near: see `Restful`.
        seed: added to that of the case.

    Returns:
        What makes an agent for a case.

    Raises:
        WmpcError: there is no trained model.
    """
    model, planner = setting.model, setting.planner
    if model is None or planner is None:
        raise WmpcError("agent=mine plans with a trained model: give run=FOLDER")

    def make(case: Case) -> Restful:
        own = case.seed + seed
        return Restful(MPCAgent(model, planner, cost=setting.cost, horizon=horizon, seed=own), near)

    return Entrant(make, name="restful", planner=type(planner).__name__)
