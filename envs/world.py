"""What every environment of this package is: MuJoCo seen through a picture.

An observation is a pure function of the full state (and the variation), so any state ever visited
can be observed again, as a goal or in a replay, with the same bits.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import gymnasium
import mujoco
import numpy as np
from gymnasium.spaces import Box, Dict

from wmpc.envs.layout import StateLayout
from wmpc.envs.observation import Observation
from wmpc.envs.rendering import Renderer, RenderSettings
from wmpc.errors import WmpcError

if TYPE_CHECKING:
    from wmpc.envs.shift.senses import Lens, Wire


class World(gymnasium.Env[Any, np.ndarray], ABC):
    """A MuJoCo model with pixels, proprioception and exact saving and restoring.

    `settings` say how it is drawn. Subclasses give what is abstract here, and gymnasium's `reset`.
    """

    metadata: dict[str, Any] = {"render_modes": ["rgb_array"]}  # noqa: RUF012 (gymnasium's type)
    action_space: Box  # pyright: ignore[reportIncompatibleVariableOverride]
    id: str
    describe_names: tuple[str, ...]
    variation_names: tuple[str, ...] = ()
    objects: ClassVar[Mapping[str, str]] = {}
    """Things that move: a name of each, and the pattern of its body's name."""
    walls: ClassVar[str | None] = None
    """Pattern of the bodies that nothing passes through, where there are any."""

    def __init__(
        self, model: mujoco.MjModel, data: mujoco.MjData, settings: RenderSettings, dt: float
    ) -> None:
        self.model, self.data = model, data
        self.layout = StateLayout(model)
        self._view = mujoco.MjData(model)  # pictures are drawn from here, never from `data`
        self._begin(settings, dt)

    def _begin(self, settings: RenderSettings, dt: float) -> None:
        """Set what has nothing to do with MuJoCo."""
        self.settings = settings
        self.dt = dt
        """Seconds of one simulator action."""
        self.render_mode = "rgb_array"
        self.metadata = {**self.metadata, "render_fps": round(1 / dt)}
        self.variation = np.zeros(len(self.variation_names))
        """(V,), what was changed in the model."""
        self.lenses: list[Lens] = []
        """What every picture is seen through; see `wmpc.envs.shift`."""
        self.wires: list[Wire] = []
        """What every action goes through before it is applied."""
        self._renderer: Renderer | None = None

    @property
    def render_settings(self) -> dict[str, Any]:
        """Everything the pixels depend on beside the state, as plain JSON values."""
        return self.settings.as_dict()

    @abstractmethod
    def proprio(self, state: np.ndarray) -> np.ndarray:
        """Compute what the body feels in a state.

        Args:
            state: (S,) float64.

        Returns:
            (P,) float32.
        """

    @abstractmethod
    def describe(self, states: np.ndarray) -> np.ndarray:
        """Compute the meaningful variables of states.

        Args:
            states: (..., S) float64.

        Returns:
            (..., F), named `describe_names`.
        """

    @property
    def moves_by_controls(self) -> bool:
        """Whether an action is the model's controls, as whoever steps the model alone supposes."""
        return True

    def apply_variation(self, model: mujoco.MjModel, variation: np.ndarray) -> None:
        """Change a model as a variation says. Overridden where there is one.

        Args:
            model: changed in place.
            variation: (V,) float64.
        """

    def get_state(self) -> np.ndarray:
        """Copy the full present state; `variation` is kept beside it.

        Returns:
            (S,) float64, `mjSTATE_INTEGRATION`.
        """
        return self.layout.read(self.data)

    def set_state(self, state: np.ndarray, variation: np.ndarray | None = None) -> None:
        """Restore a state exactly.

        Args:
            state: (S,).
            variation: (V,); None: the present one stays.

        Raises:
            WmpcError: a size is wrong, or an entry is not finite.
        """
        state = self.layout.check(state)
        if variation is not None:
            self.variation = self._check_variation(variation)
            self.apply_variation(self.model, self.variation)
        self.layout.write(self.data, state)
        for wire in self.wires:
            wire.reset()

    def observe_state(self, state: np.ndarray, variation: np.ndarray | None = None) -> Observation:
        """Give what would be seen in a state. The episode is not disturbed.

        Args:
            state: (S,).
            variation: (V,); None: the present one.

        Returns:
            `pixels`, `proprio`, `state` and, where the world has one, `variation`.
        """
        observation = {
            "pixels": self.render_state(state, variation),
            "proprio": self.proprio(state),
            "state": np.array(state, np.float64),
        }
        if self.variation_names:
            chosen = self.variation if variation is None else variation
            observation["variation"] = np.array(chosen, np.float64)
        return observation

    def render_state(self, state: np.ndarray, variation: np.ndarray | None = None) -> np.ndarray:
        """Draw a state. The episode is not disturbed.

        Args:
            state: (S,).
            variation: (V,); None: the present one.

        Returns:
            (H, W, 3) uint8, seen through the `lenses`.
        """
        state = self.layout.check(state)
        if self._renderer is None:
            self._renderer = Renderer(self.model, self.settings)
        if variation is not None:
            self.apply_variation(self.model, self._check_variation(variation))
        mujoco.mj_setState(self.model, self._view, state, mujoco.mjtState.mjSTATE_INTEGRATION.value)
        mujoco.mj_fwdKinematics(self.model, self._view)
        picture = self._renderer.render(self._view)
        if variation is not None:
            self.apply_variation(self.model, self.variation)
        for lens in self.lenses:
            picture = lens(picture, state)
        return picture

    def render(self) -> np.ndarray:  # type: ignore[override]
        """Draw the present state.

        Returns:
            (H, W, 3) uint8.
        """
        return self.render_state(self.get_state())

    def close(self) -> None:
        """Free the renderer; a later picture makes a new one."""
        if self._renderer is not None:
            self._renderer.close()
            self._renderer = None

    @abstractmethod
    def advance(self, action: np.ndarray) -> dict[str, Any]:
        """Apply one action without looking.

        Args:
            action: (A,), clipped to the bounds.

        Returns:
            Info with `action` (what was applied) and `failure` (None, or why the simulation can no
            longer be trusted).
        """

    def _admit(self, action: np.ndarray) -> tuple[np.ndarray, str | None]:
        """The action (A,) float32 within the bounds, and a reason if it cannot be applied."""
        action = np.asarray(action, np.float32)
        if action.shape != self.action_space.shape:
            raise WmpcError(
                f"An action of shape {action.shape} came; {self.id} takes {self.action_space.shape}"
                f" within {self.action_space.low} and {self.action_space.high}."
            )
        if not np.isfinite(action).all():
            return action, f"action not finite: {action}"
        return np.clip(action, self.action_space.low, self.action_space.high), None

    def _arriving(self, action: np.ndarray) -> np.ndarray:
        """What the motors get of an admitted action (A,)."""
        for wire in self.wires:
            action = wire(action, self.get_state())
        return action

    def _observation_space(self) -> Dict:
        picture = (self.settings.height, self.settings.width, 3)
        spaces: dict[str, Any] = {
            "pixels": Box(0, 255, picture, np.uint8),
            "proprio": Box(-np.inf, np.inf, self.proprio(self.get_state()).shape, np.float32),
            "state": Box(-np.inf, np.inf, self.get_state().shape, np.float64),
        }
        if self.variation_names:
            spaces["variation"] = Box(-np.inf, np.inf, self.variation.shape, np.float64)
        return Dict(spaces)

    def _check_variation(self, variation: np.ndarray) -> np.ndarray:
        variation = np.array(variation, np.float64)
        if variation.shape != (len(self.variation_names),) or not np.isfinite(variation).all():
            raise WmpcError(
                f"A variation {variation} came; {self.id} takes {len(self.variation_names)} finite "
                f"numbers {self.variation_names}."
            )
        return variation
