"""How a model looks: colours, textures, lights, cameras. The motion stays what it was.

Each function changes `model` in place: the parts `found` (indices), by `magnitude`, in directions
and colours drawn from `rng`, so that one seed and growing magnitudes go ever further the same way.
"""

import mujoco
import numpy as np

from wmpc.errors import WmpcError

FAR = 0.5
"""Least distance in RGB (each channel from 0 to 1) between a colour and the one it is sent to."""
UNSET = np.array([0.5, 0.5, 0.5, 1], np.float32)
"""MuJoCo's colour of a geom that was given none: then its material's counts."""


def colour(
    model: mujoco.MjModel, found: list[int], magnitude: float, rng: np.random.Generator
) -> None:
    """Send geoms part of the way to random colours.

    Args:
        model: changed in place.
        found: indices of the parts, see `wmpc.envs.shift.names.find`.
        magnitude: share of the way, 0 to 1; 1 is that colour itself.
        rng: draws a colour for each geom.
    """
    for geom in found:
        own, material = model.geom_rgba[geom], int(model.geom_matid[geom])
        if material >= 0 and np.array_equal(own, UNSET):
            own = model.mat_rgba[material]
        target = rng.uniform(size=3)
        while np.linalg.norm(target - own[:3]) < FAR:
            target = rng.uniform(size=3)
        blend = (1 - magnitude) * own[:3] + magnitude * target
        model.geom_rgba[geom] = [*blend, own[3]]


def hide(model: mujoco.MjModel, found: list[int]) -> None:
    """Make geoms invisible; what they touch they touch still.

    Args:
        model: changed in place.
        found: indices of the geoms.
    """
    model.geom_rgba[found] = 0  # an alpha of 0; MuJoCo then leaves them out


def texture(
    model: mujoco.MjModel, found: list[int], magnitude: float, rng: np.random.Generator
) -> None:
    """Blend the textures of geoms with coloured noise.

    A geom without a texture gets the model's first textured material, and keeps its colour.

    Args:
        model: changed in place.
        found: indices of the parts, see `wmpc.envs.shift.names.find`.
        magnitude: share of a texture that is noise, 0 to 1.
        rng: draws the noise.

    Raises:
        WmpcError: the model has no textured material, which geoms could wear.
    """
    spare = next((i for i in range(model.nmat) if _texture(model, i) >= 0), None)
    painted: set[int] = set()
    for geom in found:
        material = int(model.geom_matid[geom])
        if material < 0 or _texture(model, material) < 0:
            if spare is None:
                raise WmpcError("This model has no textured material, which geoms could wear.")
            material = model.geom_matid[geom] = spare
        painted.add(_texture(model, material))
    for index in sorted(painted):
        first = int(model.tex_adr[index])
        size = int(model.tex_height[index] * model.tex_width[index] * model.tex_nchannel[index])
        pixels = model.tex_data[first : first + size]
        noise = rng.integers(0, 256, size)
        pixels[:] = np.rint((1 - magnitude) * pixels + magnitude * noise)


def light(
    model: mujoco.MjModel, found: list[int], magnitude: float, rng: np.random.Generator
) -> None:
    """Make lights brighter or darker.

    Args:
        model: changed in place.
        found: indices of the parts, see `wmpc.envs.shift.names.find`.
        magnitude: share added to their brightness; -1 is dark.
        rng: not drawn from.
    """
    for index in found:
        for part in ("ambient", "diffuse", "specular"):
            lit = getattr(model.vis.headlight, part)
            if index >= 0:
                lit = getattr(model, f"light_{part}")[index]
            lit *= 1 + magnitude


def light_position(
    model: mujoco.MjModel, found: list[int], magnitude: float, rng: np.random.Generator
) -> None:
    """Move lights but the headlight, and turn them to light the place they lit.

    That place is taken to be one light's distance from the origin away; a light far off, or
    directional, therefore turns as a lamp would that was moved and aimed again.

    Args:
        model: changed in place.
        found: indices of the parts, see `wmpc.envs.shift.names.find`.
        magnitude: m.
        rng: draws a direction for each light.

    Raises:
        WmpcError: only the headlight is among them.
    """
    lamps = [index for index in found if index >= 0]
    if not lamps:
        raise WmpcError("The headlight stands where the camera stands; this shift moves others.")
    for index in lamps:
        step = magnitude * _direction(rng)
        distance = max(float(np.linalg.norm(model.light_pos[index])), 1.0)
        for place in (model.light_pos, model.light_pos0, model.light_poscom0):
            place[index] += step
        for aim in (model.light_dir, model.light_dir0):
            aimed = distance * aim[index] - step
            aim[index] = aimed / np.linalg.norm(aimed)


def camera(
    model: mujoco.MjModel, found: list[int], magnitude: float, rng: np.random.Generator
) -> None:
    """Move cameras within their picture's plane.

    Args:
        model: changed in place.
        found: indices of the parts, see `wmpc.envs.shift.names.find`.
        magnitude: m.
        rng: draws a direction for each camera.
    """
    for index in found:
        angle, own = rng.uniform(-np.pi, np.pi), np.empty(9)
        mujoco.mju_quat2Mat(own, model.cam_quat[index])
        step = magnitude * np.array([np.cos(angle), np.sin(angle), 0])  # right, up
        model.cam_pos[index] += own.reshape(3, 3) @ step
        for place in (model.cam_pos0, model.cam_poscom0):  # in the world's axes
            place[index] += model.cam_mat0[index].reshape(3, 3) @ step


def camera_turn(
    model: mujoco.MjModel, found: list[int], magnitude: float, rng: np.random.Generator
) -> None:
    """Turn cameras around random axes.

    Args:
        model: changed in place.
        found: indices of the parts, see `wmpc.envs.shift.names.find`.
        magnitude: degrees.
        rng: draws an axis for each camera.
    """
    for index in found:
        turn, whole, matrix = np.empty(4), np.empty(4), np.empty(9)
        mujoco.mju_axisAngle2Quat(turn, _direction(rng), np.deg2rad(magnitude))
        mujoco.mju_mulQuat(whole, model.cam_quat[index], turn)
        model.cam_quat[index] = whole
        mujoco.mju_quat2Mat(matrix, turn)
        seen = model.cam_mat0[index].reshape(3, 3) @ matrix.reshape(3, 3)
        model.cam_mat0[index] = seen.ravel()


def camera_fov(
    model: mujoco.MjModel, found: list[int], magnitude: float, rng: np.random.Generator
) -> None:
    """Widen the field of view of cameras: a length, or with a perspective its angle.

    Args:
        model: changed in place.
        found: indices of the parts, see `wmpc.envs.shift.names.find`.
        magnitude: share added to it.
        rng: not drawn from.
    """
    for index in found:
        model.cam_fovy[index] *= 1 + magnitude


def _texture(model: mujoco.MjModel, material: int) -> int:
    """Index of a material's colour texture, -1 for none."""
    return int(model.mat_texid[material, mujoco.mjtTextureRole.mjTEXROLE_RGB.value])


def _direction(rng: np.random.Generator) -> np.ndarray:
    """A unit vector (3,)."""
    vector = rng.standard_normal(3)
    return vector / np.linalg.norm(vector)
