"""Find what a person names, `module:name` or `module.name`, and make what a config describes.

Only for names that a person gave, on the command line or in a preset of their own; never for one
that a file of others states.
"""

import importlib
import inspect
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any

from wmpc.errors import WmpcError


def import_named(module: str) -> Any:
    """Import a module that a person names; the current directory comes last on `sys.path`.

    Args:
        module: its dotted name.

    Returns:
        The module.

    Raises:
        WmpcError: there is no such module, or importing it fails.
    """
    if not module.startswith("wmpc.") and os.getcwd() not in sys.path and "" not in sys.path:
        sys.path.append(os.getcwd())
    try:
        return importlib.import_module(module)
    except (Exception, SystemExit) as error:
        missing = isinstance(error, ModuleNotFoundError) and f"{module}.".startswith(
            f"{error.name}."
        )
        raise WmpcError(
            f"There is no module {module!r} on sys.path or in {os.getcwd()}."
            if missing
            else f"Importing {module} raised {type(error).__name__}: {error}"
        ) from error


def find(name: str) -> Callable[..., Any]:
    """Import what a person names.

    Args:
        name: `package.module:name`, or with a dot for the colon.

    Returns:
        The function or class.

    Raises:
        WmpcError: there is no such module, importing it fails, or it has no such callable.
    """
    module, _, attribute = name.partition(":") if ":" in name else name.rpartition(".")
    if not module or not attribute:
        raise WmpcError(
            f"{name!r} came; write module:function or module:Class, such as my_agent:make."
        )
    found = import_named(module)
    for part in attribute.split("."):
        if not hasattr(found, part):
            place = getattr(found, "__file__", None) or module
            names = [n for n, x in vars(found).items() if callable(x) and not n.startswith("_")]
            raise WmpcError(f"{place} has no {part!r}; what can be called there: {names}.")
        found = getattr(found, part)
    if not callable(found):
        raise WmpcError(f"{name} is a {type(found).__name__}; it must be a function or a class.")
    return found


def construct(config: Mapping[str, Any]) -> Any:
    """Call what a configuration names by `_target_` with its other entries.

    Args:
        config: `_target_` and the arguments; those with a `_target_` of their own are made first.

    Returns:
        What the call returns.

    Raises:
        WmpcError: there is no such callable, or it does not take these arguments.
    """
    arguments = {k: _made(v) for k, v in config.items() if k != "_target_"}
    target = find(config["_target_"])
    try:
        inspect.signature(target).bind(**arguments)
    except TypeError as error:
        raise WmpcError(f"{config['_target_']}: {error}; given are {[*arguments]}") from error
    return target(**arguments)


def _made(value: Any) -> Any:
    return construct(value) if isinstance(value, Mapping) and "_target_" in value else value
