"""Small environments on MuJoCo with goals of their own, as others write them."""

import gymnasium
import mujoco
import numpy as np
from gymnasium.spaces import Box, Dict

XML = """
<mujoco><option timestep="0.01" gravity="0 0 0"/><worldbody>
  <camera name="top" pos="0 0 2" projection="orthographic" fovy="2"/>
  <camera name="away" pos="0 0 -2"/>
  <geom type="plane" size="2 2 .1" pos="0 0 -.1" rgba="1 1 1 1" contype="0" conaffinity="0"/>
  <body><joint name="x" type="slide" axis="1 0 0" damping="10" range="-.9 .9"/>
    <joint name="y" type="slide" axis="0 1 0" damping="10" range="-.9 .9"/>
    <geom size=".15" mass="1" rgba=".8 .1 .1 1"/></body>
</worldbody><actuator><motor joint="x" gear="20" ctrlrange="-1 1"/>
  <motor joint="y" gear="20" ctrlrange="-1 1"/></actuator></mujoco>
"""


class Puck(gymnasium.Env):
    """A puck that is pushed to a place; the place of an episode is no part of its MuJoCo state."""

    near, starts = 0.1, 0.8
    frame_skip = 2
    rewards = (-1.0, 0.0)  # elsewhere, and at the goal
    gain = 1.0  # an action times it is the control

    def __init__(self, **kwargs):
        self.model = mujoco.MjModel.from_xml_string(XML)
        self.data = mujoco.MjData(self.model)
        self.action_space = Box(-1, 1, (2,), np.float32)
        place = Box(-1, 1, (2,), np.float64)
        self.observation_space = Dict(
            {"observation": Box(-9, 9, (4,)), "achieved_goal": place, "desired_goal": place}
        )
        self.goal = np.zeros(2)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        mujoco.mj_resetData(self.model, self.data)
        self.data.qpos[:] = self.np_random.uniform(-self.starts, self.starts, 2)
        self.goal = self.place_of_goal()
        mujoco.mj_forward(self.model, self.data)
        return self._get_obs(), {}

    def place_of_goal(self):
        return self.np_random.uniform(-0.8, 0.8, 2)

    def step(self, action):
        self.data.ctrl[:] = self.gain * np.asarray(action)
        mujoco.mj_step(self.model, self.data, self.frame_skip)
        seen = self._get_obs()
        told = self.told(seen["achieved_goal"], seen["desired_goal"])
        return seen, -1.0, False, False, told

    def told(self, here, there):
        return {"is_success": float(np.linalg.norm(here - there) < self.near)}

    def compute_reward(self, achieved, desired, info):
        near = np.linalg.norm(achieved - desired, axis=-1) < self.near
        return np.where(near, self.rewards[1], self.rewards[0])

    def _get_obs(self):
        state = np.concatenate([self.data.qpos, self.data.qvel])
        return {
            "observation": state,
            "achieved_goal": self.data.qpos.copy(),
            "desired_goal": self.goal.copy(),
        }


class OneAndZero(Puck):
    """Its sparse reward is 1 at the goal."""

    rewards = (0.0, 1.0)


class Left(Puck):
    """It wants the left half of the table, and tells so by `info` alone."""

    starts = 0.3

    def told(self, here, there):
        return {"is_success": float(here[0] < there[0])}

    def place_of_goal(self):
        return np.zeros(2)

    def compute_reward(self, achieved, desired, info):
        raise AssertionError("nobody asks it")


class Dense(Puck):
    """Its reward falls with the distance."""

    def compute_reward(self, achieved, desired, info):
        return -np.linalg.norm(achieved - desired, axis=-1)


class Backwards(Puck):
    """Its actions are not the controls."""

    gain = -1.0


class Silent(Puck):
    """It tells no success."""

    compute_reward = None

    def told(self, here, there):
        return {}


class Hidden(Puck):
    """The longer it lives, the faster it is."""

    def __init__(self, **kwargs):
        self.age = 0
        super().__init__()

    def step(self, action):
        self.age += 1
        return super().step(np.asarray(action) * self.age / 10)


class Wandering(Left):
    """It wants the half of the table that its episode drew, and tells so by `info`."""

    def place_of_goal(self):
        return self.np_random.uniform(-1, 1, 2)

    def told(self, here, there):
        return {"success": (here[0] > 0) == (there[0] > 0)}


class Painted(Puck):
    """It paints the table anew at each reset."""

    def place_of_goal(self):
        self.model.geom_rgba[0, :3] = self.np_random.uniform(0, 1, 3)
        return super().place_of_goal()


for kind in (Puck, OneAndZero, Left, Dense, Backwards, Silent, Hidden, Wandering, Painted):
    gymnasium.register(f"Own{kind.__name__}-v0", entry_point=kind)
