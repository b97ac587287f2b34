"""A scripted policy that pushes blocks about."""

from collections.abc import Callable, Sequence

import numpy as np

from wmpc.envs.observation import Observation

DISC_REACH = 0.92
"""How far from the middle the disc's centre can be, along x and y, m."""


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
        blocks: Sequence[int],
        reach: float,
    ) -> None:
        self._qpos, self._blocks, self._reach = qpos, blocks, reach
        self._away = DISC_REACH - reach  # distance from the block at which it is circled, m
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
        if np.any((np.abs(disc) > DISC_REACH - 0.02) & (disc * self._line > 0)):
            self._pushes = 0
        if self._pushes == 0:
            self._bearing = None
        return self._speed * self._line


def _unit(angle: float) -> np.ndarray:
    return np.array([np.cos(angle), np.sin(angle)])
