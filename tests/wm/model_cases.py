"""Small models and batches, shared by the model's tests."""

import numpy as np
import torch
from omegaconf import OmegaConf

from wmpc.cli import compose
from wmpc.configs import list_presets
from wmpc.wm.models.build import build
from wmpc.wm.models.spec import DataSpec
from wmpc.wm.objectives.objective import Objective, terms
from wmpc.wm.training.learner import Learner

HIDING = {name: 1.0 for name, term in terms().items() if term.masks}
"""Of those that want an encoder of patches."""
PAIRED = {name: 1.0 for name, term in terms().items() if term.pairs}
"""Of those that want hindsight pairs beside windows."""
EVERY_TERM = dict.fromkeys((n for n in terms() if n not in HIDING | PAIRED), 1.0)
"""Of all others."""


def recipe(name):
    """What `train` is given for a preset: the configs of the model and of its objective."""
    (job,) = compose.jobs("train", [f"model={name}"])
    return tuple(OmegaConf.to_container(job.config[key]) for key in ("model", "objective"))


def preset(name):
    return recipe(name)[0]


PRESETS = list_presets("model")


def spec(size=64, cameras=("pixels",), stride=1, proprio=3):
    return DataSpec(
        cameras=list(cameras),
        image_size=size,
        actions_per_frame=2,
        stride=stride,
        action_low=[-1.0, -2.0],
        action_high=[1.0, 2.0],
        action_mean=[0.1, -0.2],
        action_std=[0.5, 0.8],
        proprio_mean=[0.0] * proprio,
        proprio_std=[2.0] * proprio,
    )


def model(name="tiny", data=None, seed=0, **changes):
    torch.manual_seed(seed)
    return build(preset(name) | changes, spec=data or spec(224 if name == "lewm" else 64))


def learner(network, objective=None):
    """The network with an objective: that of `tiny`, or the one given."""
    return Learner(network, Objective(objective or recipe("tiny")[1], network))


def batch(network, B=4, L=5, seed=0):
    rng = np.random.default_rng(seed)
    size = network.spec.image_size
    columns = {
        c: rng.integers(0, 256, (B, L, size, size, 3), np.uint8) for c in network.spec.cameras
    }
    columns["action"] = rng.uniform(-1, 1, (B, L - 1, network.spec.action_block, 2)).astype("f4")
    columns["proprio"] = rng.normal(size=(B, L, network.spec.proprio_size)).astype("f4")
    return {name: torch.from_numpy(x) for name, x in columns.items()}
