"""A world whose dynamics are known: a place (2,) that every action is added to, seen as the colour
of a picture; and models that know it, ignore actions, or see nothing."""

import numpy as np
import torch

from wmpc.wm.data import EpisodeWriter, open_episodes
from wmpc.wm.models.dynamics import LatentDynamics
from wmpc.wm.models.latent import Layout
from wmpc.wm.models.predictors.base import VectorPredictor
from wmpc.wm.models.spec import describe_data

LARGEST = 8
META = {"env": "none", "fps": 10.0, "m": 1}
BOUNDS = {"action_low": [-LARGEST] * 2, "action_high": [LARGEST] * 2}


def walk(rng, steps=12):
    """An episode: whole numbers, so that pictures hold places exactly."""
    action = rng.integers(-LARGEST, LARGEST + 1, (steps, 1, 2)).astype(np.float32)
    start = rng.integers(110, 145, (1, 2))
    places = np.concatenate([start, start + action[:, 0].cumsum(0)]).astype(np.float64)
    return seen(places) | {"action": action}


def wild(rng, steps=12):
    """An episode in which no action does what it does elsewhere."""
    action = rng.choice([-LARGEST, LARGEST], (steps, 1, 2)).astype(np.float32)
    return seen(rng.integers(0, 256, (steps + 1, 2)).astype(np.float64)) | {"action": action}


def seen(places):
    pixels = np.zeros((len(places), 4, 4, 3), np.uint8)
    pixels[..., :2] = places[:, None, None]
    return {"pixels": pixels, "proprio": places.astype(np.float32)}


def record(path, episodes=60, spoiled=(), actions=True):
    """A dataset without an environment, of which the episodes `spoiled` are wild."""
    with EpisodeWriter(path, META | (BOUNDS if actions else {})) as writer:
        for index in range(episodes):
            rng = np.random.default_rng([3, index])
            episode = wild(rng) if index in spoiled else walk(rng)
            if not actions:
                del episode["action"]
            writer.append(episode)
    return open_episodes(path)


class Moves(VectorPredictor):
    """z_{t+1} = z_t + gain * the sum of the actions of block t."""

    def __init__(self, context, gain):
        super().__init__()
        self.context, self.gain = context, gain

    def every(self, z, a, valid):
        return z + self.gain * a.unflatten(-1, (-1, 2)).sum(-2)

    def last(self, z, a, valid):
        return self.every(z[:, -1], a[:, -1], valid)


class Linear:
    """A learned model of that world: perfect, unless it does not heed actions (`gain` 0) or sees
    nothing (`sight` 0)."""

    context = 2
    columns = ("pixels", "action")
    layout = Layout({"pixels": 1}, 2)
    device = torch.device("cpu")

    def __init__(self, episodes, gain=1.0, sight=1.0, stride=1):
        self.spec = describe_data(episodes, stride)
        self.action_block, self.action_size = stride, 2 * stride
        self.sight, self.predictor = sight, Moves(2, gain)

    def encode(self, observation):
        places = torch.as_tensor(np.asarray(observation["pixels"])[..., 0, 0, :2])
        return self.sight * places.float()[..., None, :] / 16

    def known(self, observation, weight=None):
        return torch.ones(1, 1), []

    def normalise(self, actions):
        return torch.as_tensor(np.asarray(actions)).float().flatten(-2) / 16

    def denormalise(self, actions):
        moves = (16 * actions).clamp(-LARGEST, LARGEST)
        return moves.unflatten(-1, (-1, 2)).numpy()

    def action_bounds(self):
        most = torch.full((self.action_size,), LARGEST / 16)
        return -most, most

    def predict(self, latents, actions, valid):
        return self.predictor(latents, actions, valid)

    def dynamics(self, latents, executed, valid=None):
        return LatentDynamics(self.predictor, latents, executed, valid)
