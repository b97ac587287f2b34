"""Make what a configuration describes: a mapping with `_target_` and constructor arguments."""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def find(target: str) -> Callable[..., Any]:
    """Import what a dotted name stands for.

    Args:
        target: `package.module.name`, as a person wrote it; never one that a file states.

    Raises:
        ImportError: there is no such module.
        AttributeError: the module has no such name.
    """
    module, _, name = target.rpartition(".")
    return getattr(import_module(module), name)


def construct(config: Mapping[str, Any]) -> Any:
    """Call `config["_target_"]` with the other entries, those that are such mappings made first."""
    arguments = {k: _made(v) for k, v in config.items() if k != "_target_"}
    return find(config["_target_"])(**arguments)


def _made(value: Any) -> Any:
    return construct(value) if isinstance(value, Mapping) and "_target_" in value else value
