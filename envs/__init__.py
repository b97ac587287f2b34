"""Environments: tasks on MuJoCo with pixels, exact states and success tests.

Importing this package chooses an OpenGL backend and registers the tasks with gymnasium.
"""

from typing import Any

import gymnasium

from envs import gl
from envs.errors import EnvError

gl.choose()  # before anything imports mujoco

gymnasium.register("wmpc/Reacher-v0", entry_point="envs.reacher:Reacher")
gymnasium.register("wmpc/TwoRoom-v0", entry_point="envs.two_room:TwoRoom")
gymnasium.register("wmpc/PushT-v0", entry_point="envs.push_t:PushT")


def ids() -> list[str]:
    """The ids of this package's tasks."""
    return sorted(name for name in gymnasium.registry if name.startswith("wmpc/"))


def make(env_id: str, **kwargs: Any) -> Any:
    """The task `env_id`, without gymnasium's wrappers; `kwargs` go to its constructor.

    Ids other than wmpc/* are made through `GymnasiumTask`. EnvError on an unknown id.
    """
    if env_id not in gymnasium.registry:
        known = ", ".join(ids())
        raise EnvError(f"No environment {env_id!r}; there are {known}, and gymnasium's MuJoCo ids.")
    return gymnasium.make(env_id, disable_env_checker=True, **kwargs).unwrapped
