"""Environments that a file names: a dataset, a checkpoint, a manifest, a recording.

A file may come from anybody. Nothing is imported because of what it says, and no file is read: an
id counts only if it is registered in this process already, or by a package that is known here and
installed (`wmpc.envs.worlds.packages`), arguments only if they cannot name a file or a module. What
a person gives with `allow`, as on the command line, is theirs.
"""

import re
from collections.abc import Iterator, Mapping
from math import isfinite
from typing import TYPE_CHECKING, Any

import gymnasium

from wmpc.envs.registered import make
from wmpc.envs.worlds.packages import PACKAGES, import_package
from wmpc.errors import WmpcError
from wmpc.system.construct import how_to_allow, is_allowed

if TYPE_CHECKING:
    from wmpc.envs.gymnasium_adapter import GymnasiumTask
    from wmpc.envs.task import Task

WORDS = re.compile(r"[A-Za-z0-9_ +-]{0,64}")
"""A text that is neither a path nor a module with something in it."""
ASSET = re.compile(r"[A-Za-z0-9_-]+\.xml")
"""A model that gymnasium's own MuJoCo environments look for beside themselves."""
ASSETS_OF = "gymnasium.envs.mujoco"
NAMES = ("camera", "camera_name")
"""Arguments that are looked up in the model, whatever text they are."""
LARGEST_SIZE = 4096
"""Pixels of a side of a picture."""
LARGEST = 10**6
"""The largest whole number, such as of simulator steps in an action."""
DEEPEST = 8
GIVEN: set[str] = set()
"""Texts that a person gave as arguments in this process."""


def allow(env_id: str | None = None, kwargs: Mapping[str, Any] | None = None) -> None:
    """Trust what a person gives, in what files name from now on.

    `wmpc.system.construct.allow` trusts modules whatever they hold.

    Args:
        env_id: `module:Name-v0`, whose module is imported, which registers it; None: none.
        kwargs: arguments of an environment; the texts in them, such as paths, are accepted where a
            file states them.

    Raises:
        WmpcError: the module cannot be imported.
    """
    module, colon, _ = str(env_id or "").rpartition(":")  # a word such as 1e3 is read as a number
    GIVEN.update(text for _, text in _leaves(kwargs or {}) if isinstance(text, str))
    if not colon:
        return
    try:
        import_package(module)
    except WmpcError as error:
        raise WmpcError(f"env_id={env_id} came. {error}") from error


def make_recorded(stated: Mapping[str, Any]) -> "Task | GymnasiumTask":
    """Make the environment that a file names.

    Args:
        stated: its `id` and arguments in one mapping, as `wmpc.wm.models.jepa.JEPA.spec.env` has
            them.

    Returns:
        The task, to be reset before its first step.

    Raises:
        WmpcError: there is no such environment, its module would have to be imported, or arguments
            are refused (`check_arguments`) or not taken.
    """
    arguments = dict(stated)
    env_id = arguments.pop("id", None)
    if not isinstance(env_id, str) or not env_id or not env_id.isprintable():
        raise WmpcError(f"An environment {str(env_id)[:80]!r} came; its id is a text.")
    if env_id == "none":
        raise WmpcError(
            "These recordings name no environment (env none), as those of a robot do, so nothing "
            "can be executed: wmpc eval scores recordings alone, wmpc plan only imagines."
        )
    module, colon, name = env_id.rpartition(":")
    if colon and name not in gymnasium.registry:
        if not (is_allowed(module) or module in PACKAGES):
            raise WmpcError(
                f"The environment {env_id!r} is named by a file, and {how_to_allow(module)}, or "
                f"env_id={env_id} for it alone."
            )
        import_package(module)
    check_arguments(arguments, name)
    try:
        task = make(name, **arguments)
    except WmpcError:
        raise
    except Exception as error:  # whatever a constructor makes of arguments that a file holds
        raise WmpcError(
            f"{env_id} cannot be made with {str(arguments)[:200]}: {type(error).__name__}: {error}"
        ) from error
    task.id = env_id
    return task


def check_arguments(kwargs: Any, name: str = "") -> None:
    """Refuse arguments of an environment, as a file holds them, that are not safe to use.

    Args:
        kwargs: plain JSON values; texts are words, not paths or modules, unless the person gave
            them (`allow`).
        name: of the environment; gymnasium's own may name a model beside themselves.

    Raises:
        WmpcError: one of them is not safe, or no plain value.
    """
    if not isinstance(kwargs, Mapping):
        raise WmpcError(f"An environment's arguments are a mapping, {str(kwargs)[:80]!r} came.")
    spec = gymnasium.registry.get(name)
    assets = spec is not None and str(spec.entry_point).startswith(ASSETS_OF)
    for key, value in _leaves(kwargs):
        if isinstance(value, str):
            allowed = value in GIVEN or key in NAMES or WORDS.fullmatch(value)
            if not allowed and not (assets and key == "xml_file" and ASSET.fullmatch(value)):
                raise WmpcError(
                    f"{key}={value[:80]!r} is named by a file, which may not say what else is "
                    f"loaded: if you trust it, give env_kwargs={{{key}:...}} on the command line."
                )
            if key == "render_mode" and value == "human":
                raise WmpcError("render_mode='human' is named by a file; pictures are rgb_array.")
        elif isinstance(value, bool) or value is None:
            continue
        elif not isinstance(value, int) and not (isinstance(value, float) and isfinite(value)):
            raise WmpcError(f"{key}={str(value)[:80]} came for an environment; it is no number.")
        elif isinstance(value, int) and abs(value) > LARGEST:
            raise WmpcError(
                f"{key} has {value.bit_length()} bits; an environment takes up to {LARGEST}."
            )
        elif key in ("image_size", "width", "height") and value > LARGEST_SIZE:
            raise WmpcError(f"{key}={value} came; pictures have at most {LARGEST_SIZE} pixels.")


def _leaves(value: Any, key: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    """The innermost values with the name of the argument, and the key of a mapping, they are in."""
    if depth > DEEPEST:
        raise WmpcError(f"{key} of an environment is nested deeper than {DEEPEST}.")
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if not isinstance(name, str):
                raise WmpcError(f"{name!r} came for an argument of an environment; it is a text.")
            yield from _leaves(inner, name, depth + 1)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _leaves(inner, key, depth + 1)
    else:
        yield key, value
