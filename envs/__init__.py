"""Environments: tasks on MuJoCo with pixels, exact states and success tests.

Importing this package chooses an OpenGL backend and registers the tasks with gymnasium: each folder
of `tasks/` is one, such as `two_room`, whose `task.py` defines `TwoRoom`, registered as
`wmpc/TwoRoom-v0`.
"""

import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gymnasium
from gymnasium.envs.registration import load_env_creator

from wmpc.envs import gl
from wmpc.errors import WmpcError

if TYPE_CHECKING:
    from wmpc.envs.gymnasium_adapter import GymnasiumTask
    from wmpc.envs.task import Task

gl.choose()  # before anything imports mujoco

TASKS = Path(__file__).with_name("tasks")
for folder in sorted(path.parent.name for path in TASKS.glob("*/task.py")):
    task = "".join(word.capitalize() for word in folder.split("_"))
    gymnasium.register(f"wmpc/{task}-v0", entry_point=f"{__name__}.tasks.{folder}.task:{task}")


def ids() -> list[str]:
    """The ids of this package's tasks."""
    return sorted(name for name in gymnasium.registry if name.startswith("wmpc/"))


def make(env_id: str, **kwargs: Any) -> "Task | GymnasiumTask":
    """The task `env_id`, without gymnasium's wrappers; `kwargs` go to its constructor.

    Ids of gymnasium's other MuJoCo environments are made through `GymnasiumTask`, with the argument
    `tolerances` through `GymnasiumGoalTask`. The id `module:Name-v0` imports that module: for ids
    and arguments that a file states, use `make_recorded`. WmpcError on an unknown id or argument.
    """
    from wmpc.envs.gymnasium_adapter import GymnasiumTask
    from wmpc.envs.gymnasium_goals import GymnasiumGoalTask

    if env_id in ids():
        constructor: Any = load_env_creator(str(gymnasium.registry[env_id].entry_point))
        try:
            inspect.signature(constructor).bind(**kwargs)
        except TypeError as error:
            takes = ", ".join(inspect.signature(constructor).parameters)
            raise WmpcError(f"{env_id}: {error}; it takes {takes}.") from error
        return constructor(**kwargs)
    if env_id.startswith("wmpc/") or (":" not in env_id and env_id not in gymnasium.registry):
        known = ", ".join(ids())
        raise WmpcError(
            f"No environment {env_id!r}; there are {known}, and gymnasium's MuJoCo environments."
        )
    if "tolerances" in kwargs:
        return GymnasiumGoalTask(env_id, **kwargs)
    return GymnasiumTask(env_id, **kwargs)


def make_recorded(stated: Mapping[str, Any]) -> "Task | GymnasiumTask":
    """The task that a file names by its `id` and arguments, such as `model.spec.env`; see
    `wmpc.envs.recorded`: nothing is imported because of what the file says."""
    from wmpc.envs.recorded import make_recorded

    return make_recorded(stated)


def allow(env_id: str | None = None, kwargs: Mapping[str, Any] | None = None) -> None:
    """Trust an environment `module:Name-v0` and texts among its arguments in what files name from
    now on; see `wmpc.envs.recorded`."""
    from wmpc.envs.recorded import allow

    allow(env_id, kwargs)
