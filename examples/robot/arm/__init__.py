"""A three-joint arm with a gripper: stand as in the picture, as open as there."""

from typing import ClassVar

import gymnasium
import numpy as np

from wmpc.envs.task import Task

gymnasium.register("Arm-v0", entry_point="arm:Arm")


class Arm(Task):
    """Actions are the angles to go to (rad) and the gripper's opening (m); one lasts 0.02 s."""

    xml, camera = "arm.xml", "side"
    tolerances: ClassVar = {"angle_rad": 0.3, "opening_m": 0.04}  # success: both within
    coordinate_names = ("shoulder", "elbow", "wrist", "opening")
    hard_filter = "far"

    def errors(self, state, goal_state):
        off = np.abs(self.layout.qpos(state) - self.layout.qpos(goal_state))
        return {"angle_rad": float(off[:3].max()), "opening_m": float(off[3])}

    def coordinates(self, states):  # a tolerance is 1
        return self.layout.qpos(states)[..., :4] / [0.3, 0.3, 0.3, 0.04]

    def sample_state(self, rng):  # both fingers move as one
        *angles, finger, _ = rng.uniform(*self.model.jnt_range.T)
        return self.layout.at_rest([*angles, finger, finger])

    @property
    def filters(self):  # the hard cases: a joint starts 1.5 rad away
        return {"far": lambda start, goal, variation: self.distance(start, goal) > 5}
