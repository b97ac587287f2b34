"""Build a model's part from its config: a mapping with `_target_` and constructor arguments.

A checkpoint's config may come from anybody, so what it may name is a closed set, found by rule: a
class of `torch.nn.Module` that is defined in one of `ROOMS` under a public name, or in a module
that a person allowed in this process (`wmpc.system.construct.allow`). All that a config names, at
any depth, is checked before anything is built, and so is the size of what is built.
"""

import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from inspect import signature
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from wmpc.errors import WmpcError
from wmpc.system.construct import find, how_to_allow, is_allowed

ROOMS = ("wmpc.wm.models.jepa", "wmpc.wm.models.encoders", "wmpc.wm.models.predictors")
ROOMS += ("wmpc.wm.objectives",)
"""Modules and packages whose classes are meant to be parts of a model or of what trains it."""
LARGEST = 2**20
"""No size, count or length in a config is larger."""
LARGEST_MODEL = 2**32
"""Numbers in all tensors of a model, 16 GiB in float32."""
MOST_CALLS = 2**16
"""Calls of torch that building may take; one of LeWM's size takes about two thousand."""
DEEPEST = 8
FAILURES = (TypeError, ValueError, RuntimeError, LookupError, ArithmeticError, AssertionError)
FAILURES += (AttributeError, MemoryError)
"""What a constructor raises that was given sizes which make no sense."""


def build(config: Mapping[str, Any], **arguments: Any) -> Any:
    """Return what calling `config["_target_"]` with the other entries and `arguments` makes.

    Args:
        config: `_target_`, which names a part of a model, and plain values for its constructor; all
            that it names, at any depth, is checked before anything is built.
        **arguments: more arguments of the constructor, of any type.

    Returns:
        The part, an instance of the class named.

    Raises:
        WmpcError: when the config is no mapping, names anything but a part at any depth, holds
            values that are not plain, are out of range, or are not arguments of the types that the
            part takes, or when its constructor fails on them.
    """
    check(config)
    if not isinstance(config, Mapping):
        raise WmpcError(
            f"a model's part is {str(config)[:80]!r}; it is a mapping with _target_ and arguments"
        )
    part, own = find_part(config.get("_target_")), {**config}
    target = own.pop("_target_")
    try:
        signature(part).bind(**own, **arguments)
    except TypeError as error:
        raise WmpcError(f"{target} does not take these arguments: {error}") from error
    hints = get_type_hints(part.__init__)
    for name, value in own.items():
        if not _fits(value, hints.get(name, Any)):
            raise WmpcError(f"{name} of {target} is {str(value)[:80]!r}; it takes {hints[name]}")
    try:
        with warnings.catch_warnings():  # torch tells of weights that blocks of width 0 leave empty
            warnings.filterwarnings("ignore", "Initializing zero-element tensors")
            return part(**own, **arguments)
    except WmpcError:
        raise
    except FAILURES as error:
        what = f"{type(error).__name__}: {str(error)[:200]}"
        raise WmpcError(f"{target} cannot be built with {str(own)[:200]}: {what}") from error


def check(config: Any) -> None:
    """Check that a config holds plain values and names parts only, at any depth.

    Args:
        config: of a model, or of a part of one.

    Raises:
        WmpcError: it does not.
    """
    check_values(config)
    for target in named_in(config):
        find_part(target)


def check_values(config: Any, depth: int = 0) -> None:
    """Check that a config holds plain values, at any depth; what it names is not looked for.

    Args:
        config: of a model, or of a part of one.
        depth: of what it is in.

    Raises:
        WmpcError: it holds something else, or numbers that are no sizes.
    """
    if depth > DEEPEST:
        raise WmpcError(f"a model's config is nested deeper than {DEEPEST}")
    if isinstance(config, Mapping):
        for key, value in config.items():
            if not isinstance(key, str) or (key.startswith("_") and key != "_target_"):
                raise WmpcError(f"a model's config has the key {str(key)[:80]!r}; it has _target_")
            check_values(value, depth + 1)
    elif isinstance(config, list | tuple):
        for value in config:
            check_values(value, depth + 1)
    elif isinstance(config, int | float) and not isinstance(config, bool):
        if isinstance(config, float) and not math.isfinite(config):
            raise WmpcError(f"a model's config holds {config}; numbers are finite")
        if isinstance(config, int) and not 0 <= config <= LARGEST:
            size = config if config.bit_length() < 64 else f"a number of {config.bit_length()} bits"
            raise WmpcError(f"a model's config holds {size}; sizes are from 0 to {LARGEST}")
    elif not isinstance(config, str | bool | NoneType):
        raise WmpcError(f"a model's config holds a {type(config).__name__}; it holds plain values")


def named_in(config: Any) -> Iterator[Any]:
    """Find what a config names, at any depth.

    Args:
        config: plain values, see `check_values`.

    Yields:
        Each `_target_`.
    """
    if isinstance(config, Mapping):
        yield from (config[key] for key in config if key == "_target_")
        config = list(config.values())
    for value in config if isinstance(config, list | tuple) else ():
        yield from named_in(value)


