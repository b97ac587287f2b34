"""Finding the parts of a model by name pattern."""

from fnmatch import fnmatchcase

import mujoco

from wmpc.errors import WmpcError

TYPES = {
    "geom": mujoco.mjtObj.mjOBJ_GEOM,
    "body": mujoco.mjtObj.mjOBJ_BODY,
    "joint": mujoco.mjtObj.mjOBJ_JOINT,
    "actuator": mujoco.mjtObj.mjOBJ_ACTUATOR,
    "camera": mujoco.mjtObj.mjOBJ_CAMERA,
    "light": mujoco.mjtObj.mjOBJ_LIGHT,
}
HEADLIGHT = "headlight"
"""Every model has this light, which stands where the camera stands; its index is -1."""


def find(model: mujoco.MjModel, kind: str, pattern: str) -> list[int]:
    """Find the parts of a model by a pattern of their names.

    Geoms and joints are also found by the name of their body, for many have none of their own.

    Args:
        model: where to look.
        kind: a key of `TYPES`.
        pattern: fnmatch's (`*`, `?`, `[...]`), or several with `|` between them.

    Returns:
        Indices in ascending order; -1 is the headlight.

    Raises:
        WmpcError: nothing matches.
    """
    names = _names(model, kind)
    wanted = pattern.split("|")
    found = [i for i, own in names if any(fnmatchcase(n, p) for n in own for p in wanted)]
    if not found:
        there = sorted({name for _, own in names for name in own if name})
        raise WmpcError(
            f"No {kind} matches {pattern!r}; this model has "
            + (f"{', '.join(there)}." if there else f"{len(names) or 'no'} {kind}s without a name.")
        )
    return found


def _names(model: mujoco.MjModel, kind: str) -> list[tuple[int, tuple[str, ...]]]:
    """Index and names of all parts of a kind."""
    counts = {
        "geom": model.ngeom,
        "body": model.nbody,
        "joint": model.njnt,
        "actuator": len(model.actuator_gaintype),
        "camera": model.ncam,
        "light": model.nlight,
    }
    owners = {"geom": model.geom_bodyid, "joint": model.jnt_bodyid}
    parts = []
    for index in range(counts[kind]):
        own = (_name(model, kind, index),)
        if kind in owners:
            own += (_name(model, "body", int(owners[kind][index])),)
        parts.append((index, own))
    return [*parts, (-1, (HEADLIGHT,))] if kind == "light" else parts


def _name(model: mujoco.MjModel, kind: str, index: int) -> str:
    return mujoco.mj_id2name(model, TYPES[kind].value, index) or ""
