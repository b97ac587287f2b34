"""What the target of a node of the configuration takes, by its signature."""

import inspect
from collections.abc import Callable
from types import NoneType
from typing import Any, TypeVar, get_args

from hydra.utils import get_object
from omegaconf import DictConfig, OmegaConf

Function = TypeVar("Function", bound=Callable[..., Any])
RECEIVERS = {
    ("train", "train"): "wm.training.run.train",
    ("eval", ""): "envs.evaluate.evaluate",
}
"""By verb and node, whose arguments the keys of a node without a `_target_` are."""


def passes_on(
    *functions: Callable[..., Any], supplied: tuple[str, ...] = ()
) -> Callable[[Function], Function]:
    """Write into a function's signature what its `**arguments` may be: the keyword-only parameters
    of `functions`, to which it hands them, but those that it has `supplied` itself."""

    def mark(function: Function) -> Function:
        own = inspect.signature(function)
        parameters = {n: p for n, p in own.parameters.items() if p.kind is not p.VAR_KEYWORD}
        for inner in functions:
            for name, parameter in inspect.signature(inner).parameters.items():
                if parameter.kind is parameter.KEYWORD_ONLY and name not in supplied:
                    parameters.setdefault(name, parameter)
        ordered = sorted(parameters.values(), key=lambda p: p.kind)
        function.__signature__ = own.replace(parameters=ordered)  # type: ignore[attr-defined]
        return function

    return mark


def parameters(verb: str, config: DictConfig, node: str) -> dict[str, inspect.Parameter] | None:
    """By name, what the target of a `node`, such as "agent", takes; None where it has none, or one
    that takes anything."""
    found = OmegaConf.select(config, node) if node else config
    target = found.get("_target_") if isinstance(found, DictConfig) else None
    target = RECEIVERS.get((verb, node)) if target is None else target
    if target is None:
        return None
    taken = inspect.signature(get_object(target), eval_str=True).parameters
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in taken.values()):
        return None
    return dict(taken)


def admits_none(parameter: inspect.Parameter) -> bool:
    """Whether a parameter is annotated `X | None`."""
    return NoneType in (parameter.annotation, *get_args(parameter.annotation))