def modules_of_others(config: Any) -> list[str]:
    """Find the modules beside ours that a config names, at any depth.

    Args:
        config: plain values, see `check_values`.

    Returns:
        Their dotted names.
    """
    named = {_parted(target)[0] for target in named_in(config) if isinstance(target, str)}
    return sorted(module for module in named if module and not f"{module}.".startswith("wmpc."))


def _parted(target: Any) -> tuple[str, str]:
    """The module and the name of `<module>.<Class>` or, of somebody else's, `<module>:<Class>`."""
    if not isinstance(target, str):
        return "", ""
    module, _, name = target.rpartition(":" if ":" in target else ".")
    return module, name


def find_part(target: Any) -> type[nn.Module]:
    """Find the part of a model that a config names.

    Args:
        target: `<module>.<Class>`, or `<module>:<Class>` of a module that a person allowed.

    Returns:
        The class.

    Raises:
        WmpcError: that is no part of a model, or of a module that nobody allowed.
    """
    module, name = _parted(target)
    if is_allowed(module) and not f"{module}.".startswith("wmpc."):
        return _part_of_others(target, name)
    room = next((room for room in ROOMS if f"{module}.".startswith(f"{room}.")), None)
    if room is None or not all(word.isidentifier() for word in target.split(".")):
        raise WmpcError(
            f"_target_ is {str(target)[:80]!r}; a model's parts are named <module>.<Class>, "
            f"with a module of {', '.join(ROOMS)}{_allowing(module)}"
        )
    try:
        found = vars(import_module(module)).get(name) if find_spec(module) else None
    except ModuleNotFoundError:
        found = None
    if found is None:
        raise WmpcError(f"_target_ {target!r} does not exist in this version of wmpc")
    defined = f"{getattr(found, '__module__', '')}."
    if not isinstance(found, type) or not issubclass(found, nn.Module) or name.startswith("_"):
        raise WmpcError(f"_target_ {target!r} is no part of a model: parts are nn.Modules")
    if not defined.startswith(f"{room}.") or found.__name__ != name:
        raise WmpcError(f"_target_ {target!r} is not defined there: a model's parts are in {room}")
    return found


def _part_of_others(target: str, name: str) -> type[nn.Module]:
    found: Any = find(target)
    if not isinstance(found, type) or not issubclass(found, nn.Module) or name.startswith("_"):
        raise WmpcError(f"_target_ {target!r} is no part of a model: parts are nn.Modules")
    return found


def _allowing(module: str) -> str:
    """What to type where a module of somebody else's was meant."""
    words = module.split(".")
    if words[0] == "wmpc" or not all(word.isidentifier() for word in words):
        return ""
    return f"; {how_to_allow(module)}"


def measure(
    config: Mapping[str, Any], most: int = LARGEST_MODEL, calls: int = MOST_CALLS, **arguments: Any
) -> nn.Module:
    """Build without taking memory, on torch's meta device, to know every tensor's shape.

    torch's random state on the CPU is put back afterwards, and so is whether gradients are on.

    Args:
        config: as `build` takes it.
        most: the largest allowed count of numbers, summed over all tensors that calls of torch
            return while it is built.
        calls: how many calls of torch building may take.
        **arguments: more arguments of the constructor.

    Returns:
        The part, its tensors on the meta device: they have shapes and types but no values.

    Raises:
        WmpcError: when its tensors, or what making them takes, have more than `most` numbers, when
            making them takes more than `calls` calls, or when `build` refuses the config.
    """
    grad = torch.set_grad_enabled(torch.is_grad_enabled())  # stays, wherever a refusal strikes
    with torch.random.fork_rng(devices=[]), grad, torch.device("meta"), _Bounded(most, calls):
        return build(config, **arguments)


class _Bounded(TorchFunctionMode):
    """Refuses to make more numbers, or to take more calls, than a model can need."""

    def __init__(self, most: int, most_calls: int) -> None:
        super().__init__()
        self.most, self.most_calls = most, most_calls
        self.numbers, self.calls = 0, 0

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        self.calls += 1
        self.numbers += made.numel() if isinstance(made, Tensor) else 0
        if self.numbers > self.most or self.calls > self.most_calls:
            raise WmpcError(
                f"the model's config asks for more than {self.most} numbers, or for too many "
                "layers: give smaller sizes; of a saved run, its weights are another model's"
            )
        return made


def _fits(value: Any, hint: Any) -> bool:
    """Whether a plain value is of an annotated type; anything fits where there is none."""
    kind, inner = get_origin(hint) or hint, get_args(hint)
    if kind in (Union, UnionType):
        return any(_fits(value, one) for one in inner)
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if kind in (bool, int, str, NoneType):
        return type(value) is kind
    if kind in (tuple, list, Sequence):
        return isinstance(value, list | tuple) and all(_fits(one, inner[0]) for one in value)
    if kind is Mapping:
        return isinstance(value, Mapping) and all(_fits(v, inner[1]) for v in value.values())
    return True
