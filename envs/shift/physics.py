"""How a model moves: sizes, masses, friction, damping, strength.

Each function changes `model` in place: the parts `found` (indices), by `magnitude`. They draw
nothing from `rng`. States keep their meaning: no joint is added, moved or limited.
"""

import mujoco
import numpy as np

from wmpc.errors import WmpcError

SCALED = {
    mujoco.mjtGeom.mjGEOM_SPHERE.value,
    mujoco.mjtGeom.mjGEOM_CAPSULE.value,
    mujoco.mjtGeom.mjGEOM_ELLIPSOID.value,
    mujoco.mjtGeom.mjGEOM_CYLINDER.value,
    mujoco.mjtGeom.mjGEOM_BOX.value,
}
"""Geoms that their size makes. Planes are endless, meshes made of vertices."""


def size(
    model: mujoco.MjModel, found: list[int], magnitude: float, rng: np.random.Generator
) -> None:
    """Enlarge geoms around their own middle; their mass stays.

    Args:
        model: changed in place.
        found: indices of the parts, see `wmpc.envs.shift.names.find`.
        magnitude: the share added to their size.
        rng: not drawn from.

    Raises:
        WmpcError: none of them is a shape that its size makes.
    """
    scaled = [geom for geom in found if int(model.geom_type[geom]) in SCALED]
    if not scaled:
        raise WmpcError("Only spheres, capsules, ellipsoids, cylinders and boxes can be resized.")
    for geom in scaled:
        for field in (model.geom_size, model.geom_rbound, model.geom_aabb):
            field[geom] *= 1 + magnitude
    # The tree of bounding boxes over the geoms of a body was computed once, for the old sizes.
    model.opt.disableflags |= mujoco.mjtDisableBit.mjDSBL_MIDPHASE.value


def mass(
    model: mujoco.MjModel, found: list[int], magnitude: float, rng: np.random.Generator
) -> None:
    """Make bodies heavier and as much harder to turn; armature stays.

    Args:
        model: changed in place.
        found: indices of the parts, see `wmpc.envs.shift.names.find`.
        magnitude: the share added to mass and inertia.
        rng: not drawn from.

    Raises:
        WmpcError: all their masses are 0.
    """
    _scale(model.body_mass, found, magnitude, "mass")
    model.body_inertia[found] *= 1 + magnitude
    mujoco.mj_setConst(model, mujoco.MjData(model))  # what was derived from them


def friction(
    model: mujoco.MjModel, found: list[int], magnitude: float, rng: np.random.Generator
) -> None:
    """Raise the coefficient of sliding friction of geoms.

    Contacts without friction (condim 1) get it. MuJoCo takes the larger of two geoms' friction.

    Args:
        model: changed in place.
        found: indices of the parts, see `wmpc.envs.shift.names.find`.
        magnitude: added to the coefficient, which stays at least 0.
        rng: not drawn from.
    """
    model.geom_friction[found, 0] = np.maximum(model.geom_friction[found, 0] + magnitude, 0)
    model.geom_condim[found] = np.maximum(model.geom_condim[found], 3)


def joint_friction(
    model: mujoco.MjModel, found: list[int], magnitude: float, rng: np.random.Generator
) -> None:
    """Raise the dry friction of joints.

    Args:
        model: changed in place.
        found: indices of the parts, see `wmpc.envs.shift.names.find`.
        magnitude: added, in N (slides) or Nm (hinges); the sum stays at least 0.
        rng: not drawn from.
    """
    dofs = _dofs(model, found)
    model.dof_frictionloss[dofs] = np.maximum(model.dof_frictionloss[dofs] + magnitude, 0)


def damping(
    model: mujoco.MjModel, found: list[int], magnitude: float, rng: np.random.Generator
) -> None:
    """Damp joints more.

    Args:
        model: changed in place.
        found: indices of the parts, see `wmpc.envs.shift.names.find`.
        magnitude: the share added to their damping.
        rng: not drawn from.

    Raises:
        WmpcError: all their damping is 0.
    """
    dofs = _dofs(model, found)
    _scale(model.dof_damping, dofs, magnitude, "damping")
    model.dof_dampingpoly[dofs] *= 1 + magnitude


def gain(
    model: mujoco.MjModel, found: list[int], magnitude: float, rng: np.random.Generator
) -> None:
    """Make actuators stronger: their gain and their bias.

    A motor's force is scaled, and a servo is as much stiffer, with the target it had.

    Args:
        model: changed in place.
        found: indices of the parts, see `wmpc.envs.shift.names.find`.
        magnitude: the share added to both.
        rng: not drawn from.

    Raises:
        WmpcError: all their gains are 0.
    """
    _scale(model.actuator_gainprm, found, magnitude, "gain")
    model.actuator_biasprm[found] *= 1 + magnitude


def _scale(field: np.ndarray, rows: list[int], magnitude: float, what: str) -> None:
    """Multiply by 1 + magnitude; WmpcError where that is nothing."""
    if not field[rows].any():
        raise WmpcError(f"All that matches has {what} 0, of which a multiple is 0 as well.")
    field[rows] *= 1 + magnitude


def _dofs(model: mujoco.MjModel, joints: list[int]) -> list[int]:
    """The degrees of freedom of joints."""
    return [dof for dof in range(model.nv) if int(model.dof_jntid[dof]) in joints]
