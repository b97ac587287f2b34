"""A tiny world in numpy: a dot in a square, pushed about. It can be set to a state by methods."""

import gymnasium
import numpy as np
from gymnasium.spaces import Box


class Dot(gymnasium.Env):
    """Its state is place and speed, (2, 2)."""

    metadata = {"render_modes": ["rgb_array"], "render_fps": 50}  # noqa: RUF012

    def __init__(self, render_mode=None):
        self.render_mode = render_mode
        self.action_space = Box(-1, 1, (2,), np.float32)
        self.observation_space = Box(-9, 9, (4,), np.float64)
        self.state = np.zeros((2, 2))

    def get_state(self):
        return self.state.copy()

    def set_state(self, state):
        assert state.shape == (2, 2)
        self.state = np.array(state)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.state = np.stack([self.np_random.uniform(-0.8, 0.8, 2), np.zeros(2)])
        return self._get_obs(), {}

    def _get_obs(self):
        return self.state.ravel()

    def step(self, action):
        place, speed = self.state
        speed = 0.9 * speed + 0.015 * np.asarray(action)
        self.state = np.stack([np.clip(place + speed, -0.9, 0.9), speed])
        return self._get_obs(), 0.0, False, False, {}

    def render(self):
        x, y = np.meshgrid(np.linspace(-1, 1, 96), np.linspace(-1, 1, 96))
        near = np.hypot(x - self.state[0, 0], y - self.state[0, 1]) < 0.15
        return np.where(near[..., None], [200, 30, 30], [230, 230, 220]).astype(np.uint8)


class Words(Dot):
    """Its state is no numbers."""

    def get_state(self):
        return {"place": "here"}


class Grey(Dot):
    """Its pictures have no colours."""

    def render(self):
        return super().render()[..., 0]


class Stuck(Dot):
    """It says that it can be set to a state."""

    def set_state(self, state):
        pass


class Closed(Dot):
    """It has no such methods."""

    get_state = set_state = None


for kind in (Dot, Words, Grey, Stuck, Closed):
    gymnasium.register(f"Dots{kind.__name__}-v0", entry_point=kind)
