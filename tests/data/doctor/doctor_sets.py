"""Recordings in memory, clean or with a fault planted, of our tasks and of gymnasium's."""

import copy

import gymnasium
import numpy as np

from wmpc.collecting.collect import Recipe, record_episodes
from wmpc.envs.gymnasium_adapter import GymnasiumTask
from wmpc.errors import WmpcError
from wmpc.wm.data.format import Column
from wmpc.wm.recordings.source import About, Source

TASKS = {"reacher": "wmpc/Reacher-v0", "two_room": "wmpc/TwoRoom-v0", "push_t": "wmpc/PushT-v0"}


class Memory(Source):
    """Episodes in a list: what an `EpisodeWriter` refuses can be planted here."""

    format = "memory"

    def __init__(self, episodes, about=None, path="memory"):
        super().__init__(path)
        self.episodes, self.about = episodes, about or About()
        self.lengths = np.array([len(e["action"]) for e in episodes], np.int64)
        first = next(e for e in episodes if not isinstance(e, WmpcError))
        steps = len(first["action"])
        self.columns = {
            name: Column(
                name,
                array.dtype,
                array.shape[1:],
                {steps + 1: "frames", steps: "steps"}.get(len(array), "episode"),
            )
            for name, array in first.items()
        }

    def _read(self, index, names):
        episode = self.episodes[index]
        if episode.get("broken"):
            raise WmpcError(f"episode {index} is damaged: its bytes end early")
        return {name: episode[name] for name in names}

    def copy(self):
        return Memory(copy.deepcopy(self.episodes), self.about, self.path)


def record(task, episodes=20, steps=20, size=32, seed=0, policy=None):
    """A clean set of one of our tasks, with a clock."""
    name = TASKS[task]
    kwargs = {"image_size": size}
    recipe = Recipe(
        name, kwargs, policy or ("random" if task == "reacher" else "mixed"), steps, 5, seed
    )
    kept = []
    for recording in record_episodes(recipe, 0, episodes):
        episode = {k: v for k, v in recording.episode.items() if k != "variation"}
        episode["timestamp"] = (np.arange(steps + 1) / 10).astype(np.float32)
        episode["frame_index"] = np.arange(steps + 1)
        kept.append(episode)
    return Memory(kept, About(fps=10, action_low=[-1, -1], action_high=[1, 1]))


def rolled(env_id, episodes=20, steps=60, seed=0, smooth=False, pictures=0):
    """A clean set of a gymnasium environment as Minari would hold it: observations as they come."""
    if pictures:
        env = GymnasiumTask(env_id, image_size=pictures)
    else:
        env = gymnasium.make(env_id, disable_env_checker=True).unwrapped
    rng = np.random.default_rng((seed, 1))
    low, high = env.action_space.low, env.action_space.high
    kept = []
    for index in range(episodes):
        observation, _ = env.reset(seed=seed * 1000 + index)
        noise, actions, seen = np.zeros(len(low)), [], [observation]
        for _ in range(steps):
            noise = 0.9 * noise + 0.44 * rng.normal(size=len(low)) if smooth else noise
            action = (
                np.clip((high + low) / 2 + (high - low) / 2 * noise, low, high)
                if smooth
                else rng.uniform(low, high)
            ).astype(np.float32)
            actions.append(action)
            observation, _, terminated, *_ = env.step(action)
            seen.append(observation)
            if terminated:
                break
        if pictures:
            episode = {k: np.stack([s[k] for s in seen]) for k in ("pixels", "proprio")}
        else:
            episode = {"proprio": np.asarray(seen, np.float32).reshape(len(seen), -1)}
        kept.append({**episode, "action": np.asarray(actions)[:, None]})
    env.close()
    return Memory(kept, About(action_low=low.tolist(), action_high=high.tolist()))
