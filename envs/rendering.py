"""Pictures of a MuJoCo model, fast on software OpenGL.

Almost all the time of a small picture goes into the shadow map, so shadows, reflections and
multisampling are off unless asked for. That changes pixels: the settings belong to the identity of
every dataset and checkpoint.
"""

from dataclasses import asdict, dataclass
from typing import Any

import mujoco
import numpy as np

from wmpc.envs import gl
from wmpc.errors import WmpcError

NO_BUFFER = 0x506
"""GL_INVALID_FRAMEBUFFER_OPERATION. Some models draw well with errors of other kinds."""
ERRORS = 8
"""The kinds that there are."""
SHADOW_MAP = 4096  # MuJoCo's default shadow map size, pixels
LARGEST = 4096  # software OpenGL's largest side is 16384; this bounds memory


@dataclass(frozen=True)
class RenderSettings:
    """What a picture depends on beside the state: its size in pixels, camera and effects."""

    width: int = 64
    height: int = 64
    camera: str | int = "top"
    shadows: bool = False
    reflections: bool = False
    samples: int = 0
    """Samples a pixel for antialiasing; 0: none."""

    def __post_init__(self) -> None:
        for side in (self.width, self.height):
            if not isinstance(side, int) or not 1 <= side <= LARGEST:
                raise WmpcError(
                    f"A picture of {self.width} x {self.height} pixels cannot be drawn; give whole "
                    f"numbers from 1 to {LARGEST}."
                )

    def as_dict(self) -> dict[str, Any]:
        """Write the settings as plain JSON values.

        Returns:
            By name of the field.
        """
        return asdict(self)


class Renderer:
    """Draws states of one model. Use it in the thread that made it.

    Sets `model.vis.quality` and the size of the off-screen buffer, which are read when the context
    is made. Raises WmpcError on an unknown camera or without OpenGL.
    """

    def __init__(self, model: mujoco.MjModel, settings: RenderSettings) -> None:
        model.vis.quality.shadowsize = SHADOW_MAP if settings.shadows else 0
        model.vis.quality.offsamples = settings.samples
        model.vis.global_.offwidth, model.vis.global_.offheight = settings.width, settings.height
        self.settings = settings
        self._model = model
        self._camera = _camera(model, settings.camera)
        self._option = mujoco.MjvOption()
        self._scene = mujoco.MjvScene(model, maxgeom=model.ngeom + 100)
        self._scene.flags[mujoco.mjtRndFlag.mjRND_SHADOW] = settings.shadows
        self._scene.flags[mujoco.mjtRndFlag.mjRND_REFLECTION] = settings.reflections
        self._rectangle = mujoco.MjrRect(0, 0, settings.width, settings.height)
        self._flipped = np.empty((settings.height, settings.width, 3), np.uint8)
        self._gl: Any = gl.context(settings.width, settings.height)
        self._context: Any = self._upload()

    def _upload(self) -> Any:
        """Give OpenGL the model's meshes and textures, and a buffer to draw into."""
        try:
            context = mujoco.MjrContext(self._model, mujoco.mjtFontScale.mjFONTSCALE_50.value)
        except mujoco.FatalError as error:
            raise gl.no_picture(error) from error
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN.value, context)
        return context

    def render(self, data: mujoco.MjData) -> np.ndarray:
        """Draw a picture.

        Args:
            data: of this model, whose kinematics must be up to date.

        Returns:
            (H, W, 3) uint8.

        Raises:
            WmpcError: the renderer is closed, or OpenGL fails.
        """
        if self._context is None:
            raise WmpcError("This renderer is closed; make a new one.")
        self._gl.make_current()
        everything = mujoco.mjtCatBit.mjCAT_ALL.value
        mujoco.mjv_updateScene(
            self._model, data, self._option, None, self._camera, everything, self._scene
        )
        if not self._draw():
            # Another library freed its own objects while our context was current, such as
            # gymnasium's renderer when it is collected: ours have the same names, and are gone.
            self._context.free()
            self._context = self._upload()
            if not self._draw():
                raise gl.no_picture(RuntimeError("OpenGL keeps no buffer to draw into"))
        return self._flipped[::-1].copy()  # OpenGL's rows run upwards

    def _draw(self) -> bool:
        """Draw the scene and read the pixels; tell whether the buffer was there to draw into."""
        mujoco.mjr_render(self._rectangle, self._scene, self._context)
        mujoco.mjr_readPixels(self._flipped, None, self._rectangle, self._context)
        errors = [mujoco.mjr_getError() for _ in range(ERRORS)]  # it keeps one of each kind
        return NO_BUFFER not in errors

    def close(self) -> None:
        """Free the context; the renderer cannot draw afterwards."""
        if getattr(self, "_context", None) is not None:
            with self._gl.as_current():  # else the objects of another renderer would be freed
                self._context.free()
            self._gl.free()
            self._gl = self._context = None

    def __del__(self) -> None:
        self.close()


def _camera(model: mujoco.MjModel, name: str | int) -> mujoco.MjvCamera:
    """The fixed camera of that name or index, or with -1 the free camera around the model."""
    camera = mujoco.MjvCamera()
    names = [model.camera(index).name for index in range(model.ncam)]
    index = names.index(name) if name in names else name
    if index == -1:
        mujoco.mjv_defaultFreeCamera(model, camera)
    elif isinstance(index, int) and 0 <= index < model.ncam:
        camera.type = mujoco.mjtCamera.mjCAMERA_FIXED
        camera.fixedcamid = index
    else:
        raise WmpcError(
            f"No camera {name!r}; this model has {names or 'none'}, and -1 is the free camera."
        )
    return camera
