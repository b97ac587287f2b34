"""An agent of your own, measured on the same cases as ours. Beside this file, or in the folder
above it:

    wmpc eval run=runs/two_room agent=examples.external_agent:Walker

It sees where the disc of wmpc/TwoRoom-v0 is and pushes it straight towards the goal, wall or not.
`wmpc/agents/external.py` says what such a function or class is given, and what it may return.
"""

import numpy as np


class Walker:
    """What an agent is: reset, observe, act."""

    def __init__(self, action_space, action_block):
        self.low, self.high, self.block = action_space.low, action_space.high, action_block

    def reset(self, goal):
        """A new case; the goal is an observation, of which `pixels` is known."""
        self.target = disc(goal.observation["pixels"])

    def observe(self, observation, executed):
        """What is seen, and the actions (m, A) really executed before it (None at first)."""
        self.now = disc(observation["pixels"])

    def act(self):
        """(m, A), the actions to execute before the next look: here one, held for a block."""
        push = np.clip(4 * (self.target - self.now), self.low, self.high)
        return np.tile(push, (self.block, 1))


def policy(observation, goal):
    """The same in short: a function of observation and goal, for the next action (A,)."""
    return np.clip(4 * (disc(goal["pixels"]) - disc(observation["pixels"])), -1, 1)


def disc(pixels):
    """Right and up, each from -1 to 1: the middle of the bluest pixels of (H, W, 3)."""
    blue = pixels[..., 2].astype(float) - pixels[..., :2].mean(-1)
    rows, columns = np.nonzero(blue > 0.5 * blue.max())
    return np.array([2 * columns.mean() + 1, -2 * rows.mean() - 1]) / len(pixels) - [1, -1]
