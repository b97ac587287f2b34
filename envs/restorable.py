"""Gymnasium environments that are not MuJoCo, but have `get_state` and `set_state`."""

from typing import Any

import numpy as np
from gymnasium.spaces import Box
from PIL import Image

from wmpc.envs.foreign import blamed
from wmpc.envs.gymnasium_adapter import GymnasiumTask
from wmpc.envs.gymnasium_goals import GymnasiumGoalTask
from wmpc.envs.own_success import OwnSuccessTask
from wmpc.envs.rendering import RenderSettings
from wmpc.envs.worlds.packages import make_env
from wmpc.errors import WmpcError


class RestorableTask(GymnasiumTask):
    """`gymnasium.make(env_id, render_mode="rgb_array", **kwargs)`, drawn by its own `render()`.

    `get_state()` gives numbers of any shape, all that the next step depends on, and
    `set_state(numbers)` puts it there. Pictures are averaged down to `image_size`. `proprio` is
    `_get_obs()`, flattened, where it has one, else the state. A second of it is
    `metadata["render_fps"]` actions, 10 where it does not say. WmpcError where something of this is
    missing.
    """

    def __init__(self, env_id: str, image_size: int = 64, **kwargs: Any) -> None:
        kwargs = {**kwargs, "render_mode": "rgb_array"}
        env = make_env(env_id, **kwargs)
        if not isinstance(env.action_space, Box):
            raise WmpcError(f"{env_id} needs a Box of actions; it has {env.action_space}.")
        self._take(env)
        self.id = env_id
        self.action_space = env.action_space
        with blamed(f"{env_id} cannot be reset"):
            env.reset(seed=0)
        self._shape = np.shape(env.get_state())
        self._begin(
            RenderSettings(image_size, image_size, -1),
            1.0 / float(env.metadata.get("render_fps") or 10),
        )
        self.describe_names = tuple(f"state[{i}]" for i in range(self.get_state().size))
        with blamed(f"{env_id} cannot be observed"):
            self.observation_space = self._observation_space()

    @property
    def moves_by_controls(self) -> bool:
        """No: there is no MuJoCo model of it."""
        return False

    @property
    def render_settings(self) -> dict[str, Any]:
        """Everything the pixels depend on beside the state, as plain JSON values."""
        size = {"width": self.settings.width, "height": self.settings.height}
        return {**size, "drawn_by": self.id}

    def get_state(self) -> np.ndarray:
        """Copy the full present state.

        Returns:
            (S,) float64.

        Raises:
            WmpcError: what `get_state` gives is no numbers.
        """
        given = self._env.get_state()
        try:
            return np.array(given, np.float64).reshape(-1)
        except (TypeError, ValueError) as error:
            raise WmpcError(
                f"get_state of {self.id} gives {str(given)[:80]}; it must give numbers."
            ) from error

    def set_state(self, state: np.ndarray, variation: np.ndarray | None = None) -> None:
        """Restore a state.

        Args:
            state: (S,).
            variation: (0,) or None: there is none.
        """
        self._put(self._checked(state))
        for wire in self.wires:
            wire.reset()

    def render_state(self, state: np.ndarray, variation: np.ndarray | None = None) -> np.ndarray:
        """Draw a state. The episode is not disturbed.

        Args:
            state: (S,).
            variation: (0,) or None: there is none.

        Returns:
            (H, W, 3) uint8.

        Raises:
            WmpcError: what `render` gives is no picture.
        """
        present = self.get_state()
        self._put(self._checked(state))
        picture = np.asarray(self._env.render())
        self._put(present)
        if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3:
            raise WmpcError(
                f"render of {self.id} gives {picture.dtype} {picture.shape}; it must give "
                "(H, W, 3) uint8, as with render_mode='rgb_array'."
            )
        size = (self.settings.width, self.settings.height)
        if picture.shape[:2] != size[::-1]:
            image = Image.fromarray(picture).resize(size, Image.Resampling.BOX)
            picture = np.asarray(image)
        for lens in self.lenses:
            picture = lens(picture, state)
        return picture

    def proprio(self, state: np.ndarray) -> np.ndarray:
        """Compute the environment's own observation of a state, or the state where it gives none.

        Args:
            state: (S,) float64.

        Returns:
            (P,) float32, flattened.
        """
        if not hasattr(self._env, "_get_obs"):
            return np.asarray(state, np.float32)
        return super().proprio(state)

    def describe(self, states: np.ndarray) -> np.ndarray:
        """Give the numbers of states as they are.

        Args:
            states: (..., S) float64.

        Returns:
            (..., S), named `describe_names`.
        """
        return np.asarray(states, np.float64)

    def state_of(self, qpos: np.ndarray, qvel: np.ndarray) -> np.ndarray:
        """Refuse positions and velocities.

        Args:
            qpos: whatever.
            qvel: whatever.

        Returns:
            Never.

        Raises:
            WmpcError: always.
        """
        raise WmpcError(f"{self.id} is no MuJoCo environment: it has no qpos and qvel.")

    def close(self) -> None:
        """Free the environment."""
        self._env.close()

    def _put(self, state: np.ndarray) -> None:
        self._env.set_state(np.array(state, np.float64).reshape(self._shape))

    def _trouble(self) -> str | None:
        return None if np.isfinite(self.get_state()).all() else "its state is not finite"

    def _checked(self, state: np.ndarray) -> np.ndarray:
        state = np.asarray(state, np.float64)
        if state.shape != (len(self.describe_names),) or not np.isfinite(state).all():
            raise WmpcError(
                f"A state {state.shape} came; {self.id} has {len(self.describe_names)} finite "
                "numbers, as `get_state` gives them."
            )
        return state


class RestorableGoalTask(GymnasiumGoalTask, RestorableTask):
    """A `RestorableTask` whose goals are its recorded states: `{state0: 0.1}` says what counts."""

    def _turning(self) -> np.ndarray:
        """None: nothing tells which numbers are angles."""
        return np.zeros(0, np.int64)


class RestorableOwnSuccessTask(OwnSuccessTask, RestorableTask):
    """A `RestorableTask` whose goals are its recorded states, judged by its `compute_reward`."""

    def __init__(self, env_id: str, success: str, **kwargs: Any) -> None:
        if success != "reward":
            raise WmpcError(
                f"success={success!r} came; {env_id} is not MuJoCo: give success=reward, where it "
                "has compute_reward, or tolerances."
            )
        super().__init__(env_id, success=success, **kwargs)

    def _observed(self, state: np.ndarray) -> dict[str, Any]:
        present = self.get_state()
        self._put(self._checked(state))
        seen = {name: np.array(value) for name, value in self._env._get_obs().items()}
        self._put(present)
        return seen
