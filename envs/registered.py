"""The tasks of this package, registered with gymnasium, and how they and others are made."""

import inspect
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gymnasium
from gymnasium.envs.registration import load_env_creator

from wmpc.errors import WmpcError
from wmpc.system.construct import import_named

if TYPE_CHECKING:
    from wmpc.envs.gymnasium_adapter import GymnasiumTask
    from wmpc.envs.task import Task

TASKS = Path(__file__).with_name("tasks")
for folder in sorted(path.parent.name for path in TASKS.glob("*/task.py")):
    task = "".join(word.capitalize() for word in folder.split("_"))
    gymnasium.register(f"wmpc/{task}-v0", entry_point=f"wmpc.envs.tasks.{folder}.task:{task}")


def ids() -> list[str]:
    """List the ids of this package's tasks.

    Returns:
        Sorted, such as "wmpc/Reacher-v0".
    """
    return sorted(name for name in gymnasium.registry if name.startswith("wmpc/"))


def make(env_id: str, **kwargs: Any) -> "Task | GymnasiumTask":
    """Make a task by its id, without gymnasium's wrappers.

    For ids and arguments that a file states, use `make_recorded`.

    Args:
        env_id: of a `Task`, ours or anybody's that is registered with gymnasium; of another MuJoCo
            environment of gymnasium's, which is made through `GymnasiumTask`, with the argument
            `tolerances` through `GymnasiumGoalTask`, with `success` through `OwnSuccessTask`.
            `module:Name-v0` imports that module first.
        kwargs: what its constructor takes.

    Returns:
        The task.

    Raises:
        WmpcError: the id or an argument is unknown, or the module cannot be imported.
    """
    from wmpc.envs.foreign import NotMuJoCo
    from wmpc.envs.gymnasium_adapter import GymnasiumTask
    from wmpc.envs.gymnasium_goals import GymnasiumGoalTask
    from wmpc.envs.own_success import OwnSuccessTask
    from wmpc.envs.restorable import (
        RestorableGoalTask,
        RestorableOwnSuccessTask,
        RestorableTask,
    )
    from wmpc.envs.worlds.packages import import_package

    module, colon, name = env_id.rpartition(":")
    if colon:
        import_package(module)
    constructor: Any = _task_class(name)
    if constructor is not None:
        if lacking := sorted(getattr(constructor, "__abstractmethods__", ())):
            raise WmpcError(f"{env_id}: {constructor.__name__} defines no {', '.join(lacking)}.")
        try:
            inspect.signature(constructor).bind(**kwargs)
        except TypeError as error:
            takes = ", ".join(inspect.signature(constructor).parameters)
            raise WmpcError(f"{env_id}: {error}; it takes {takes}.") from error
        task = constructor(**kwargs)
        task.id = env_id
        return task
    if env_id.startswith("wmpc/") or (not colon and env_id not in gymnasium.registry):
        known = ", ".join(ids())
        raise WmpcError(
            f"No environment {env_id!r}; there are {known}, and gymnasium's MuJoCo environments. "
            f"One of yours is named with the module that registers it, as in my_module:{env_id}."
        )
    if colon and name not in gymnasium.registry:
        said = inspect.getsourcefile(import_named(module)) or module
        raise WmpcError(f"Importing {said} registers no {name!r}; gymnasium.register does.")
    measured = "tolerances" in kwargs
    try:
        if "success" in kwargs:
            return OwnSuccessTask(env_id, **kwargs)
        return (GymnasiumGoalTask if measured else GymnasiumTask)(env_id, **kwargs)
    except NotMuJoCo as refused:
        if not refused.restorable:
            raise
    if "success" in kwargs:
        return RestorableOwnSuccessTask(env_id, **kwargs)
    return (RestorableGoalTask if measured else RestorableTask)(env_id, **kwargs)


def _task_class(name: str) -> "type[Task] | None":
    """The `Task` that is registered by a name; None where something else or nothing is."""
    from wmpc.envs.task import Task

    if name not in gymnasium.registry:
        return None
    found: Any = gymnasium.registry[name].entry_point
    if isinstance(found, str) and not found.startswith("gymnasium."):
        with suppress(Exception):  # which gymnasium.make will raise again
            found = load_env_creator(found)
    return found if isinstance(found, type) and issubclass(found, Task) else None
