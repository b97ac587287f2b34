"""Points on the way to a far goal: what an agent pursues is never farther than it can see."""

from torch import Tensor

from wmpc.agents.roadmap import Roadmap, Way
from wmpc.errors import WmpcError


class Waypoints:
    """Points on the ways to goals, for agents that see no farther than some blocks.

    Args:
        roadmap: where.
        ahead: blocks to the point that is pursued.
    """

    def __init__(self, roadmap: Roadmap, ahead: float) -> None:
        if not ahead > 0:
            raise WmpcError(f"ahead is {ahead}; it must be above 0")
        self.roadmap, self.ahead = roadmap, ahead
        self._ways: dict[bytes, Way] = {}

    def find(self, now: Tensor, goal: Tensor) -> Tensor | None:
        """Find the point to pursue.

        Args:
            now: the tokens of the present picture (V,).
            goal: those of the goal's (V,).

        Returns:
            The latent of a recorded frame, (1, K, D); None where it is the goal itself.
        """
        here, there = (x.double().cpu().numpy() for x in (now, goal))
        key = there.tobytes()
        if key not in self._ways:
            self._ways = {key: self.roadmap.lead_to(there)}  # of one goal, since each takes a while
        row = self._ways[key].point(here, self.ahead)
        return None if row is None else self.roadmap.encoded.latents[row, None]
