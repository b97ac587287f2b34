"""A maze of OGBench: any free cell is start and goal, seen whole from above, its target unseen."""

from typing import Any

import numpy as np

from wmpc.envs.observation import Observation
from wmpc.envs.worlds.chance import drawing_from
from wmpc.envs.worlds.ogbench_goals import Places
from wmpc.envs.worlds.scene import hide_geom, look_from_above

WALL_CELLS = 0.8
"""What is not seen of the walls that go round a maze."""


class Maze(Places):
    """OGBench's maze, begun in any free cell; the goal is a place of the body."""

    def __init__(self, env: Any) -> None:
        seen = env.get_ob(ob_type="states").size
        super().__init__(env, {"observation": seen, "achieved_goal": 2, "desired_goal": 2})
        self.frame_skip, self.dt, self.metadata = env.frame_skip, env.dt, env.metadata
        self.distance_threshold = float(env._goal_tol)
        self._free = np.argwhere(env.maze_map == 0)
        names = [self.model.geom(index).name for index in range(self.model.ngeom)]
        if "target" in names:
            hide_geom(self.model, names.index("target"))
        rows, columns = env.maze_map.shape
        low, high = env.ij_to_xy((0, 0)), env.ij_to_xy((rows - 1, columns - 1))
        middle = (np.array(low) + high) / 2
        size = (max(rows, columns) - 2 * WALL_CELLS) * env._maze_unit
        look_from_above(self.model, float(middle[0]), float(middle[1]), size)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Begin an episode in a free cell.

        Args:
            seed: of start and goal.
            options: as OGBench takes them, such as `task_id`; None: start and goal are drawn.

        Returns:
            The observation and OGBench's info.
        """
        super().reset(seed=seed)
        if options is None:
            start, goal = (tuple(self._a_cell(self.np_random)) for _ in range(2))
            options = {"task_info": {"init_ij": start, "goal_ij": goal}}
        begin = int(self.np_random.integers(2**31))
        self._env.action_space.seed(begin)
        with drawing_from(self.np_random):
            _, info = self._env.reset(options=options, seed=begin)
        return self._get_obs(), info

    def compute_reward(self, achieved: np.ndarray, desired: np.ndarray, info: Any) -> float:
        """Tell OGBench's success of a place.

        Args:
            achieved: (2,), m.
            desired: (2,), m.
            info: not looked at.

        Returns:
            1.0 within the tolerance, else 0.0.
        """
        return float(np.linalg.norm(achieved - desired) <= self._env._goal_tol)

    def scripted_policy(self, rng: np.random.Generator) -> "Walker":
        """Make a policy that walks a point by the shortest way to one place after another.

        Args:
            rng: where all chance comes from.

        Returns:
            From an observation to an action (2,).
        """
        return Walker(self._env, self._a_cell, rng)

    def render(self) -> Any:
        """Draw as OGBench does.

        Returns:
            (H, W, 3) uint8.
        """
        return self._env.render()

    def _a_cell(self, rng: np.random.Generator) -> np.ndarray:
        return self._free[rng.integers(len(self._free))]

    def _get_obs(self) -> dict[str, np.ndarray]:
        return {
            "observation": np.array(self._env.get_ob(ob_type="states")),
            "achieved_goal": np.array(self._env.get_xy()),
            "desired_goal": np.array(self._env.cur_goal_xy, np.float64),
        }


class Walker:
    """Follows OGBench's own oracle, which knows the maze, to places, with noise that lasts."""

    KEEP, NOISE = 0.9, 0.5

    def __init__(self, env: Any, a_cell: Any, rng: np.random.Generator) -> None:
        self._env, self._a_cell = env, a_cell
        self.reset(rng)

    def reset(self, rng: np.random.Generator) -> None:
        """Begin an episode.

        Args:
            rng: where all chance of the episode comes from.
        """
        self._rng, self._noise = rng, np.zeros(2)
        self._aim()

    def __call__(self, observation: Observation) -> np.ndarray:
        """The next action (2,) float32; the environment is asked where it is."""
        env, here = self._env, np.array(self._env.get_xy())
        towards, _ = env.get_oracle_subgoal(here, self._goal)
        if env.xy_to_ij(here) == env.xy_to_ij(self._goal):
            towards = self._goal
            if np.linalg.norm(self._goal - here) < env._goal_tol:
                self._aim()
        fresh = self._rng.standard_normal(2)
        self._noise = self.KEEP * self._noise + np.sqrt(1 - self.KEEP**2) * fresh
        way = towards - here
        way = way / max(float(np.linalg.norm(way)), 1e-9)
        return np.clip(way + self.NOISE * self._noise, -1, 1).astype(np.float32)

    def _aim(self) -> None:
        place = np.array(self._env.ij_to_xy(self._a_cell(self._rng)), np.float64)
        self._goal = place + self._rng.uniform(-1, 1, 2) * self._env._maze_unit / 4
