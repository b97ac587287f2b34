"""FarDoor: TwoRoom with its door at one end, for goals that are near and far to go."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from wmpc.envs.goal_env import Filter
from wmpc.envs.tasks.two_room.task import DOOR, RADIUS, SIDE, WALL, TwoRoom

DETOUR = 3.0
"""How many times the straight distance the way is, where a goal is far."""
LONGEST = 14.0
"""Tolerances that the way is then at least: 96 of 100 recordings of 12 blocks do not go so far."""
MOUTH = np.array([WALL + RADIUS, 0.0])
"""From the middle of the door to where one may turn aside, m."""


class FarDoor(TwoRoom):
    """TwoRoom whose door is at the upper end of the wall, always. Success is TwoRoom's."""

    id = "wmpc/FarDoor-v0"
    xml = "../two_room/two_room.xml"
    fixed: ClassVar[tuple[float, float]] = (0.0, SIDE / 2 - 2 * DOOR)

    def __init__(self, image_size: int = 64, render_mode: str = "rgb_array") -> None:
        super().__init__("fixed", image_size, render_mode)
        self.apply_variation(self.model, self.variation)

    def walk(self, coordinates: np.ndarray, goal: np.ndarray, variation: np.ndarray) -> np.ndarray:
        """Measure how far it is to a goal, through the door where it lies behind the wall.

        Args:
            coordinates: (..., 2), in tolerances.
            goal: (2,), in tolerances.
            variation: (0,).

        Returns:
            (...), in tolerances.
        """
        tolerance = self.tolerances["distance_m"]
        here, there = coordinates * tolerance, goal * tolerance
        door = self.place(variation)
        side = np.where(here[..., :1] > door[0], 1.0, -1.0)
        near, far = door + side * MOUTH, door - side * MOUTH
        inside = np.abs(here[..., 0] - door[0]) < MOUTH[0]
        to_door = np.where(inside, 0.0, np.linalg.norm(near - here, axis=-1))
        through = np.linalg.norm(far - np.where(inside[..., None], here, near), axis=-1)
        around = to_door + through + np.linalg.norm(there - far, axis=-1)
        other = (there[0] > door[0]) != (here[..., 0] > door[0])
        return np.where(other, around, np.linalg.norm(there - here, axis=-1)) / tolerance

    @property
    def filters(self) -> Mapping[str, Filter]:
        """Those of TwoRoom, and `far`: a way of three times the straight distance that is
        longer than 96 of 100 recordings go."""
        return {**super().filters, "far": self._far}

    def _far(self, start: np.ndarray, goal: np.ndarray, variation: np.ndarray) -> bool:
        way = self.walk(self.coordinates(start), self.coordinates(goal), variation)
        return bool(way >= max(DETOUR * self.distance(start, goal), LONGEST))
