"""What tasks of a disc that pushes blocks in the plane have in common."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from wmpc.envs.goal_env import Filter
from wmpc.envs.policies import Policy
from wmpc.envs.pusher import DISC_REACH, Pusher
from wmpc.envs.task import Task

ARENA = 2.0
"""Side of the arena, m."""
RADIUS = 0.08
"""Of the disc, m."""


class PushTask(Task):
    """A disc and N blocks. `qpos` is x and y of the disc, then x, y and the angle of each block.

    One action, the disc's velocity in units of 1.5 m/s, lasts 0.02 s. A goal is a place of the disc
    and a pose of every block; its tolerances are `position_m`, of the 2 + 2 N position errors
    together, and `angle_rad`, of each angle.
    """

    frame_skip = 2
    boxes: ClassVar[Sequence[tuple[float, float, float, float]]]
    """What a block is made of: centres and half sizes of boxes in its frame, m."""
    block_reach: ClassVar[float]
    """How far from the middle a block's centre of mass can be, along x and y, m."""
    hard_filter = "block_moved"
    usual_filter = "block_moved"

    def proprio(self, state: np.ndarray) -> np.ndarray:
        """Read what the disc feels; blocks are seen, not felt.

        Args:
            state: (S,) float64.

        Returns:
            Its position in m and velocity in m/s, (4,) float32.
        """
        parts = [self.layout.qpos(state)[:2], self.layout.qvel(state)[:2]]
        return np.concatenate(parts).astype(np.float32)

    def errors(self, state: np.ndarray, goal_state: np.ndarray) -> dict[str, float]:
        """Measure how far disc and blocks are from where they should be.

        Args:
            state: (S,) float64.
            goal_state: (S,) float64.

        Returns:
            `position_m`, the norm of all position errors, and `angle_rad`, the largest wrapped
            angle error of a block.
        """
        disc, shifts, turns = self._offsets(state, goal_state)
        places = np.concatenate([disc, shifts.ravel()])
        return {"position_m": float(np.linalg.norm(places)), "angle_rad": float(turns.max())}

    def coordinates(self, states: np.ndarray) -> np.ndarray:
        """Give positions, and cosine and sine of each block's angle, in units of the tolerances.

        Args:
            states: (..., S) float64.

        Returns:
            (..., 2 + 4 N), named `coordinate_names`.
        """
        described = self.describe(states)
        angles = (described.shape[-1] - 2) // 2
        return np.concatenate(
            [
                described[..., :-angles] / self.tolerances["position_m"],
                described[..., -angles:] / self.tolerances["angle_rad"],
            ],
            -1,
        )

    def describe(self, states: np.ndarray) -> np.ndarray:
        """Read positions, and cosine and sine of each block's angle.

        Args:
            states: (..., S) float64.

        Returns:
            (..., 2 + 4 N): 2 + 2 N times m, then 1, named `describe_names`.
        """
        disc, blocks = self._poses(states)
        angles = blocks[..., 2]
        turned = np.stack([np.cos(angles), np.sin(angles)], -1)
        lead = disc.shape[:-1]
        parts = [disc, blocks[..., :2].reshape(*lead, -1), turned.reshape(*lead, -1)]
        return np.concatenate(parts, -1)

    def scripted_policy(self, rng: np.random.Generator) -> Policy:
        """Make a policy that goes around a block and pushes it, from one side after another.

        Args:
            rng: where all chance comes from.

        Returns:
            From an observation to one simulator action (A,).
        """
        blocks = range(2, self.model.nq, 3)
        return Pusher(self.layout.qpos, rng, blocks, self.block_reach)

    @property
    def filters(self) -> Mapping[str, Filter]:
        """`block_moved`: the goal moves or turns a block by at least twice the tolerance."""
        return {"block_moved": lambda start, goal, _: bool(self.moved(start, goal).any())}

    def moved(self, start: np.ndarray, goal: np.ndarray) -> np.ndarray:
        """Tell which blocks a goal moves or turns by at least twice the tolerance.

        Args:
            start: (S,) float64.
            goal: (S,) float64.

        Returns:
            (N,) bool.
        """
        _, shifts, turns = self._offsets(start, goal)
        moved = np.linalg.norm(shifts, axis=-1) / self.tolerances["position_m"]
        return np.maximum(moved, turns / self.tolerances["angle_rad"]) >= 2.0

    def draw_disc(self, rng: np.random.Generator) -> np.ndarray:
        """Draw a place where the disc can be.

        Args:
            rng: where all chance comes from.

        Returns:
            (2,), m.
        """
        return rng.uniform(-DISC_REACH, DISC_REACH, 2)

    def gap(self, disc: np.ndarray, block: np.ndarray, angle: float) -> float:
        """Measure the distance between the disc's rim and a block.

        Args:
            disc: centre (2,), m.
            block: centre of its frame (2,), m.
            angle: of the block, rad.

        Returns:
            m; negative where they overlap.
        """
        x, y = disc - block
        cos, sin = np.cos(angle), np.sin(angle)
        local = np.array([cos * x + sin * y, cos * y - sin * x])
        gaps = []
        for *centre, width, height in self.boxes:
            outside = np.maximum(np.abs(local - centre) - (width, height), 0)
            gaps.append(float(np.linalg.norm(outside)))
        return min(gaps) - RADIUS

    def _poses(self, states: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Places of the disc (..., 2) and poses of the blocks (..., N, 3)."""
        qpos = self.layout.qpos(states)
        return qpos[..., :2], qpos[..., 2:].reshape(*qpos.shape[:-1], -1, 3)

    def _offsets(
        self, start: np.ndarray, goal: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """How far the disc is moved (2,), and each block (N, 2), and turned (N,), not below 0."""
        (disc, blocks), (disc_there, there) = self._poses(start), self._poses(goal)
        off = blocks - there
        turned = np.abs(np.arctan2(np.sin(off[:, 2]), np.cos(off[:, 2])))
        return disc - disc_there, off[:, :2], turned
