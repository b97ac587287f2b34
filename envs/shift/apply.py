"""Shifting a task, whichever it is."""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

import numpy as np

from wmpc.envs.shift import senses
from wmpc.envs.shift.names import find
from wmpc.envs.shift.table import SHIFTS, Shift
from wmpc.envs.world import World
from wmpc.errors import WmpcError

DEFAULTS = {"pattern": "*", "magnitude": 0.0, "seed": 0, "goal": "seen"}
OBJECTS = "objects"
"""A pattern that stands for the task's own `objects`."""


def complete(shift: Mapping[str, Any]) -> dict[str, Any]:
    """Check the description of a shift, and fill in what it leaves out.

    Args:
        shift: `name`, and perhaps `pattern`, `magnitude`, `seed` and `goal`: whether a manifest
            shows the goal as "seen" in the shifted world, or the picture "recorded" before.

    Returns:
        All five.

    Raises:
        WmpcError: there is no such shift or key, or a value makes no sense.
    """
    given = {**DEFAULTS, **shift}
    if unknown := sorted(set(given) - {"name", *DEFAULTS}):
        raise WmpcError(f"A shift has no {unknown[0]!r}; it has name, {', '.join(DEFAULTS)}.")
    name, magnitude = given.get("name"), given["magnitude"]
    if name not in SHIFTS:
        raise WmpcError(f"There is no shift {name!r}; there are {', '.join(SHIFTS)}.")
    row = SHIFTS[name]
    number = isinstance(magnitude, int | float) and not isinstance(magnitude, bool)
    if not (number and np.isfinite(magnitude) and row.low <= magnitude <= row.high):
        raise WmpcError(
            f"A magnitude of {magnitude!r} came; that of {name} is in {row.unit}, from {row.low:g} "
            f"to {row.high:g}, and 0 changes nothing."
        )
    if name == "action_latency" and magnitude != int(magnitude):
        raise WmpcError(f"A latency of {magnitude} came; it counts whole simulator actions.")
    if not isinstance(given["pattern"], str) or not isinstance(given["seed"], int):
        raise WmpcError(f"A shift's pattern is text and its seed a whole number, not {given}.")
    if given["goal"] not in ("seen", "recorded"):
        raise WmpcError(f"A shift's goal {given['goal']!r} came; it is 'seen' or 'recorded'.")
    return given


def apply(task: Any, shift: Mapping[str, Any]) -> Any:
    """Shift a task.

    The agent is not told: the actions that the task reports are those commanded, not those that
    arrived. A variation may change before and after.

    Args:
        task: a `World`, changed in place.
        shift: see `complete`.

    Returns:
        The same task.

    Raises:
        WmpcError: the shift makes no sense, or its pattern matches nothing.
    """
    given = complete(shift)
    row, magnitude, seed = SHIFTS[given["name"]], float(given["magnitude"]), given["seed"]
    found = _found(task, row, given["pattern"])
    if magnitude == 0:
        return task
    if row.change is not None:
        row.change(task.model, found, magnitude, np.random.default_rng(seed))
        World.close(task)  # what was uploaded to OpenGL, the textures, is read again
    elif given["name"] == "action_latency":
        task.wires.append(senses.ActionLatency(found, magnitude))
    elif given["name"] == "action_noise":
        space = task.action_space
        task.wires.append(senses.ActionNoise(found, magnitude, seed, space.low, space.high))
    else:
        make = {"picture_noise": senses.picture_noise, "occlusion": senses.occlusion}
        task.lenses.append(make[given["name"]](magnitude, seed))
    return task


def _found(task: World, row: Shift, pattern: str) -> list[int]:
    """What the pattern matches in this task."""
    if row.kind == "picture":
        if not fnmatchcase("pixels", pattern):
            raise WmpcError(f"No picture matches {pattern!r}; there is pixels.")
        return []
    if not hasattr(task, "model"):
        raise WmpcError(f"{task.id} has no MuJoCo model that could be changed.")
    if pattern == OBJECTS:
        if not task.objects:
            raise WmpcError(f"{task.id} names no objects: give a pattern, such as '*'.")
        pattern = "|".join(task.objects.values())
    found = find(task.model, row.kind, pattern)
    if row.kind == "actuator" and row.change is None:  # of controls, not of actuators
        first, count = task.model.actuator_ctrladr, task.model.actuator_ctrlnum
        return [int(first[i]) + k for i in found for k in range(int(count[i]))]
    return found
