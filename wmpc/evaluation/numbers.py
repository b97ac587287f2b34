"""Whether the numbers of a command line make sense, before anything heavy is done with them."""

import math
from collections.abc import Mapping
from typing import Any

from wmpc.errors import WmpcError

Bounds = Mapping[str, tuple[float, float]]


def check_numbers(config: Mapping[str, Any], bounds: Bounds) -> None:
    """Refuse numbers of a configuration that make no sense.

    Args:
        config: of a verb.
        bounds: the least and the largest value, by dotted key; null is allowed everywhere.

    Raises:
        WmpcError: a value is no number, or lies outside.
    """
    for key, (low, high) in bounds.items():
        value: Any = config
        for name in key.split("."):
            value = value.get(name) if isinstance(value, Mapping) else None
        if value is None:
            continue
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not math.isfinite(value) or not low <= value <= high:
            raise WmpcError(f"{key}={value} came; it is a number from {low:g} to {high:g}")
