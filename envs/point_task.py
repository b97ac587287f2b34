"""What tasks of a point that moves in the plane have in common."""

import numpy as np

from wmpc.envs.task import Task


class PointTask(Task):
    """Two joints, x and y, are all that moves; a goal is a place, its tolerance `distance_m`."""

    coordinate_names = ("x", "y")
    describe_names = ("x_m", "y_m", "x_m_per_s", "y_m_per_s")

    def errors(self, state: np.ndarray, goal_state: np.ndarray) -> dict[str, float]:
        """Measure the straight distance to the goal.

        Args:
            state: (S,) float64.
            goal_state: (S,) float64.

        Returns:
            `distance_m`.
        """
        offset = self.layout.qpos(state) - self.layout.qpos(goal_state)
        return {"distance_m": float(np.linalg.norm(offset))}

    def coordinates(self, states: np.ndarray) -> np.ndarray:
        """Give the position in units of the tolerance.

        Args:
            states: (..., S) float64.

        Returns:
            (..., 2), named `coordinate_names`.
        """
        return self.layout.qpos(states) / self.tolerances["distance_m"]
