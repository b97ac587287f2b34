"""PushTwo: a disc pushes two T-shaped blocks in the plane, each to its pose.

PushT with smaller blocks; see `wmpc.envs.tasks.push_t.task` for where that is from. Who moves one
block must come back for the other without undoing the first.
"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from wmpc.envs.goal_env import Filter
from wmpc.envs.push_task import ARENA, PushTask

LENGTH = 0.34
"""From a block's centre of mass to its farthest corner, at most, m."""


class PushTwo(PushTask):
    """Two blocks; the arena is 2 m wide.

    Success: the six position errors of disc and blocks together within 5% of the arena's side
    (0.1 m) and the angle of each block within 20 degrees (strict: half of both).
    """

    id = "wmpc/PushTwo-v0"
    xml = "push_two.xml"
    boxes = ((0.0, 0.082, 0.21, 0.06), (0.0, -0.118, 0.06, 0.14))  # bar and stem
    block_reach = 0.55
    tolerances: ClassVar[Mapping[str, float]] = {
        "position_m": 0.05 * ARENA,
        "angle_rad": float(np.deg2rad(20)),
    }
    objects: ClassVar[Mapping[str, str]] = {"disc": "disc", "red": "red", "green": "green"}
    coordinate_names = (
        "disc_x", "disc_y", "red_x", "red_y", "green_x", "green_y",
        "red_cos", "red_sin", "green_cos", "green_sin",
    )  # fmt: skip
    describe_names = (*(f"{name}_m" for name in coordinate_names[:6]), *coordinate_names[6:])

    def sample_state(self, rng: np.random.Generator) -> np.ndarray:
        """Draw disc and blocks anywhere they can be, apart from each other, at rest.

        Args:
            rng: where all chance comes from.

        Returns:
            (S,) float64.
        """
        while True:
            red, green = rng.uniform(-self.block_reach, self.block_reach, (2, 2))
            angles = rng.uniform(-np.pi, np.pi, 2)
            disc = self.draw_disc(rng)
            free = self.gap(disc, red, angles[0]) > 0 and self.gap(disc, green, angles[1]) > 0
            if free and np.linalg.norm(red - green) > 2 * LENGTH:
                return self.layout.at_rest(np.array([*disc, *red, angles[0], *green, angles[1]]))

    @property
    def filters(self) -> Mapping[str, Filter]:
        """`block_moved`: the goal moves or turns a block by at least twice the tolerance;
        `both_moved`: it does so with both."""
        return {
            **super().filters,
            "both_moved": lambda start, goal, _: bool(self.moved(start, goal).all()),
        }
