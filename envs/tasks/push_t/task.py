"""PushT: a disc pushes a T-shaped block in the plane to a pose.

After Florence et al. (implicit behavioural cloning) and Chi et al. (diffusion policy, arXiv
2303.04137), with the test of success used by world-model papers. There, an action is the place a
controller draws the disc to; here it is the disc's velocity: bounded velocities bound how far a
block of actions reaches, so plans stay local and random actions are smooth motions.
"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from wmpc.envs.push_task import ARENA, PushTask


class PushT(PushTask):
    """One block; the arena is 2 m wide.

    Success: the four position errors of disc and block together within 4% of the arena's side
    (0.08 m) and the block's angle within 20 degrees (strict: half of both).
    """

    id = "wmpc/PushT-v0"
    xml = "push_t.xml"
    boxes = ((0.0, 0.112, 0.3, 0.08), (0.0, -0.168, 0.08, 0.2))  # bar and stem
    block_reach = 0.45  # the disc gets all around it there
    tolerances: ClassVar[Mapping[str, float]] = {
        "position_m": 0.04 * ARENA,
        "angle_rad": float(np.deg2rad(20)),
    }
    objects: ClassVar[Mapping[str, str]] = {"disc": "disc", "block": "block"}
    coordinate_names = ("disc_x", "disc_y", "block_x", "block_y", "cos_angle", "sin_angle")
    describe_names = ("disc_x_m", "disc_y_m", "block_x_m", "block_y_m", "cos_angle", "sin_angle")

    def sample_state(self, rng: np.random.Generator) -> np.ndarray:
        """Draw disc and block anywhere they can be, apart from each other, at rest.

        Args:
            rng: where all chance comes from.

        Returns:
            (S,) float64.
        """
        block = rng.uniform(-self.block_reach, self.block_reach, 2)
        angle = rng.uniform(-np.pi, np.pi)
        while True:
            disc = self.draw_disc(rng)
            if self.gap(disc, block, angle) > 0:
                return self.layout.at_rest(np.array([*disc, *block, angle]))
