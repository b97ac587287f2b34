"""Any gymnasium MuJoCo environment, seen as this package sees its own: pixels, exact states.

Such an environment has a reward of its own but no goal and no test of success.
"""

from typing import Any

import gymnasium
import mujoco
import numpy as np
from gymnasium.spaces import Box, flatten
from PIL import Image

from wmpc.envs.foreign import blamed, not_mujoco
from wmpc.envs.goal_env import GoalEnv, require
from wmpc.envs.layout import INTEGRATION, trouble
from wmpc.envs.observation import Observation
from wmpc.envs.rendering import RenderSettings
from wmpc.envs.world import World
from wmpc.envs.worlds.packages import make_env
from wmpc.errors import WmpcError


class GymnasiumTask(World):
    """`gymnasium.make(env_id, **kwargs)` without its wrappers (no time limit), drawn by us.

    `camera` is a name or index in its model, -1 the free camera around it; None: the first camera,
    or the free one. With `drawn_by="gymnasium"` pictures are those of its own `render()`, averaged
    down to `image_size`, as recordings made elsewhere have them: slower. `proprio` is the
    environment's own observation, flattened. WmpcError if there is no such environment, or it is
    not one of MuJoCo with continuous actions.
    """

    def __init__(
        self,
        env_id: str,
        image_size: int = 64,
        camera: str | int | None = None,
        drawn_by: str = "wmpc",
        **kwargs: Any,
    ) -> None:
        if drawn_by not in ("wmpc", "gymnasium"):
            raise WmpcError(f"drawn_by={drawn_by!r} came; pictures are drawn by wmpc or gymnasium.")
        if drawn_by == "gymnasium":
            kwargs = {"width": image_size, "height": image_size, **kwargs}
            kwargs["render_mode"] = "rgb_array"
        env = make_env(env_id, **kwargs)
        if not isinstance(getattr(env, "model", None), mujoco.MjModel):
            raise not_mujoco(env_id, env)
        if not isinstance(env.action_space, Box) or not hasattr(env, "_get_obs"):
            raise WmpcError(f"{env_id} needs a Box of actions and `_get_obs`; it lacks one.")
        self._take(env)
        self.id = env_id
        self.drawn_by = drawn_by
        if camera is None:
            camera = 0 if env.model.ncam else -1
        dt = float(getattr(env, "dt", env.model.opt.timestep * getattr(env, "frame_skip", 1)))
        settings = RenderSettings(image_size, image_size, camera)
        super().__init__(env.model, env.data, settings, dt)
        with blamed(f"{env_id} cannot be reset"):
            env.reset(seed=0)
        if self._redrawn is not None:
            self.variation = self._redrawn.read(env.model)
        if drawn_by == "gymnasium":
            # It may aim its camera by what it draws first: let that be always the same.
            with blamed(f"{env_id} cannot draw itself"):
                env.render()
        self._rest = self.layout.at_rest(env.model.qpos0)
        self.action_space = env.action_space
        with blamed(f"{env_id} cannot be observed"):
            self.observation_space = self._observation_space()
        self.describe_names = tuple(
            f"{kind}[{index}]"
            for kind, count in (("qpos", env.model.nq), ("qvel", env.model.nv))
            for index in range(count)
        )

    def _take(self, env: Any) -> None:
        """Keep the environment, its script where it has one, and what it draws anew."""
        self._env = env
        self._redrawn = getattr(env, "redrawn", None)
        if self._redrawn is not None:
            self.variation_names = self._redrawn.names
        if callable(script := getattr(env, "scripted_policy", None)):
            self.scripted_policy = script

    @property
    def judges_itself(self) -> bool:
        """Whether it has goals in its observations and tests them by `compute_reward`."""
        spaces = getattr(self._env.observation_space, "spaces", {})
        known = {"achieved_goal", "desired_goal"} <= {*spaces}
        return known and callable(getattr(self._env, "compute_reward", None))

    @property
    def moves_by_controls(self) -> bool:
        """Whether a step does to positions what `frame_skip` MuJoCo steps under the action do."""
        space, skip = self.action_space, int(getattr(self._env, "frame_skip", 1))
        if (
            space.shape != (self.model.nu,)
            or getattr(self._env, "moves_by_controls", None) is False
        ):
            return False
        present, ends = self.get_state(), []
        action = (space.low + 0.7 * (space.high - space.low)).astype(np.float32)
        self._env.step(action)
        ends.append(self.data.qpos.copy())
        self._put(present)
        self.data.ctrl[:] = action
        mujoco.mj_step(self.model, self.data, skip)
        ends.append(self.data.qpos.copy())
        self._put(present)
        return bool(np.allclose(*ends, rtol=0, atol=1e-6))

    @property
    def render_settings(self) -> dict[str, Any]:
        """Everything the pixels depend on beside the state, as plain JSON values."""
        if self.drawn_by == "wmpc":
            return super().render_settings
        size = {"width": self.settings.width, "height": self.settings.height}
        return {**size, "drawn_by": "gymnasium", "gymnasium": gymnasium.__version__}

    def render_state(self, state: np.ndarray, variation: np.ndarray | None = None) -> np.ndarray:
        """Draw a state. The episode is not disturbed.

        Args:
            state: (S,).
            variation: (V,); None: the present one.

        Returns:
            (H, W, 3) uint8.
        """
        if self.drawn_by == "wmpc":
            return super().render_state(state, variation)
        present = self.get_state()
        if variation is not None:
            self.apply_variation(self.model, self._check_variation(variation))
        self._put(self.layout.check(state))
        picture = np.asarray(self._env.render())
        self.apply_variation(self.model, self.variation)
        self._put(present)
        size = (self.settings.width, self.settings.height)
        if picture.shape[:2] != size[::-1]:
            image = Image.fromarray(picture).resize(size, Image.Resampling.BOX)
            picture = np.asarray(image)
        for lens in self.lenses:
            picture = lens(picture, state)
        return picture

    def state_of(self, qpos: np.ndarray, qvel: np.ndarray) -> np.ndarray:
        """Make a state of positions and velocities: what recordings of others allow to restore.

        Args:
            qpos: (nq,).
            qvel: (nv,).

        Returns:
            (S,) float64, at time 0 and with no control.

        Raises:
            WmpcError: the model has other sizes.
        """
        qpos, qvel = np.asarray(qpos, np.float64), np.asarray(qvel, np.float64)
        if qpos.shape != (self.model.nq,) or qvel.shape != (self.model.nv,):
            raise WmpcError(
                f"qpos {qpos.shape} and qvel {qvel.shape} came; {self.id} has ({self.model.nq},) "
                f"and ({self.model.nv},)."
            )
        state = self._rest.copy()
        state[1 : 1 + self.model.nq] = qpos
        state[1 + self.model.nq : 1 + self.model.nq + self.model.nv] = qvel
        return state

    def proprio(self, state: np.ndarray) -> np.ndarray:
        """Compute the environment's own observation of a state.

        Args:
            state: (S,) float64.

        Returns:
            (P,) float32, flattened.
        """
        present = self.get_state()
        self._put(state)
        observation = flatten(self._env.observation_space, self._env._get_obs())
        self._put(present)
        return np.asarray(observation, np.float32)

    def describe(self, states: np.ndarray) -> np.ndarray:
        """Read positions and velocities.

        Args:
            states: (..., S) float64.

        Returns:
            (..., nq + nv).
        """
        return np.concatenate([self.layout.qpos(states), self.layout.qvel(states)], -1)

    def apply_variation(self, model: mujoco.MjModel, variation: np.ndarray) -> None:
        """Put into a model what the environment draws anew at each reset.

        Args:
            model: changed in place.
            variation: (V,) float64.
        """
        if self._redrawn is not None:
            self._redrawn.write(model, variation)

    def set_state(self, state: np.ndarray, variation: np.ndarray | None = None) -> None:
        """Restore a state exactly, with all that the environment derives from it.

        Args:
            state: (S,).
            variation: (V,); None: the present one stays.
        """
        super().set_state(state, variation)
        self._put(state)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begin an episode.

        Args:
            seed: of the environment's own reset; None: its generator goes on.
            options: may give a `state` (S,) and, where it has one, a `variation` (V,), without
                which a given state keeps the present one; others go to the environment.

        Returns:
            The first observation, and the environment's info.

        Raises:
            WmpcError: a goal is among the options, or a variation that it does not have.
        """
        given = dict(options or {})
        state, variation = given.pop("state", None), given.pop("variation", None)
        if given.pop("goal_state", None) is not None or (
            variation is not None and not self.variation_names
        ):
            require(self, GoalEnv)
        super().reset(seed=seed)
        before = self.variation
        _, info = self._env.reset(seed=seed, options=given or None)
        if variation is None and self._redrawn is not None:
            variation = self._redrawn.read(self.model) if state is None else before
        self.set_state(self.get_state() if state is None else state, variation)
        return self.observe_state(self.get_state()), info

    def step(self, action: np.ndarray) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Apply one action and look.

        Args:
            action: (A,), clipped to the bounds.

        Returns:
            The observation, the environment's own reward, whether it ended or failed, whether it
            was truncated, and the info of `advance`.
        """
        info = self.advance(action)
        ended = bool(info["terminated"] or info["failure"])
        observation = self.observe_state(self.get_state())
        return observation, info["reward"], ended, info["truncated"], info

    def advance(self, action: np.ndarray) -> dict[str, Any]:
        """Apply one action without looking.

        Args:
            action: (A,), clipped to the bounds.

        Returns:
            The environment's info with `reward`, `terminated`, `truncated`, `action` (what was
            applied) and `failure` (None, or why the simulation can no longer be trusted).
        """
        applied, failure = self._admit(action)
        info: dict[str, Any] = {"reward": 0.0, "terminated": False, "truncated": False}
        if failure is None:
            _, reward, terminated, truncated, own = self._env.step(self._arriving(applied))
            info = {"reward": float(reward), "terminated": terminated, "truncated": truncated}
            info |= {name: value for name, value in own.items() if name not in info}
            failure = self._trouble()
        return {**info, "action": applied, "failure": failure}

    def close(self) -> None:
        """Free the renderer and the environment."""
        super().close()
        self._env.close()

    def _trouble(self) -> str | None:
        return trouble(self.data)

    def _put(self, state: np.ndarray) -> None:
        """Restore a state with all that is derived from it, as `_get_obs` may read any of it."""
        mujoco.mj_setState(self.model, self.data, state, INTEGRATION)
        mujoco.mj_forward(self.model, self.data)  # changes nothing of the state
