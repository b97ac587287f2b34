"""Toy worlds whose answers are known: a place that every block moves by exactly what it says, and a
bright square that is pushed about."""

import numpy as np
import torch
from model_cases import model, spec

from wmpc.wm.data import EpisodeWriter, open_episodes
from wmpc.wm.models.predictors.base import VectorPredictor

SIZE = 32
"""Pixels of the square's world, height and width."""
MOVE = 5.0
"""Pixels by which a full action moves the square."""
META = {"env": "square", "fps": 10.0, "action_low": [-1.0, -1.0], "action_high": [1.0, 1.0]}
TINY = {
    "_target_": "wmpc.wm.models.jepa.JEPA",
    "latent": 8,
    "context": 2,
    "encoder": {"_target_": "wmpc.wm.models.encoders.ConvEncoder", "channels": [8, 16, 16]},
    "predictor": {"_target_": "wmpc.wm.models.predictors.WindowMLP", "width": 64, "depth": 1},
}
OBJECTIVE = {
    "prediction": 1.0,
    "rollout": {"weight": 1.0, "steps": 2},
    "sigreg": {"weight": 0.5, "directions": 32},
}


class Adds(VectorPredictor):
    """The true dynamics: z_{t+1} = z_t + a_t."""

    def __init__(self, context):
        super().__init__()
        self.context = context

    def every(self, z, a, valid):
        return z + a

    def last(self, z, a, valid):
        return z[:, -1] + a[:, -1]


def exact(context=3):
    """A world model that knows its world: the latent (1, 4) is the place, a block is what is added
    to it."""
    network = model("tiny", spec(SIZE), latent=4, context=context)
    network.predictor = Adds(context)
    network.encode = lambda seen: torch.as_tensor(seen["pixels"]).float()[..., None, :]
    network.normalise = lambda a: torch.as_tensor(a).float().flatten(-2)
    return network.eval()


def walks(B=5, L=8, seed=0):
    """Places (B, L, 4), whole numbers, and the blocks (B, L - 1, 2, 2) between them."""
    rng = np.random.default_rng(seed)
    action = rng.integers(1, 9, (B, L - 1, 2, 2)) * rng.choice([-1, 1], (B, L - 1, 2, 2))
    moved = action.reshape(B, L - 1, 4).cumsum(1)
    start = rng.integers(-9, 9, (B, 1, 4))
    places = np.concatenate([start, start + moved], 1)
    return {"pixels": places.astype(np.float32), "action": action.astype(np.float32)}


def square(place):
    """The picture of a square at a place (2,) in pixels."""
    pixels = np.zeros((SIZE, SIZE, 3), np.uint8)
    x, y = np.asarray(place).round().astype(int)
    pixels[y : y + 8, x : x + 8] = 255
    return pixels


def pushed(place, action):
    """Where an action (2,) takes the square."""
    return np.clip(place + MOVE * np.asarray(action, np.float64), 0, SIZE - 8)


def pushing(rng, steps):
    """An episode of a square that is pushed at random."""
    action = rng.uniform(-1, 1, (steps, 1, 2)).astype(np.float32)
    places = [rng.uniform(0, SIZE - 8, 2)]
    for one in action[:, 0]:
        places.append(pushed(places[-1], one))
    state = np.stack(places)
    pixels = np.stack([square(place) for place in places])
    return {"pixels": pixels, "proprio": state.astype(np.float32), "state": state, "action": action}


def wild(rng, episode):
    """The same columns, of the same shapes, and nothing of what was in them."""
    return {
        "pixels": rng.integers(0, 256, episode["pixels"].shape, dtype=np.uint8),
        "proprio": (100 * rng.standard_normal(episode["proprio"].shape)).astype(np.float32),
        "state": 100 * rng.standard_normal(episode["state"].shape),
        "action": rng.choice([-1, 1], episode["action"].shape).astype(np.float32),
    }


def record(path, episodes=20, steps=6, spoiled=()):
    """A dataset of the square's world, of which the episodes `spoiled` are wild."""
    with EpisodeWriter(path, META) as writer:
        for index in range(episodes):
            rng = np.random.default_rng([7, index])
            episode = pushing(rng, steps)
            writer.append(wild(rng, episode) if index in spoiled else episode)
    return open_episodes(path)
