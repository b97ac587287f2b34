"""What stands between a world and an agent: the lens before its eye, the wire to its motors.

Noise is a function of the seed and the simulator's state, so an observation stays a function of
the state, and an episode replayed is the same to the bit.
"""

import zlib
from collections import deque
from collections.abc import Callable
from typing import Protocol

import numpy as np

from wmpc.errors import WmpcError

Lens = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""picture (H, W, 3) uint8, state (S,) -> what is seen of it (H, W, 3) uint8."""


class Wire(Protocol):
    """From the action an agent commands to the one that arrives."""

    def reset(self) -> None:
        """Forget what was commanded before."""
        ...

    def __call__(self, action: np.ndarray, state: np.ndarray) -> np.ndarray:
        """The command (A,) in a state (S,) -> what arrives (A,)"""
        ...


def picture_noise(magnitude: float, seed: int) -> Lens:
    """Make a lens that adds normal noise.

    Args:
        magnitude: its standard deviation in grey levels (of 255).
        seed: with the state, decides the noise.

    Returns:
        From a picture and its state to what is seen of it.
    """

    def lens(picture: np.ndarray, state: np.ndarray) -> np.ndarray:
        noise = _rng(seed, state).normal(0, magnitude, picture.shape)
        return np.clip(np.rint(picture + noise), 0, 255).astype(np.uint8)

    return lens


def occlusion(magnitude: float, seed: int) -> Lens:
    """Make a lens that covers a part of the picture with a grey rectangle of the picture's own
    shape.

    It stays where it is, like dirt on the glass.

    Args:
        magnitude: share of the picture's area, 0 to 1.
        seed: decides where it is.

    Returns:
        From a picture and its state to what is seen of it.
    """
    across, down = np.random.default_rng(seed).uniform(size=2)

    def lens(picture: np.ndarray, state: np.ndarray) -> np.ndarray:
        H, W, _ = picture.shape
        h, w = (round(np.sqrt(magnitude) * side) for side in (H, W))
        y, x = round(down * (H - h)), round(across * (W - w))
        covered = picture.copy()
        covered[y : y + h, x : x + w] = 127
        return covered

    return lens


class ActionLatency:
    """Actions `found` (indices) arrive `magnitude` simulator actions late; before them, zeros."""

    def __init__(self, found: list[int], magnitude: float) -> None:
        self._found, self._late = found, int(magnitude)
        self.reset()

    def reset(self) -> None:
        """Nothing is on its way."""
        self._sent: deque[np.ndarray] = deque()

    def __call__(self, action: np.ndarray, state: np.ndarray) -> np.ndarray:
        """What was commanded `magnitude` actions ago."""
        self._sent.append(action.copy())
        arriving = action.copy()
        arriving[self._found] = 0
        if len(self._sent) > self._late:
            arriving[self._found] = self._sent.popleft()[self._found]
        return arriving


class ActionNoise:
    """Adds normal noise to the actions `found`, kept within bounds low, high (A,).

    `magnitude` is its standard deviation in halves of the bounds' range.
    """

    def __init__(
        self, found: list[int], magnitude: float, seed: int, low: np.ndarray, high: np.ndarray
    ) -> None:
        if not (np.isfinite(low).all() and np.isfinite(high).all()):
            raise WmpcError("Action noise is a share of the actions' range, which has no end here.")
        self._found, self._seed, self._low, self._high = found, seed, low, high
        self._spread = magnitude * (high - low) / 2

    def reset(self) -> None:
        """It remembers nothing."""

    def __call__(self, action: np.ndarray, state: np.ndarray) -> np.ndarray:
        """The command and the noise of this state."""
        noise = _rng(self._seed, state).standard_normal(action.shape) * self._spread
        arriving = action.copy()
        arriving[self._found] += noise[self._found]
        return np.clip(arriving, self._low, self._high).astype(action.dtype)


def _rng(seed: int, state: np.ndarray) -> np.random.Generator:
    return np.random.default_rng([seed, zlib.crc32(np.ascontiguousarray(state).tobytes())])
