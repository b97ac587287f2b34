"""Record a gymnasium MuJoCo environment with Minari: pixels, its own observation, qpos and qvel.

    pip install 'wmpc[data]' 'minari[create,hdf5]'
    python examples/record_minari.py wmpc/reacher-v0 500 [still]

With `still` the target, which nothing moves, is at one place in all episodes: docs/lab-notes.md
says why that matters.

Nothing of wmpc is used here but the choice of an OpenGL backend; the set lands where Minari keeps
its own (MINARI_DATASETS_PATH). How to import it, train on it and evaluate: docs/data.md.
"""

import sys

import gymnasium
import numpy as np
from gymnasium.wrappers import AddRenderObservation
from minari import DataCollector, StepDataCallback

from wmpc import envs  # noqa: F401  chooses how MuJoCo draws

CAMERA = {"distance": 0.5, "elevation": -90.0, "azimuth": 90.0, "lookat": [0.0, 0.0, 0.0]}
# Without "lookat" gymnasium aims the camera by what it happens to draw first.
STEPS, STRENGTH = 100, 0.3


class StillTarget(gymnasium.Wrapper):
    """Puts the target, the last two of qpos, at one place."""

    def reset(self, **options):
        super().reset(**options)
        base, physics = self.unwrapped, self.unwrapped.data
        base.set_state(np.array([*physics.qpos[:2], 0.12, 0.12]), physics.qvel.copy())
        return base._get_obs(), {}


class WithPhysics(StepDataCallback):
    """Adds what restoring the simulator takes: an evaluation starts from recorded states."""

    def __call__(self, env, **step):
        data = super().__call__(env, **step)
        physics = env.unwrapped.data
        data["info"] = {"qpos": physics.qpos.copy(), "qvel": physics.qvel.copy()}
        return data


def main(dataset: str, episodes: int, still: bool = False, seed: int = 0) -> None:
    """Record `episodes` of uniform torques, each held for 1 to 8 steps.

    Of at most `STRENGTH`, as one would move a real arm: at full torque it turns 1.4 rad in 0.1 s.
    """
    env = gymnasium.make(
        "Reacher-v5",
        max_episode_steps=STEPS,
        render_mode="rgb_array",
        width=64,
        height=64,
        default_camera_config=CAMERA,
    )
    env = StillTarget(env) if still else env
    env = AddRenderObservation(env, render_only=False, obs_key="proprio")
    env = DataCollector(env, step_data_callback=WithPhysics, record_infos=True)
    rng = np.random.default_rng(seed)
    for episode in range(episodes):
        env.reset(seed=seed + episode)
        action, left, truncated = np.zeros(2), 0, False
        while not truncated:
            if left == 0:
                action = rng.uniform(-STRENGTH, STRENGTH, 2).astype(np.float32)
                left = int(rng.integers(1, 9))
            left -= 1
            truncated = env.step(action)[3]
    env.create_dataset(
        dataset, algorithm_name="random", description="Gentle torques held 1 to 8 steps."
    )
    env.close()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), still="still" in sys.argv[3:])
