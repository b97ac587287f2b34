"""The cost that a configuration names, ours or anybody's."""

import inspect
from collections.abc import Mapping
from functools import partial
from typing import Any

from wmpc.errors import WmpcError
from wmpc.planners.costs import GoalCost
from wmpc.system.construct import construct, find

GIVEN = ("target", "executed")
"""What a cost is given at every decision, see `wmpc.planners.costs.GoalCost`."""


def make_cost(config: Mapping[str, Any]) -> GoalCost:
    """Make the cost of a goal that a configuration names.

    Args:
        config: `_target_`, a class whose objects are such costs, or a function: one with a
            parameter `target` is the cost itself, any other one returns it. The other entries are
            its arguments.

    Returns:
        The cost.

    Raises:
        WmpcError: there is no such thing, it does not take these arguments, or it gives no cost.
    """
    name, found = config["_target_"], find(config["_target_"])
    if inspect.isfunction(found) and "target" in inspect.signature(found).parameters:
        settings = {k: v for k, v in config.items() if k not in ("_target_", *GIVEN)}
        try:
            inspect.signature(found).bind(None, 1, **settings)
        except TypeError as error:
            raise WmpcError(
                f"{name}: {error}; a cost takes target, executed, and settings"
            ) from error
        return partial(found, **settings)
    made: GoalCost | None = construct(config)
    if not callable(made):
        raise WmpcError(
            f"{name} made a {type(made).__name__}; the cost of a goal is called with (target, "
            "executed), see docs/new-cost.md"
        )
    return made
