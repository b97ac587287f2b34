"""Pictures: settings count, renderers do not disturb each other, failures name their fix."""

import json
import os
import subprocess
import sys

import mujoco
import numpy as np
import pytest

from wmpc import envs
from wmpc.envs import gl
from wmpc.envs.rendering import Renderer, RenderSettings
from wmpc.errors import WmpcError


@pytest.fixture
def scene():
    model = envs.make("wmpc/PushT-v0").model
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    return model, data


def python(code, **environment):
    clean = {k: v for k, v in os.environ.items() if k not in ("MUJOCO_GL", "PYOPENGL_PLATFORM")}
    clean = {k: v for k, v in {**clean, **environment}.items() if v is not None}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=clean, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_settings_are_plain_and_change_pixels(scene):
    fast = RenderSettings()
    assert json.loads(json.dumps(fast.as_dict())) == fast.as_dict()
    pictures = []
    for settings in (fast, RenderSettings(shadows=True, samples=4), RenderSettings(32, 48)):
        renderer = Renderer(scene[0], settings)
        pictures.append(renderer.render(scene[1]))
        renderer.close()
    assert pictures[0].dtype == np.uint8 and pictures[2].shape == (48, 32, 3)
    assert not np.array_equal(pictures[0], pictures[1])


def test_up_is_up(scene):
    model, data = scene
    data.qpos[:] = 0, 0.8, 0, -0.3, 0
    mujoco.mj_forward(model, data)
    picture = Renderer(model, RenderSettings()).render(data).astype(int)
    blue = picture[..., 2] - picture[..., 0] > 80
    rows, columns = np.nonzero(blue)
    assert rows.mean() < 10 and abs(columns.mean() - 31.5) < 1


def test_renderers_come_and_go_side_by_side(scene):
    model, data = scene
    first = Renderer(model, RenderSettings())
    picture = first.render(data)
    for size in (16, 128):
        other = Renderer(model, RenderSettings(size, size))
        other.render(data)
        del other  # must not free what belongs to the first
        assert np.array_equal(first.render(data), picture)
    first.close()
    first.close()
    with pytest.raises(WmpcError, match="closed"):
        first.render(data)


def test_what_another_library_frees_in_our_context_is_made_anew(scene):
    """As gymnasium's renderer does where it is collected while ours is current."""
    model, data = scene
    renderer = Renderer(model, RenderSettings())
    here = renderer.render(data)
    data.qpos[0] += 0.3
    mujoco.mj_forward(model, data)
    there = renderer.render(data)
    assert not np.array_equal(here, there)
    kept = gl.context(64, 64)
    foreign = mujoco.MjrContext(model, mujoco.mjtFontScale.mjFONTSCALE_50.value)
    np.testing.assert_array_equal(renderer.render(data), there)
    foreign.free()  # its names are those of ours
    np.testing.assert_array_equal(renderer.render(data), there)
    data.qpos[0] -= 0.3
    mujoco.mj_forward(model, data)
    np.testing.assert_array_equal(renderer.render(data), here)
    renderer.close()
    kept.free()


def test_a_picture_given_away_stays_as_it_was(scene):
    model, data = scene
    renderer = Renderer(model, RenderSettings())
    kept = renderer.render(data)
    copied = kept.copy()
    data.qpos[:] = 0.5
    mujoco.mj_forward(model, data)
    renderer.render(data)
    assert np.array_equal(kept, copied)


def test_unknown_camera_names_the_cameras(scene):
    for camera in ("side", 7, -2):
        with pytest.raises(WmpcError, match="top"):
            Renderer(scene[0], RenderSettings(camera=camera))


def test_a_mujoco_imported_first_draws_all_the_same():
    code = "from wmpc import envs; task = envs.make('wmpc/Reacher-v0'); "
    code += "print(task.reset(seed=0)[0]['pixels'].sum())"
    assert python(f"import mujoco; {code}", DISPLAY=None) == python(code, DISPLAY=None)


def test_importing_envs_stays_light():
    code = "import sys, wmpc.envs; "
    code += "print([m for m in ('mujoco', 'torch', 'OpenGL') if m in sys.modules])"
    assert python(code).strip() == "[]"


@pytest.mark.parametrize("backend", ["glfw", "osmesa"])
def test_no_backend_is_one_sentence_with_the_fix(backend):
    code = (
        "import ctypes\n"
        "class CDLL(ctypes.CDLL):\n"
        "    def __init__(self, name, *rest, **more):\n"
        "        if 'OSMesa' in str(name):\n            raise OSError(name)\n"
        "        super().__init__(name, *rest, **more)\n"
        "ctypes.CDLL = CDLL\n"
        "import numpy\n"
        "from wmpc import envs\n"
        "from wmpc.errors import WmpcError\n"
        "task = envs.make('wmpc/Reacher-v0')\n"
        "task.set_state(task.sample_state(numpy.random.default_rng(0)))\n"  # needs no picture
        "try:\n    task.reset(seed=0)\n"
        "except WmpcError as error:\n    print(error)"
    )
    said = python(code, MUJOCO_GL=backend, DISPLAY=None, WAYLAND_DISPLAY=None)
    assert f"MUJOCO_GL={backend}" in said and "apt-get install libegl1" in said


def test_choose_prefers_what_can_be_loaded(monkeypatch):
    monkeypatch.setenv("MUJOCO_GL", "")
    monkeypatch.delenv("PYOPENGL_PLATFORM", raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(gl, "loads", lambda backend: backend == "osmesa")
    assert gl.choose() == "osmesa" == os.environ["PYOPENGL_PLATFORM"]
    monkeypatch.setenv("MUJOCO_GL", "glfw")
    assert gl.choose() == "glfw"


def test_probe_says_what_it_got_or_why_not():
    found = gl.probe(os.environ["MUJOCO_GL"])
    assert found["renderer"] and 0 < found["milliseconds"] < 1000
    hung = gl.probe("egl", timeout=0.01)
    assert "error" in hung and "renderer" not in hung
    with pytest.raises(WmpcError, match="osmesa"):
        gl.probe("vulkan")
