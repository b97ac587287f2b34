"""PushTwo: a disc pushes two T-shaped blocks in the plane, each to its pose.

PushT with smaller blocks; see `wmpc.envs.tasks.push_t.task` for where that is from. Who moves one
block must come back for the other without undoing the first.
"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from wmpc.envs.goal_env import Filter
from wmpc.envs.policies import Policy
from wmpc.envs.task import Task
from wmpc.envs.tasks.push_t.task import REACH, SIDE, Pusher, gap

BLOCK_REACH = 0.55  # where a block's centre of mass can be
BOXES = ((0.0, 0.082, 0.21, 0.06), (0.0, -0.118, 0.06, 0.14))  # bar and stem: centre, half sizes
LENGTH = 0.34  # from a block's centre of mass to its farthest corner, at most
BLOCKS, ANGLES = (2, 5), (4, 7)  # where the places and angles of red and green are in qpos
PLACES = (0, 1, 2, 3, 5, 6)


class PushTwo(Task):
    """One action, the disc's velocity in units of 1.5 m/s, lasts 0.02 s; the arena is 2 m wide.

    Success: the six position errors of disc and blocks together within 5% of the arena's side
    (0.1 m) and the angle of each block within 20 degrees (strict: half of both).
    """

    id = "wmpc/PushTwo-v0"
    xml = "push_two.xml"
    frame_skip = 2
    tolerances: ClassVar[Mapping[str, float]] = {
        "position_m": 0.05 * SIDE,
        "angle_rad": float(np.deg2rad(20)),
    }
    objects: ClassVar[Mapping[str, str]] = {"disc": "disc", "red": "red", "green": "green"}
    coordinate_names = (
        "disc_x", "disc_y", "red_x", "red_y", "green_x", "green_y",
        "red_cos", "red_sin", "green_cos", "green_sin",
    )  # fmt: skip
    describe_names = (*(f"{name}_m" for name in coordinate_names[:6]), *coordinate_names[6:])
    hard_filter = "block_moved"

    def proprio(self, state: np.ndarray) -> np.ndarray:
        """Read what the disc feels; the blocks are seen, not felt.

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
            `position_m`, the norm of the six position errors, and `angle_rad`, the larger wrapped
            angle error of the two blocks.
        """
        offset = self.layout.qpos(state) - self.layout.qpos(goal_state)
        turns = np.abs(_wrapped(offset[list(ANGLES)]))
        return {
            "position_m": float(np.linalg.norm(offset[list(PLACES)])),
            "angle_rad": float(turns.max()),
        }

    def coordinates(self, states: np.ndarray) -> np.ndarray:
        """Give positions, cosines and sines, each in units of its tolerance.

        Args:
            states: (..., S) float64.

        Returns:
            (..., 10), named `coordinate_names`.
        """
        described = self.describe(states)
        unit = [self.tolerances["position_m"]] * 6 + [self.tolerances["angle_rad"]] * 4
        return described / np.array(unit)

    def describe(self, states: np.ndarray) -> np.ndarray:
        """Read positions, and cosine and sine of each block's angle.

        Args:
            states: (..., S) float64.

        Returns:
            (..., 10): m six times, then 1, named `describe_names`.
        """
        qpos = self.layout.qpos(states)
        turns = [f(qpos[..., [angle]]) for angle in ANGLES for f in (np.cos, np.sin)]
        return np.concatenate([qpos[..., list(PLACES)], *turns], -1)

    def sample_state(self, rng: np.random.Generator) -> np.ndarray:
        """Draw disc and blocks anywhere they can be, apart from each other, at rest.

        Args:
            rng: where all chance comes from.

        Returns:
            (S,) float64.
        """
        while True:
            red, green = rng.uniform(-BLOCK_REACH, BLOCK_REACH, (2, 2))
            angles = rng.uniform(-np.pi, np.pi, 2)
            disc = rng.uniform(-REACH, REACH, 2)
            free = all(
                gap(disc, block, angle, BOXES) > 0
                for block, angle in zip((red, green), angles, strict=True)
            )
            if free and np.linalg.norm(red - green) > 2 * LENGTH:
                return self.layout.at_rest(np.array([*disc, *red, angles[0], *green, angles[1]]))

    def scripted_policy(self, rng: np.random.Generator) -> Policy:
        """Make a policy that goes around one block or the other and pushes it, again and again.

        Args:
            rng: where all chance comes from.

        Returns:
            From an observation to one simulator action (A,).
        """
        return Pusher(self.layout.qpos, rng, BLOCKS, BLOCK_REACH)

    @property
    def filters(self) -> Mapping[str, Filter]:
        """`block_moved`, `both_moved`: the goal moves or turns a block, or both, by at least twice
        the tolerance."""
        return {
            "block_moved": lambda start, goal, variation: bool(self._moved(start, goal).any()),
            "both_moved": lambda start, goal, variation: bool(self._moved(start, goal).all()),
        }

    def _moved(self, start: np.ndarray, goal: np.ndarray) -> np.ndarray:
        """Whether each block moves (2,)."""
        offset = self.layout.qpos(goal) - self.layout.qpos(start)
        shifts = np.array([np.linalg.norm(offset[at : at + 2]) for at in BLOCKS])
        moved = shifts / self.tolerances["position_m"]
        turned = np.abs(_wrapped(offset[list(ANGLES)])) / self.tolerances["angle_rad"]
        return np.maximum(moved, turned) >= 2.0


def _wrapped(angles: np.ndarray) -> np.ndarray:
    return np.arctan2(np.sin(angles), np.cos(angles))
