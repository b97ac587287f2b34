"""Frames a second of `env.render()` at 64 px on one core, beside MuJoCo's default settings.

    python benchmarks/rendering.py [seconds a measurement]

Pins itself to one core, software OpenGL included. Every picture is of another state. Our models
have the headlight only; with a light that casts shadows, MuJoCo's defaults are far slower still.
"""

import os
import sys
import time
from collections.abc import Callable

core = min(os.sched_getaffinity(0))
os.sched_setaffinity(0, {core})

import numpy as np  # noqa: E402

from wmpc import envs  # noqa: E402

BARS = {"wmpc/Reacher-v0": 400, "wmpc/TwoRoom-v0": 400, "wmpc/PushT-v0": 250}


def frames_per_second(picture: Callable[[int], object], seconds: float) -> float:
    """How often `picture(i)` is made in a second, after a warm-up."""
    for index in range(3):
        picture(index)
    count, started = 0, time.perf_counter()
    while time.perf_counter() - started < seconds:
        picture(count)
        count += 1
    return count / (time.perf_counter() - started)


def main(seconds: float = 3.0) -> int:
    import mujoco  # after envs, which chooses the OpenGL backend

    print(f"core {core}, MUJOCO_GL={os.environ.get('MUJOCO_GL')}, 64 x 64 pixels")
    print(f"{'task':18}{'render/s':>10}{'default/s':>11}{'ratio':>8}{'step/s':>9}{'bar':>6}")
    missed = 0
    for name in envs.ids():
        task = envs.make(name)
        task.reset(seed=0)
        rng = np.random.default_rng(0)
        states = [task.sample_state(rng) for _ in range(64)]

        def ours(index: int, task=task, states=states) -> object:
            task.set_state(states[index % 64])
            return task.render()

        fast = frames_per_second(ours, seconds)
        task.reset(seed=0)
        action = np.zeros(task.action_space.shape, np.float32)
        steps = frames_per_second(lambda _, task=task, a=action: task.step(a), seconds)

        model = envs.make(name).model  # untouched, so with MuJoCo's own render quality
        data, renderer = mujoco.MjData(model), mujoco.Renderer(model, 64, 64)

        def default(index: int, data=data, renderer=renderer, states=states, model=model) -> object:
            mujoco.mj_setState(
                model, data, states[index % 64], mujoco.mjtState.mjSTATE_INTEGRATION.value
            )
            mujoco.mj_forward(model, data)
            renderer.update_scene(data, camera="top")
            return renderer.render()

        slow = frames_per_second(default, seconds)
        bar = BARS.get(name, 0)
        missed += fast < bar
        print(f"{name:18}{fast:10.0f}{slow:11.1f}{fast / slow:8.1f}{steps:9.0f}{bar:6}")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main(*map(float, sys.argv[1:])))
