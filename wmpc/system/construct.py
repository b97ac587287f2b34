"""Find what a person names, `module:name` or `module.name`, and make what a config describes.

Only for names that a person gave, on the command line or in a preset of their own; never for one
that a file of others states, unless the person allowed its module (`allow`).
"""

import importlib
import inspect
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from types import ModuleType
from typing import Any

from wmpc.errors import WmpcError

ALLOWED: set[str] = set()
"""Modules and packages that files may name in this process, because a person said so."""


def allow(modules: Iterable[str]) -> None:
    """Let files name these modules, and those inside them, from now on in this process.

    Args:
        modules: dotted names, such as "mine" or "mine.encoder".

    Raises:
        WmpcError: one of them is no name of a module.
    """
    names = [modules] if isinstance(modules, str) else [*modules]
    for name in names:
        if not isinstance(name, str) or not all(word.isidentifier() for word in name.split(".")):
            raise WmpcError(
                f"allow={str(name)[:80]!r} came; it lists modules of yours, such as allow=[mine]"
            )
    ALLOWED.update(names)


def is_allowed(module: str) -> bool:
    """Tell whether a person allowed files to name a module.

    Args:
        module: its dotted name.

    Returns:
        True where it, or a package that it is in, was given to `allow`.
    """
    return any(f"{module}.".startswith(f"{name}.") for name in ALLOWED)


def how_to_allow(module: str) -> str:
    """Say what to type so that a file may name a module.

    Args:
        module: its dotted name.

    Returns:
        The end of a sentence.
    """
    package = module.partition(".")[0]
    return (
        f"nothing is imported because a file says so: if you trust {module}, give "
        f'allow=[{package}] on the command line, or allow=["{package}"] in Python'
    )


def import_named(module: str) -> ModuleType:
    """Import a module that a person named; the current directory comes last on `sys.path`.

    Args:
        module: its dotted name.

    Returns:
        The module.

    Raises:
        WmpcError: there is no such module, or importing it fails.
    """
    ours = f"{module}.".startswith("wmpc.")
    if not ours and os.getcwd() not in sys.path and "" not in sys.path:
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
