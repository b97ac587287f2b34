"""The SO-101, a desk arm of five joints and a gripper: put its tip where the picture has it."""

from typing import ClassVar

import gymnasium
import mujoco
import numpy as np

from wmpc.envs.task import Task

gymnasium.register("So101Reach-v0", entry_point="so101:Reach")


class Reach(Task):
    """Actions are the angles to go to (rad), as of its servos; one lasts 0.02 s."""

    xml, camera, frame_skip = "so101.xml", "front", 5
    tolerances: ClassVar = {"tip_m": 0.03}  # success: the tip within
    coordinate_names = ("x", "y", "z")
    hard_filter = "far"

    def tip(self, states):
        data, places = mujoco.MjData(self.model), []
        for state in states.reshape(-1, states.shape[-1]):
            data.qpos[:] = self.layout.qpos(state)
            mujoco.mj_kinematics(self.model, data)
            places.append(data.site("tip").xpos.copy())
        return np.reshape(places, (*states.shape[:-1], 3))

    def errors(self, state, goal_state):
        return {"tip_m": float(np.linalg.norm(self.tip(state) - self.tip(goal_state)))}

    def coordinates(self, states):  # a tolerance is 1
        return self.tip(states) / self.tolerances["tip_m"]

    def sample_state(self, rng):  # where the servos may be asked to go, above the table
        while True:
            state = self.layout.at_rest(rng.uniform(*self.model.actuator_ctrlrange.T))
            if self.tip(state)[2] > 0.03:
                return state

    @property
    def filters(self):  # the hard cases: the tip starts 15 cm away
        return {"far": lambda start, goal, variation: self.distance(start, goal) > 5}
