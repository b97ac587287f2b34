"""What the target of a node of the configuration takes, by its signature."""

import inspect
from types import NoneType, UnionType
from typing import Any, get_args

from omegaconf import DictConfig, OmegaConf

from wmpc.system.construct import find

RECEIVERS = {
    ("train", "train"): "wmpc.wm.training.run.train",
    ("eval", ""): "wmpc.api.evaluate.evaluate",
    ("curve", "train"): "wmpc.wm.training.run.train",
    ("curve", ""): "wmpc.api.curve.curve",
}
"""By verb and node, whose arguments the keys of a node without a `_target_` are."""
BORROWED = {("curve", "train"): ("train", "train")}
"""By verb and node, the verb and node whose keys it may have beside its own."""


PLAIN = (bool, int, float, str, list, tuple, dict, NoneType)


def parameters(verb: str, config: DictConfig, node: str) -> dict[str, inspect.Parameter] | None:
    """Read what the target of a node takes.

    Args:
        verb: whose configuration it is.
        config: the configuration.
        node: such as "agent"; "": the whole.

    Returns:
        Parameters by name; None where the node has no target, or one that takes anything.
    """
    found = OmegaConf.select(config, node) if node else config
    target = found.get("_target_") if isinstance(found, DictConfig) else None
    target = RECEIVERS.get((verb, node)) if target is None else target
    if target is None:
        return None
    taken = inspect.signature(find(target), eval_str=True).parameters
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in taken.values()):
        return None
    return dict(taken)


def admits_none(parameter: inspect.Parameter) -> bool:
    """Tell whether a parameter is annotated `X | None`.

    Args:
        parameter: of a signature.

    Returns:
        Whether None is among its types.
    """
    return NoneType in (parameter.annotation, *get_args(parameter.annotation))


def plain_types(parameter: inspect.Parameter) -> tuple[type, ...]:
    """List the types of the values that a parameter takes.

    Args:
        parameter: of a signature.

    Returns:
        None of them where it is annotated otherwise than with numbers, text, truth values and None;
        a whole number may stand for a fraction.
    """
    hint = parameter.annotation
    types = get_args(hint) if isinstance(hint, UnionType) else (hint,)
    if not all(kind in (bool, int, float, str, NoneType) for kind in types):
        return ()
    return (*types, int) if float in types else types


def defaults(target: str) -> dict[str, Any]:
    """Read the defaults that a configuration can hold.

    Args:
        target: `module.name` or `module:name` of a class or function.

    Returns:
        By name of the parameter; tuples as lists.
    """
    taken = inspect.signature(find(target)).parameters.values()
    return {
        p.name: list(p.default) if isinstance(p.default, tuple) else p.default
        for p in taken
        if isinstance(p.default, PLAIN)
    }
