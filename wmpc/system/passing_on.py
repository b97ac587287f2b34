"""Say in a function's signature what it hands on."""

import inspect
from collections.abc import Callable
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])


def passes_on(
    *functions: Callable[..., Any], supplied: tuple[str, ...] = ()
) -> Callable[[Function], Function]:
    """Write into a function's signature what its `**arguments` may be.

    Args:
        *functions: to which it hands them; their keyword-only parameters are shown.
        supplied: those that it gives itself, which are not.

    Returns:
        A decorator.
    """

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
