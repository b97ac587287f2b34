"""ClutteredReacher: Reacher among things that look like it, lie elsewhere in each episode and never
move."""

import mujoco
import numpy as np

from wmpc.envs.tasks.reacher.task import Reacher

COUNT = 3
FARTHEST = 0.95
"""Of the middle of a thing from the arm's base, m; the picture ends at 1.1."""
HEIGHT = 0.06
"""Of its axis above the floor, m: below the arm, so that it hides nothing of it."""


class ClutteredReacher(Reacher):
    """Reacher, and three capsules as large as its links and of their colours, anew in each episode.

    Success is Reacher's. Goals are seen with the things where they are in the episode.
    """

    id = "wmpc/ClutteredReacher-v0"
    xml = "cluttered_reacher.xml"
    variation_names = tuple(f"{name}{i}" for i in range(COUNT) for name in ("x_m", "y_m", "rad"))

    def sample_variation(self, rng: np.random.Generator) -> np.ndarray:
        """Draw where the things lie, uniformly over a disc, turned at random.

        Args:
            rng: where all chance comes from.

        Returns:
            (9,): x and y, m, and the angle, rad, of each.
        """
        far = FARTHEST * np.sqrt(rng.uniform(size=COUNT))
        where = rng.uniform(-np.pi, np.pi, COUNT)
        angle = rng.uniform(-np.pi / 2, np.pi / 2, COUNT)
        return np.stack([far * np.cos(where), far * np.sin(where), angle], 1).ravel()

    def apply_variation(self, model: mujoco.MjModel, variation: np.ndarray) -> None:
        """Put the things where they lie.

        Args:
            model: changed in place.
            variation: (9,), see `sample_variation`.
        """
        for i, (x, y, angle) in enumerate(variation.reshape(COUNT, 3)):
            body = model.body(f"clutter{i}")
            body.pos[:] = x, y, HEIGHT
            body.quat[:] = np.cos(angle / 2), 0, 0, np.sin(angle / 2)
