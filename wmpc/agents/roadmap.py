"""A graph of recorded frames, whose shortest paths lead to goals that no recording goes to.

After Search on the Replay Buffer (Eysenbach et al., arXiv 1906.05253), with distances counted in
recorded blocks and in latents that look alike instead of learned.
"""

from typing import Any

import numpy as np

from wmpc.agents.encoded import Encoded
from wmpc.errors import WmpcError

CROSSING = 0.1
"""Blocks that it costs to go on from another frame that looks alike, beside the way between."""


class Roadmap:
    """Recorded frames, joined where one was a block after the other, or where both look alike.

    A block costs 1; between frames that look alike, either way, their distance in latents over that
    of a typical block, and `CROSSING`.

    Args:
        encoded: the training episodes through the frozen encoder; pictures alone count.
        neighbours: the most frames that one is joined to because they look alike.
        alike: how near those must be, as a share of a typical block.
    """

    def __init__(self, encoded: Encoded, neighbours: int = 8, alike: float = 0.5) -> None:
        if neighbours < 1 or not alike > 0:
            raise WmpcError(
                f"neighbours is {neighbours} and alike {alike}; they must be at least 1, above 0"
            )
        self.encoded, self.neighbours = encoded, neighbours
        places = encoded.picture.double().cpu().numpy()
        now = encoded.starts().cpu().numpy()
        then = now + encoded.stride
        self.block = max(float(np.median(np.linalg.norm(places[then] - places[now], axis=1))), 1e-9)
        """Distance in latents that a typical block goes."""
        from scipy.spatial import KDTree  # slow to import, so where it is needed

        self._tree = KDTree(places)
        found = self._tree.query(places, min(neighbours + 1, len(places)))
        away, others = (np.asarray(one).reshape(len(places), -1) for one in found)
        here = np.broadcast_to(np.arange(len(places))[:, None], others.shape)
        near = (away < alike * self.block) & (others != here)
        crossing = away[near] / self.block + CROSSING
        self._backwards = _cheapest(
            np.concatenate([then, others[near], here[near]]),
            np.concatenate([now, here[near], others[near]]),
            np.concatenate([np.ones(len(now)), crossing, crossing]),
            len(places),
        )

    def lead_to(self, goal: np.ndarray) -> "Way":
        """Find the way from every frame to a goal.

        Args:
            goal: the latent of its picture (V,).

        Returns:
            The ways.
        """
        from scipy.sparse.csgraph import dijkstra  # slow to import, so where it is needed

        _, ends = self.nearest(goal)
        to_go, onward, _ = dijkstra(
            self._backwards, indices=ends, return_predecessors=True, min_only=True
        )
        return Way(self, to_go, onward)

    def nearest(self, place: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Find the frames that look most like a latent.

        Args:
            place: (V,).

        Returns:
            Their distances in blocks, and their rows, (neighbours,) each.
        """
        away, rows = self._tree.query(place, min(self.neighbours, len(self.encoded.latents)))
        return np.atleast_1d(away) / self.block, np.atleast_1d(rows)


def _cheapest(starts: np.ndarray, ends: np.ndarray, costs: np.ndarray, size: int) -> Any:
    """The graph (size, size) of some edges (E,), of several between the same two the cheapest."""
    from scipy.sparse import csr_array

    order = np.lexsort((costs, ends, starts))
    pairs = np.stack([starts, ends])[:, order]
    first = np.r_[True, (np.diff(pairs) != 0).any(0)]
    return csr_array((costs[order][first], pairs[:, first]), (size, size))


class Way:
    """Shortest paths to one goal.

    Args:
        roadmap: where.
        to_go: blocks to the goal from each frame (F,), inf where there is no way.
        onward: the next frame on the way (F,), below 0 at its end.
    """

    def __init__(self, roadmap: Roadmap, to_go: np.ndarray, onward: np.ndarray) -> None:
        self.roadmap, self.to_go, self.onward = roadmap, to_go, onward

    def point(self, place: np.ndarray, ahead: float) -> int | None:
        """Find the frame on the way that is some blocks ahead.

        Args:
            place: the latent of the present picture (V,).
            ahead: how many blocks.

        Returns:
            Its row; None where the goal itself is as near, or no way leads there.
        """
        away, rows = self.roadmap.nearest(place)
        total = away + self.to_go[rows]
        row = int(rows[total.argmin()])
        if not ahead < total.min() < np.inf:
            return None
        last = self.to_go[row] - ahead
        while self.to_go[row] > last and self.onward[row] >= 0:
            row = int(self.onward[row])
        return row
