"""Environments: tasks on MuJoCo with pixels, exact states and success tests.

Importing this package chooses an OpenGL backend and registers the tasks with gymnasium: each folder
of `tasks/` is one, such as `two_room`, whose `task.py` defines `TwoRoom`, registered as
`wmpc/TwoRoom-v0`.
"""

from wmpc.envs import gl
from wmpc.envs.recorded import allow, make_recorded
from wmpc.envs.registered import ids, make

__all__ = ["allow", "ids", "make", "make_recorded"]

gl.choose()  # before anything imports mujoco
