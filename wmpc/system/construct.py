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


def add_current_directory() -> None:
    """Let modules be found in the current directory, after all others."""
    if os.getcwd() not in sys.path and "" not in sys.path:
        sys.path.append(os.getcwd())


def find(name: str) -> Callable[..., Any]:
    """Import what a name stands for; the current directory comes last on `sys.path`.

    Args:
        name: `package.module:name`, or with a dot for the colon.

    Raises:
        WmpcError: there is no such module, importing it fails, or it has no such callable.
    """
    module, _, attribute = name.partition(":") if ":" in name else name.rpartition(".")
    if not module or not attribute:
        raise WmpcError(
            f"{name!r} came; write module:function or module:Class, such as my_agent:make."
        )
    if not module.startswith("wmpc."):
        add_current_directory()
    try:
        found: Any = importlib.import_module(module)
    except (Exception, SystemExit) as error:
        missing = isinstance(error, ModuleNotFoundError) and f"{module}.".startswith(
            f"{error.name}."
        )
        raise WmpcError(
            f"There is no module {module!r} on sys.path or in {os.getcwd()}."
            if missing
            else f"Importing {module} raised {type(error).__name__}: {error}"
        ) from error
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
    """Call `config["_target_"]` with the other entries, those that are such mappings made first.

    Raises WmpcError where it does not take these entries.
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
