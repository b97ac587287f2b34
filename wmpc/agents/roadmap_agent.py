"""Planning to far goals by way of recorded frames: `agent=roadmap`."""

from typing import Any

from torch import Tensor

from wmpc.agents.entrant import Entrant, Setting, name_of
from wmpc.agents.mpc import MPCAgent
from wmpc.agents.roadmap import Roadmap
from wmpc.agents.route import Route
from wmpc.agents.taught import encode_recordings, find_completion, fit_cost
from wmpc.agents.waypoints import Waypoints
from wmpc.planners.costs import Target
from wmpc.planners.problem import Planner
from wmpc.system.memory import keep_freed_memory
from wmpc.system.passing_on import passes_on
from wmpc.wm.models.world_model import LearnedModel


class RoadmapRoute(Route):
    """A route that pursues, on the way to a far goal, one of the `waypoints`."""

    def __init__(self, waypoints: Waypoints, model: LearnedModel, **route: Any) -> None:
        super().__init__(model, **route)
        self.waypoints, self.layout = waypoints, model.layout

    def aim(self, latent: Tensor, stage: int) -> Target:
        """Choose the latent to pursue.

        Args:
            latent: where the agent is, (1, K, D).
            stage: which goal.

        Returns:
            The goal's target, or that of a recorded frame on the way to it.
        """
        target = super().aim(latent, stage)
        if target.read is not None:
            return target
        here, there = (self.layout.of(x, "pixels").flatten() for x in (latent, target.latents))
        point = self.waypoints.find(here, there)
        return target if point is None else Target(point, target.weight)


class RoadmapAgent(MPCAgent):
    """Plans to one point after another of the way that recordings lead to the goal.

    Args:
        model: see `MPCAgent`.
        planner: see `MPCAgent`.
        waypoints: on the roadmap of the episodes that the model was trained on.
        **arguments: of `MPCAgent`.
    """

    def __init__(
        self, model: LearnedModel, planner: Planner, waypoints: Waypoints, **arguments: Any
    ) -> None:
        super().__init__(model, planner, **arguments)
        route = {k: arguments[k] for k in ("complete", "near", "patience") if k in arguments}
        self.route = RoadmapRoute(waypoints, model, **route)


@passes_on(MPCAgent, supplied=("complete", "cost"))
def roadmap(
    setting: Setting,
    *,
    ahead: float = 5,
    neighbours: int = 8,
    alike: float = 0.5,
    beyond: int | None = None,
    seed: int = 0,
    **arguments: Any,
) -> Entrant:
    """Enter `RoadmapAgent` on the trained model.

    Args:
        setting: where the agents will act; its model, planner, cost and episodes.
        ahead: see `wmpc.agents.waypoints.Waypoints`.
        neighbours: see `wmpc.agents.roadmap.Roadmap`.
        alike: see there.
        beyond: see `MPCAgent`; None: the whole horizon, since the next point follows.
        seed: added to that of each case.
        **arguments: of `wmpc.agents.mpc.MPCAgent`.

    Returns:
        What makes the agents of cases.
    """
    model, encoded = encode_recordings(setting)
    waypoints = Waypoints(Roadmap(encoded, neighbours, alike), ahead)
    planner = setting.planner
    assert planner is not None
    keep_freed_memory()
    arguments |= {
        "beyond": beyond,
        "complete": find_completion(setting),
        "cost": fit_cost(setting.cost, model, setting.episodes),
    }
    return Entrant(
        lambda case: RoadmapAgent(model, planner, waypoints, seed=case.seed + seed, **arguments),
        "roadmap",
        name_of(planner),
    )
