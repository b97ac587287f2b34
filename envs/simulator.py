"""The true dynamics of a task, as a function a planner can search in: the reference for any model.

A latent is [coordinates (C) | mjSTATE_FULLPHYSICS (P) | variation (V)], D = C + P + V numbers: the
first C, in units of the success tolerance, make the cost, and the rest is what the next step needs.
"""

import copy
import os

import mujoco
import numpy as np
from mujoco.rollout import Rollout

from wmpc.envs.goal_env import GoalEnv, Walkable, require
from wmpc.envs.measured import Measured
from wmpc.envs.observation import Observation
from wmpc.errors import WmpcError


class Simulator:
    """Steps many copies of `task` at once, in `threads` threads (None: one a core) kept alive.

    WmpcError where the task has no goals, or its actions are not the controls of its model.
    """

    def __init__(self, task: Measured, threads: int | None = None) -> None:
        self.coordinates_size = len(require(task, GoalEnv).coordinate_names)
        if not task.moves_by_controls:
            raise WmpcError(
                f"The simulator cannot plan in {task.id}: a step of it is not `frame_skip` steps "
                "of MuJoCo under the action as its controls."
            )
        threads = threads or os.cpu_count() or 1
        self._task = task
        self._pool = Rollout(nthread=threads if threads > 1 else 0)
        self._data = [mujoco.MjData(task.model) for _ in range(threads)]
        self._models: dict[bytes, mujoco.MjModel] = {}

    def start(self, observation: Observation) -> np.ndarray:
        """Make the latent from which a rollout starts.

        Args:
            observation: with `state` (S,) and, where the task has one, `variation` (V,).

        Returns:
            (D,) float64, see the module's docstring.

        Raises:
            WmpcError: the observation has no state, or none of this task.
        """
        if "state" not in observation:
            raise WmpcError("The simulator starts from the full state; this observation has none.")
        state = self._task.layout.check(observation["state"])
        varied = observation.get("variation", np.zeros(0))
        return np.concatenate(
            [self._task.coordinates(state), self._task.layout.physics(state), varied]
        )

    def walk(self, latents: np.ndarray, goal: np.ndarray) -> np.ndarray:
        """Measure how far it is to a goal by the way that there is, for a task that is `Walkable`.

        Args:
            latents: (..., D).
            goal: latent (D,).

        Returns:
            (...), in tolerances.
        """
        last = latents.shape[-1] - len(self._task.variation_names)
        here, there = (x[..., : self.coordinates_size] for x in (latents, goal))
        return require(self._task, Walkable).walk(here, there, goal[last:])

    def rollout(self, latents: np.ndarray, actions: np.ndarray) -> np.ndarray:
        """Step the task under candidate actions.

        Warm starts are not part of a latent: contacts may differ from those of `Task.step` in the
        last digits.

        Args:
            latents: (B, D), from `start`.
            actions: (B, N, H, m * A): an action of a planner is m simulator actions (A,) in the
                task's own units, one after another; they are clipped to the bounds.

        Returns:
            Latents (B, N, H, D) after each action.
        """
        batch, candidates, horizon, width = actions.shape
        size = self._task.model.nu
        substeps = width // size * self._task.frame_skip
        low, high = self._task.model.actuator_ctrlrange.T
        single = np.clip(actions.reshape(batch * candidates, -1, size), low, high)
        control = np.repeat(single.astype(np.float64), self._task.frame_skip, axis=1)

        first, last = self.coordinates_size, latents.shape[1] - len(self._task.variation_names)
        variations = latents[:, last:]
        states, _ = self._pool.rollout(
            [model for model in self._varied(variations) for _ in range(candidates)],
            self._data,
            np.repeat(latents[:, first:last], candidates, axis=0),
            control,
        )
        states = np.asarray(states)[:, substeps - 1 :: substeps]
        states = states.reshape(batch, candidates, horizon, -1)
        varied = np.broadcast_to(
            variations[:, None, None], (batch, candidates, horizon, variations.shape[1])
        )
        # Both layouts begin with time, qpos, qvel, so `coordinates` reads either.
        return np.concatenate([self._task.coordinates(states), states, varied], -1)

    def _varied(self, variations: np.ndarray) -> list[mujoco.MjModel]:
        """The task's model under each variation (B, V); those of the last call are kept."""
        keys = [np.asarray(row, np.float64).tobytes() for row in variations]
        kept, self._models = self._models, {}
        for key, row in zip(keys, variations, strict=True):
            if key not in self._models:
                self._models[key] = kept.get(key) or copy.copy(self._task.model)
                self._task.apply_variation(self._models[key], row)
        return [self._models[key] for key in keys]

    def close(self) -> None:
        """End the threads."""
        self._pool.close()
