"""All shifts: what each matches, in which unit its magnitude counts, and what it touches."""

from collections.abc import Callable
from dataclasses import dataclass

import mujoco
import numpy as np

from wmpc.envs.shift import looks, physics

Change = Callable[[mujoco.MjModel, list[int], float, np.random.Generator], None]


@dataclass(frozen=True)
class Shift:
    """One row. Magnitude 0 changes nothing, to the bit."""

    kind: str
    """What the pattern is matched against: a kind of `wmpc.envs.shift.names`, or "picture"."""
    unit: str
    """Of the magnitude."""
    magnitudes: tuple[float, ...]
    """Tried by default, one evaluation each; the first changes nothing."""
    low: float = -np.inf
    high: float = np.inf
    """Bounds of the magnitude."""
    change: Change | None = None
    """What it does to a model; None: it stands between world and agent
    (`wmpc.envs.shift.senses`)."""
    fields: tuple[str, ...] = ()
    """The fields of `MjModel` that it may change, `opt` and `vis` among them."""
    moves: bool = False
    """Whether the same actions lead elsewhere."""
    pattern: str = "*"
    """Of the names of what is shifted, by default; objects: the task's own."""


RELATIVE, SHARE = "share added to what it was", "share"
DERIVED = (  # what mj_setConst computes from masses and centres of mass
    "body_subtreemass", "body_invweight0", "dof_invweight0", "dof_M0", "actuator_acc0",
    "tendon_invweight0", "stat", "cam_poscom0", "light_poscom0",
)  # fmt: skip

SHIFTS = {
    # All geoms drift towards random colours.
    "colour": Shift("geom", "share of the way to a random colour", (0, 0.1, 0.25, 0.5, 1), 0, 1,
                    looks.colour, ("geom_rgba",)),
    # All geoms become speckled.
    "texture": Shift("geom", "share of the texture that is noise", (0, 0.1, 0.25, 0.5, 1), 0, 1,
                     looks.texture, ("geom_matid", "tex_data")),
    # The light dims; headlight is the one that every model has.
    "light": Shift("light", RELATIVE, (0, -0.2, -0.4, -0.6, -0.8), -1, np.inf, looks.light,
                   ("vis", "light_ambient", "light_diffuse", "light_specular")),
    # Lamps move; for models that have some, which our own tasks do not.
    "light_position": Shift("light", "m", (0, 0.5, 1, 2), 0, np.inf, looks.light_position,
                            ("light_pos", "light_pos0", "light_poscom0", "light_dir",
                             "light_dir0")),
    # The camera moves sideways.
    "camera": Shift("camera", "m", (0, 0.02, 0.05, 0.1, 0.2), 0, np.inf, looks.camera,
                    ("cam_pos", "cam_pos0", "cam_poscom0")),
    # The camera turns around a random axis.
    "camera_turn": Shift("camera", "degrees", (0, 1, 2, 5, 10), 0, 180, looks.camera_turn,
                         ("cam_quat", "cam_mat0")),
    # The camera's field of view widens.
    "camera_fov": Shift("camera", RELATIVE, (0, 0.05, 0.1, 0.2, 0.4), -0.9, 10, looks.camera_fov,
                        ("cam_fovy",)),
    # The task's objects grow.
    "size": Shift("geom", RELATIVE, (0, 0.1, 0.25, 0.5), -0.9, 10, physics.size,
                  ("geom_size", "geom_rbound", "geom_aabb", "opt"), moves=True, pattern="objects"),
    # All bodies grow heavier.
    "mass": Shift("body", RELATIVE, (0, 0.5, 1, 3), -0.9, np.inf, physics.mass,
                  ("body_mass", "body_inertia", *DERIVED), moves=True),
    # Frictionless contacts stick.
    "friction": Shift("geom", "coefficient added", (0, 0.1, 0.3, 1), change=physics.friction,
                      fields=("geom_friction", "geom_condim"), moves=True),
    # Joints get dry friction.
    "joint_friction": Shift("joint", "N or Nm added", (0, 0.1, 0.3, 1),
                            change=physics.joint_friction, fields=("dof_frictionloss",),
                            moves=True),
    # All joints are damped more.
    "damping": Shift("joint", RELATIVE, (0, 0.5, 1, 2, 4), -1, np.inf, physics.damping,
                     ("dof_damping", "dof_dampingpoly"), moves=True),
    # All actuators weaken.
    "gain": Shift("actuator", RELATIVE, (0, -0.2, -0.4, -0.6, -0.8), -1, np.inf, physics.gain,
                  ("actuator_gainprm", "actuator_biasprm"), moves=True),
    # Actions arrive late.
    "action_latency": Shift("actuator", "simulator actions", (0, 1, 2, 5, 10), 0, 1000,
                            moves=True),
    # Actions arrive altered.
    "action_noise": Shift("actuator", "standard deviation, in halves of the action's range",
                          (0, 0.1, 0.2, 0.5, 1), 0, 10, moves=True),
    # Pictures are noisy, the goal's too.
    "picture_noise": Shift("picture", "standard deviation, in grey levels of 255",
                           (0, 5, 10, 20, 40), 0, 255),
    # A part of the picture is covered, the goal's too.
    "occlusion": Shift("picture", "share of the picture covered", (0, 0.01, 0.05, 0.1, 0.2), 0, 1),
}  # fmt: skip


def presets() -> dict[str, dict[str, object]]:
    """List what each shift puts in the place of the keys of `configs/shift/none.yaml`.

    Returns:
        By name of the shift: its `name`, `pattern` and `magnitudes`.
    """
    return {
        name: {"name": name, "pattern": row.pattern, "magnitudes": [*row.magnitudes]}
        for name, row in SHIFTS.items()
    }
