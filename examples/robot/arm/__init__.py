"""A three-joint arm with a gripper: put the hand where the picture has it, as open as there."""

from typing import ClassVar

import gymnasium
import numpy as np

from wmpc.envs.task import Task

gymnasium.register("Arm-v0", entry_point="arm:Arm")
LINKS_M = np.array([0.26, 0.2, 0.14])


class Arm(Task):
    """Actions are the angles to go to (rad) and the gripper's opening (m); one lasts 0.02 s."""

    xml, camera = "arm.xml", "side"
    tolerances: ClassVar = {"x_m": 0.06, "z_m": 0.06, "opening_m": 0.02}  # success: all within
    coordinate_names = ("x", "z", "opening")
    hard_filter = "far"

    def hand(self, states):
        qpos = self.layout.qpos(states)
        angles = np.cumsum(qpos[..., :3], -1)
        return np.stack([np.sin(angles) @ LINKS_M, np.cos(angles) @ LINKS_M, qpos[..., 3]], -1)

    def errors(self, state, goal_state):
        off = np.abs(self.hand(state) - self.hand(goal_state))
        return dict(zip(self.tolerances, off.tolist(), strict=True))

    def coordinates(self, states):  # a tolerance is 1
        return self.hand(states) / [*self.tolerances.values()]

    def sample_state(self, rng):  # both fingers move as one
        *angles, finger, _ = rng.uniform(*self.model.jnt_range.T)
        return self.layout.at_rest([*angles, finger, finger])

    @property
    def filters(self):  # the hard cases: the hand starts 0.3 m away
        return {"far": lambda start, goal, variation: self.distance(start, goal) > 5}
