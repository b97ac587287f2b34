"""The robot arm of OGBench that moves cubes, begun and driven as its own play data are.

Goal and success are not marked. Of the arm what collides is drawn, in place of its fine meshes,
which take ten times as long: `drawn_by=gymnasium` draws as OGBench's visual tasks do, at 3 pictures
a second.
"""

import warnings
from importlib import import_module
from typing import Any

import mujoco
import numpy as np

from wmpc.envs.observation import Observation
from wmpc.envs.worlds.chance import drawing_from
from wmpc.envs.worlds.ogbench_goals import Places
from wmpc.envs.worlds.packages import plain
from wmpc.envs.worlds.scene import hide_geom

REACHED_M = 0.04
"""OGBench's tolerance of a cube's place, `CubeEnv._compute_successes`."""
COLLIDING = 3
"""The group of geoms that collide and are not drawn otherwise."""
FACES = 2000
"""More of a mesh are not drawn."""
ARM, PAD = (0.55, 0.6, 0.65, 1.0), (0.61, 0.28, 0.82, 1.0)
SETTINGS = {
    "mode": "data_collection",
    "ob_type": "pixels",
    "visualize_info": False,
    "width": 64,
    "height": 64,
}


def make_cube(env_id: str, kwargs: dict[str, Any]) -> "Cube":
    """Make cubes.

    Args:
        env_id: its id.
        kwargs: what its constructor takes.

    Returns:
        An environment whose goals are places of the cubes.
    """
    nothing = np.zeros((1, 1, 3), np.uint8)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its bounds of actions lose precision, which is none
        env = plain(env_id, {**SETTINGS, **kwargs})
        env.get_pixel_observation = lambda: nothing  # OGBench would draw in each reset and step
        env.reset(seed=0)  # compiles the model, of its visual tasks
        env._ob_type = "states"
        if kwargs.get("render_mode") is None:
            _simplify(env.model)
        return Cube(env)


def _simplify(model: mujoco.MjModel) -> None:
    """Show the shapes that collide, and of meshes those of few faces, none transparent."""
    for index in range(model.ngeom):
        mesh = model.geom_dataid[index]
        if mesh >= 0:
            if model.mesh_facenum[mesh] > FACES:
                hide_geom(model, index)
            elif (material := model.geom_matid[index]) >= 0:
                model.mat_rgba[material, 3] = 1.0
        elif model.geom_group[index] == COLLIDING and not model.geom(index).name.startswith("wall"):
            pad = "pad" in model.geom(index).name
            model.geom_group[index] = 0
            model.geom_rgba[index] = PAD if pad else ARM


class Cube(Places):
    """OGBench's cubes, put into states. A step begins from places that follow from the state."""

    distance_threshold = REACHED_M

    def __init__(self, env: Any) -> None:
        goals = 3 * env._num_cubes
        seen = env.compute_observation().size
        super().__init__(env, {"observation": seen, "achieved_goal": goals, "desired_goal": goals})
        self.frame_skip, self.dt = env._n_steps, env.control_timestep()

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Begin an episode as OGBench's play data do: arm and cubes anywhere.

        Args:
            seed: of arm, cubes and target.
            options: as OGBench takes them.

        Returns:
            The observation and OGBench's info.
        """
        super().reset(seed=seed)
        _, info = self._env.reset(options=options, seed=seed)
        return self._get_obs(), info

    def compute_reward(self, achieved: np.ndarray, desired: np.ndarray, info: Any) -> float:
        """Tell OGBench's success of places of the cubes.

        Args:
            achieved: (3 n,), m.
            desired: (3 n,), m.
            info: not looked at.

        Returns:
            1.0 where each cube is within the tolerance, else 0.0.
        """
        off = np.linalg.norm((achieved - desired).reshape(-1, 3), axis=-1)
        return float((off <= REACHED_M).all())

    def scripted_policy(self, rng: np.random.Generator) -> "Mover":
        """Make OGBench's own scripted oracle, which takes one cube after another to a place.

        Args:
            rng: where all chance comes from.

        Returns:
            From an observation to an action (5,).
        """
        return Mover(self._env, rng)

    def render(self) -> Any:
        """Draw as OGBench does.

        Returns:
            (H, W, 3) uint8.
        """
        return self._env.render(camera="front_pixels")

    def _get_obs(self) -> dict[str, np.ndarray]:
        # A step leaves places one behind positions, and the next action is taken from places.
        mujoco.mj_kinematics(self.model, self.data)
        mujoco.mj_rnePostConstraint(self.model, self.data)  # the contact it feels
        env = self._env
        cubes = [self.data.joint(f"object_joint_{i}").qpos[:3] for i in range(env._num_cubes)]
        goals = [self.data.mocap_pos[index] for index in env._cube_target_mocap_ids]
        return {
            "observation": np.array(env.compute_observation()),
            "achieved_goal": np.concatenate(cubes),
            "desired_goal": np.concatenate(goals),
        }


class Mover:
    """`ogbench.manipspace.oracles`, with the noise of OGBench's play data."""

    def __init__(self, env: Any, rng: np.random.Generator) -> None:
        oracles = import_module("ogbench.manipspace.oracles.plan.cube_plan")
        self._env = env
        self._oracle = oracles.CubePlanOracle(_Itself(env))
        self.reset(rng)

    def reset(self, rng: np.random.Generator) -> None:
        """Begin an episode.

        Args:
            rng: where all chance of the episode comes from.
        """
        self._rng, self._begun = rng, False

    def __call__(self, observation: Observation) -> np.ndarray:
        """The next action (5,) float32; the environment is asked how things stand."""
        with drawing_from(self._rng):
            if not self._begun or self._oracle.done:
                if self._begun:
                    self._env.set_new_target(return_info=False)
                self._oracle.reset(None, self._env.compute_ob_info())
                self._begun = True
            action = self._oracle.select_action(None, self._env.compute_ob_info())
        return np.clip(action, -1, 1).astype(np.float32)


class _Itself:
    """What the oracles want: an environment that is unwrapped already."""

    def __init__(self, env: Any) -> None:
        self.unwrapped = env
