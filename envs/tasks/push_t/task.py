"""PushT: a disc pushes a T-shaped block in the plane to a pose.

After Florence et al. (implicit behavioural cloning) and Chi et al. (diffusion policy, arXiv
2303.04137), with the test of success used by world-model papers. There, an action is the place a
controller draws the disc to; here it is the disc's velocity: bounded velocities bound how far a
block of actions reaches, so plans stay local and random actions are smooth motions.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

import numpy as np

from wmpc.envs.goal_env import Filter
from wmpc.envs.observation import Observation
from wmpc.envs.policies import Policy
from wmpc.envs.task import Task

SIDE, REACH, RADIUS = 2.0, 0.92, 0.08  # the arena's side, where the disc's centre can be, the disc
BLOCK_REACH = 0.45  # where the block's centre of mass can be: the disc gets all around it there
BOXES = ((0.0, 0.112, 0.3, 0.08), (0.0, -0.168, 0.08, 0.2))  # bar and stem: centre, half sizes


class PushT(Task):
    """One action, the disc's velocity in units of 1.5 m/s, lasts 0.02 s; the arena is 2 m wide.

    Success: the four position errors of disc and block together within 4% of the arena's side
    (0.08 m) and the block's angle within 20 degrees (strict: half of both).
    """

    id = "wmpc/PushT-v0"
    xml = "push_t.xml"
    frame_skip = 2
    tolerances: ClassVar[Mapping[str, float]] = {
        "position_m": 0.04 * SIDE,
        "angle_rad": float(np.deg2rad(20)),
    }
    objects: ClassVar[Mapping[str, str]] = {"disc": "disc", "block": "block"}
    coordinate_names = ("disc_x", "disc_y", "block_x", "block_y", "cos_angle", "sin_angle")
    describe_names = ("disc_x_m", "disc_y_m", "block_x_m", "block_y_m", "cos_angle", "sin_angle")
    hard_filter = "block_moved"

    def proprio(self, state: np.ndarray) -> np.ndarray:
        """Read what the disc feels; the block is seen, not felt.

        Args:
            state: (S,) float64.

        Returns:
            Its position in m and velocity in m/s, (4,) float32.
        """
        parts = [self.layout.qpos(state)[:2], self.layout.qvel(state)[:2]]
        return np.concatenate(parts).astype(np.float32)

    def errors(self, state: np.ndarray, goal_state: np.ndarray) -> dict[str, float]:
        """Measure how far disc and block are from where they should be.

        Args:
            state: (S,) float64.
            goal_state: (S,) float64.

        Returns:
            `position_m`, the norm of the four position errors, and `angle_rad`, the block's wrapped
            angle error.
        """
        offset = self.layout.qpos(state) - self.layout.qpos(goal_state)
        turn = np.arctan2(np.sin(offset[4]), np.cos(offset[4]))
        return {"position_m": float(np.linalg.norm(offset[:4])), "angle_rad": float(abs(turn))}

    def coordinates(self, states: np.ndarray) -> np.ndarray:
        """Give positions, cosine and sine, each in units of its tolerance.

        Args:
            states: (..., S) float64.

        Returns:
            (..., 6), named `coordinate_names`.
        """
        described = self.describe(states)
        return np.concatenate(
            [
                described[..., :4] / self.tolerances["position_m"],
                described[..., 4:] / self.tolerances["angle_rad"],
            ],
            -1,
        )

    def describe(self, states: np.ndarray) -> np.ndarray:
        """Read positions, and cosine and sine of the block's angle.

        Args:
            states: (..., S) float64.

        Returns:
            (..., 6): m, m, m, m, 1, 1, named `describe_names`.
        """
        qpos = self.layout.qpos(states)
        angle = qpos[..., 4:]
        return np.concatenate([qpos[..., :4], np.cos(angle), np.sin(angle)], -1)

    def sample_state(self, rng: np.random.Generator) -> np.ndarray:
        """Draw disc and block anywhere they can be, apart from each other, at rest.

        Args:
            rng: where all chance comes from.

        Returns:
            (S,) float64.
        """
        block = rng.uniform(-BLOCK_REACH, BLOCK_REACH, 2)
        angle = rng.uniform(-np.pi, np.pi)
        while True:
            disc = rng.uniform(-REACH, REACH, 2)
            if gap(disc, block, angle) > 0:
                return self.layout.at_rest(np.array([*disc, *block, angle]))

    def scripted_policy(self, rng: np.random.Generator) -> Policy:
        """Make a policy that goes around the block and pushes it, from one side after another.

        Args:
            rng: where all chance comes from.

        Returns:
            From an observation to one simulator action (A,).
        """
        return Pusher(self.layout.qpos, rng)

    @property
    def filters(self) -> Mapping[str, Filter]:
        """`block_moved`: the goal moves or turns the block by at least twice the tolerance."""
        return {"block_moved": self._block_moved}

    def _block_moved(self, start: np.ndarray, goal: np.ndarray, variation: np.ndarray) -> bool:
        offset = self.layout.qpos(goal) - self.layout.qpos(start)
        turn = np.arctan2(np.sin(offset[4]), np.cos(offset[4]))
        moved = float(np.linalg.norm(offset[2:4])) / self.tolerances["position_m"]
        return max(moved, float(abs(turn)) / self.tolerances["angle_rad"]) >= 2.0


class Pusher:
    """Circles a block to a side, then drives through it along a line, and again.

    Args:
        qpos: reads positions, the disc's first, off states.
        rng: where all chance of the first episode comes from.
        blocks: where the place of each block begins among the positions.
        reach: how far from the middle a block can be, m.
    """

    def __init__(
        self,
        qpos: Callable[[np.ndarray], np.ndarray],
        rng: np.random.Generator,
        blocks: Sequence[int] = (2,),
        reach: float = BLOCK_REACH,
    ) -> None:
        self._qpos, self._blocks, self._reach = qpos, blocks, reach
        self._away = REACH - reach  # distance from the block at which it is circled, m
        self.reset(rng)

    def reset(self, rng: np.random.Generator) -> None:
        """Begin an episode; the side is chosen at the first look.

        Args:
            rng: where all chance of the episode comes from.
        """
        self._rng = rng
        self._noise = np.zeros(2)
        self._pushes, self._block = 0, self._blocks[0]
        self._bearing: float | None = None

    def __call__(self, observation: Observation) -> np.ndarray:
        """The next action (2,), from the privileged `state`."""
        qpos = self._qpos(observation["state"])
        disc = qpos[:2]
        if self._bearing is None:
            if len(self._blocks) > 1:
                self._block = int(self._rng.choice(self._blocks))
            self._choose(disc, qpos[self._block : self._block + 2])
        block = qpos[self._block : self._block + 2]
        self._noise = 0.85 * self._noise + 0.2 * self._rng.standard_normal(2)
        velocity = self._push(disc) if self._pushes else self._circle(disc - block, block)
        return np.clip(velocity + self._noise, -1, 1).astype(np.float32)

    def _choose(self, disc: np.ndarray, block: np.ndarray) -> None:
        """A side of the block near the disc, from which there is room to push."""
        here = np.arctan2(*(disc - block)[::-1])
        for _ in range(10):
            self._bearing = float(here + 0.9 * self._rng.standard_normal())
            if np.abs(block - 0.2 * _unit(self._bearing)).max() < self._reach:
                break

    def _circle(self, offset: np.ndarray, block: np.ndarray) -> np.ndarray:
        """Move along the circle to the bearing; when there, begin to push."""
        assert self._bearing is not None
        here, radius = np.arctan2(offset[1], offset[0]), np.linalg.norm(offset)
        turn = np.arctan2(np.sin(self._bearing - here), np.cos(self._bearing - here))
        if abs(turn) < 0.2:
            self._pushes = int(self._rng.integers(15, 40))
            aim = block + self._rng.uniform(-0.18, 0.18) * _unit(self._bearing + np.pi / 2)
            self._line = aim - (block + offset)
            self._line /= np.linalg.norm(self._line)
            self._speed = self._rng.uniform(0.5, 1.1)
            return self._speed * self._line
        outward = 3.0 * (self._away - radius) * _unit(here)
        return outward + np.sign(turn) * _unit(here + np.pi / 2)

    def _push(self, disc: np.ndarray) -> np.ndarray:
        """Drive along the line; at the end, or at the border, choose again."""
        self._pushes -= 1
        if np.any((np.abs(disc) > REACH - 0.02) & (disc * self._line > 0)):
            self._pushes = 0
        if self._pushes == 0:
            self._bearing = None
        return self._speed * self._line


def gap(
    disc: np.ndarray,
    block: np.ndarray,
    angle: float,
    boxes: Sequence[tuple[float, float, float, float]] = BOXES,
) -> float:
    """Measure the distance between the disc's rim and a block.

    Args:
        disc: centre (2,), m.
        block: centre of its frame (2,), m.
        angle: of the block, rad.
        boxes: that the block is of: centres and half sizes in its frame, m.

    Returns:
        m; negative where they overlap.
    """
    x, y = disc - block
    local = np.array([np.cos(angle) * x + np.sin(angle) * y, np.cos(angle) * y - np.sin(angle) * x])
    gaps = []
    for *centre, width, height in boxes:
        outside = np.maximum(np.abs(local - centre) - (width, height), 0)
        gaps.append(float(np.linalg.norm(outside)))
    return min(gaps) - RADIUS


def _unit(angle: float) -> np.ndarray:
    return np.array([np.cos(angle), np.sin(angle)])
