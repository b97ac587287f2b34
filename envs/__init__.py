"""Environments: tasks on MuJoCo with pixels, exact states and success tests.

Importing this package chooses an OpenGL backend and registers the tasks with gymnasium.
"""

import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import gymnasium
from gymnasium.envs.registration import load_env_creator

from envs import gl
from envs.errors import EnvError

if TYPE_CHECKING:
    from envs.gymnasium_adapter import GymnasiumTask
    from envs.task import Task

gl.choose()  # before anything imports mujoco

gymnasium.register("wmpc/Reacher-v0", entry_point="envs.reacher:Reacher")
gymnasium.register("wmpc/TwoRoom-v0", entry_point="envs.two_room:TwoRoom")
gymnasium.register("wmpc/PushT-v0", entry_point="envs.push_t:PushT")


def ids() -> list[str]:
    """The ids of this package's tasks."""
    return sorted(name for name in gymnasium.registry if name.startswith("wmpc/"))


def make(env_id: str, **kwargs: Any) -> "Task | GymnasiumTask":
    """The task `env_id`, without gymnasium's wrappers; `kwargs` go to its constructor.

    Ids of gymnasium's other MuJoCo environments are made through `GymnasiumTask`, with the argument
    `tolerances` through `GymnasiumGoalTask`. The id `module:Name-v0` imports that module: for ids
    and arguments that a file states, use `make_recorded`. EnvError on an unknown id or argument.
    """
    from envs.gymnasium_adapter import GymnasiumTask
    from envs.gymnasium_goals import GymnasiumGoalTask

    if env_id in ids():
        constructor: Any = load_env_creator(str(gymnasium.registry[env_id].entry_point))
        try:
            inspect.signature(constructor).bind(**kwargs)
        except TypeError as error:
            takes = ", ".join(inspect.signature(constructor).parameters)
            raise EnvError(f"{env_id}: {error}; it takes {takes}.") from error
        return constructor(**kwargs)
    if env_id.startswith("wmpc/") or (":" not in env_id and env_id not in gymnasium.registry):
        known = ", ".join(ids())
        raise EnvError(
            f"No environment {env_id!r}; there are {known}, and gymnasium's MuJoCo environments."
        )
    if "tolerances" in kwargs:
        return GymnasiumGoalTask(env_id, **kwargs)
    return GymnasiumTask(env_id, **kwargs)


def make_recorded(stated: Mapping[str, Any]) -> "Task | GymnasiumTask":
    """The task that a file names by its `id` and arguments, such as `model.spec.env`; see
    `envs.recorded`: nothing is imported because of what the file says."""
    from envs.recorded import make_recorded

    return make_recorded(stated)


def allow(env_id: str | None = None, kwargs: Mapping[str, Any] | None = None) -> None:
    """Trust an environment `module:Name-v0` and texts among its arguments in what files name from
    now on; see `envs.recorded`."""
    from envs.recorded import allow

    allow(env_id, kwargs)
