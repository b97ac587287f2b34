"""Which OpenGL MuJoCo draws with. Imported before mujoco, since MUJOCO_GL is read only once.

`probe` tries one backend in a subprocess (`backend_probe.py`), so that one that hangs or kills its
process can be reported.
"""

import ctypes
import json
import os
import subprocess
import sys
from typing import Any

from wmpc.errors import WmpcError

BACKENDS = ("egl", "osmesa", "glfw")
LIBRARIES = {"egl": ("libEGL.so.1", "libEGL.so"), "osmesa": ("libOSMesa.so.8", "libOSMesa.so")}
ASKED = os.environ.get("MUJOCO_GL", "")  # before `choose`
FIX = (
    "Install a software renderer (`apt-get install libegl1 libgl1-mesa-dri`, or `libosmesa6`), "
    "or set MUJOCO_GL to a backend that works before importing mujoco; `wmpc doctor` tries each."
)


def loads(backend: str) -> bool:
    """Try to load the shared library of a backend.

    Args:
        backend: "egl" or "osmesa".

    Returns:
        Whether it can be loaded.
    """
    for name in LIBRARIES[backend]:
        try:
            ctypes.CDLL(name)
        except OSError:
            continue
        return True
    return False


def choose() -> str:
    """Set MUJOCO_GL and PYOPENGL_PLATFORM where they are unset: egl, else osmesa.

    A backend that was asked for and whose library cannot be loaded becomes "disabled".

    Returns:
        The backend; empty where MuJoCo's own default is left to choose.
    """
    backend = os.environ.get("MUJOCO_GL", "").strip().lower()
    if not backend and sys.platform == "linux":
        backend = next((name for name in LIBRARIES if loads(name)), "")
    elif backend in LIBRARIES and not loads(backend):
        backend = "disabled"  # else `import mujoco` itself would fail, obscurely
    if backend:
        os.environ["MUJOCO_GL"] = backend
    if backend in LIBRARIES:
        os.environ.setdefault("PYOPENGL_PLATFORM", backend)
    # Mesa's software renderer in the calling thread: a third less time for small pictures.
    os.environ.setdefault("LP_NUM_THREADS", "0")
    return backend


def context(width: int, height: int) -> Any:
    """Make an OpenGL context, current in this thread.

    The backend's own class is used rather than `mujoco.GLContext`, so that a mujoco imported
    before this package, with MUJOCO_GL still unset, draws all the same.

    Args:
        width: of the off-screen buffer, pixels.
        height: the same.

    Returns:
        The backend's context.

    Raises:
        WmpcError: no backend works here.
    """
    backend = choose()
    try:
        if backend == "egl":
            from mujoco.egl import GLContext
        elif backend == "osmesa":
            from mujoco.osmesa import GLContext
        elif backend == "disabled":
            raise OSError("its library cannot be loaded, or pictures were switched off")
        else:
            from mujoco import GLContext
        made = GLContext(width, height)
        made.make_current()
        return made
    except Exception as error:  # every backend has its own way to fail
        raise no_picture(error) from error


def renderer() -> str:
    """Ask what draws in the context that is current.

    Returns:
        OpenGL's own name of it, such as "llvmpipe (LLVM 15.0.6, 256 bits)"; empty where there is no
        context.
    """
    from OpenGL import GL  # for the platform that the context has settled

    name = GL.glGetString(GL.GL_RENDERER)
    return name.decode() if isinstance(name, bytes) else ""


def no_picture(cause: Exception) -> WmpcError:
    """Make the error for a backend that does not draw.

    Args:
        cause: what the backend raised.

    Returns:
        An error that says what was tried and what to install.
    """
    asked = ASKED or os.environ.get("MUJOCO_GL")
    tried = f"MUJOCO_GL={asked}" if asked else "no MUJOCO_GL, and neither EGL nor OSMesa found"
    reason = str(cause).strip().rstrip(".") or type(cause).__name__
    return WmpcError(f"No picture can be drawn here ({tried}): {reason}. {FIX}")


def probe(backend: str, timeout: float = 20.0) -> dict[str, Any]:
    """Try a backend in a subprocess, which may hang or die.

    Args:
        backend: one of `BACKENDS`.
        timeout: seconds until it counts as hung.

    Returns:
        `{"backend", "renderer", "milliseconds"}`: the GL_RENDERER string really got, and the time
        of one 64 px picture of the Reacher; or `{"backend", "error"}`.

    Raises:
        WmpcError: there is no such backend.
    """
    if backend not in BACKENDS:
        raise WmpcError(f"No GL backend {backend!r}; there are {', '.join(BACKENDS)}.")
    environment = {k: v for k, v in os.environ.items() if k != "PYOPENGL_PLATFORM"}
    environment["MUJOCO_GL"] = backend
    command = [sys.executable, "-m", "wmpc.envs.backend_probe", backend]
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=timeout
        )
    except subprocess.TimeoutExpired:
        return {"backend": backend, "error": f"no picture within {timeout:g} s"}
    try:
        return json.loads(done.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        return {"backend": backend, "error": last}
