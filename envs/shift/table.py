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


RELATIVE, SHARE = "share added to what it was", "share"
DERIVED = (  # what mj_setConst computes from masses and centres of mass
    "body_subtreemass", "body_invweight0", "dof_invweight0", "dof_M0", "actuator_acc0",
    "tendon_invweight0", "stat", "cam_poscom0", "light_poscom0",
)  # fmt: skip

SHIFTS = {
    "colour": Shift("geom", "share of the way to a random colour", 0, 1, looks.colour,
                    ("geom_rgba",)),
    "texture": Shift("geom", "share of the texture that is noise", 0, 1, looks.texture,
                     ("geom_matid", "tex_data")),
    "light": Shift("light", RELATIVE, -1, np.inf, looks.light,
                   ("vis", "light_ambient", "light_diffuse", "light_specular")),
    "light_position": Shift("light", "m", 0, np.inf, looks.light_position,
                            ("light_pos", "light_pos0", "light_poscom0", "light_dir",
                             "light_dir0")),
    "camera": Shift("camera", "m", 0, np.inf, looks.camera,
                    ("cam_pos", "cam_pos0", "cam_poscom0")),
    "camera_turn": Shift("camera", "degrees", 0, 180, looks.camera_turn,
                         ("cam_quat", "cam_mat0")),
    "camera_fov": Shift("camera", RELATIVE, -0.9, 10, looks.camera_fov, ("cam_fovy",)),
    "size": Shift("geom", RELATIVE, -0.9, 10, physics.size,
                  ("geom_size", "geom_rbound", "geom_aabb", "opt"), moves=True),
    "mass": Shift("body", RELATIVE, -0.9, np.inf, physics.mass,
                  ("body_mass", "body_inertia", *DERIVED), moves=True),
    "friction": Shift("geom", "coefficient added", change=physics.friction,
                      fields=("geom_friction", "geom_condim"), moves=True),
    "joint_friction": Shift("joint", "N or Nm added", change=physics.joint_friction,
                            fields=("dof_frictionloss",), moves=True),
    "damping": Shift("joint", RELATIVE, -1, np.inf, physics.damping,
                     ("dof_damping", "dof_dampingpoly"), moves=True),
    "gain": Shift("actuator", RELATIVE, -1, np.inf, physics.gain,
                  ("actuator_gainprm", "actuator_biasprm"), moves=True),
    "action_latency": Shift("actuator", "simulator actions", 0, 1000, moves=True),
    "action_noise": Shift("actuator", "standard deviation, in halves of the action's range", 0,
                          10, moves=True),
    "picture_noise": Shift("picture", "standard deviation, in grey levels of 255", 0, 255),
    "occlusion": Shift("picture", "share of the picture covered", 0, 1),
}  # fmt: skip
