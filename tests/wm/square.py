"""A dataset of a bright square pushed about, and the smallest model that trains on it."""

from pathlib import Path

import numpy as np
from model_cases import recipe

from wmpc.wm.data import EpisodeWriter

SETTINGS = {"steps": 12, "batch": 4, "evaluate_every": 6, "accelerator": "cpu"}


def smallest():
    """The model and the objective of tests/wm/old_runs."""
    tiny, objective = recipe("tiny")
    model = tiny | {
        "latent": 4,
        "encoder": tiny["encoder"] | {"channels": [4, 4, 4]},
        "predictor": tiny["predictor"] | {"width": 8},
    }
    return model, objective | {"sigreg": objective["sigreg"] | {"directions": 8}}


def record_square(path: Path, proprio: bool = False) -> Path:
    """Twenty episodes; the same ones on every machine. With `proprio`, the place is felt too."""
    rng = np.random.default_rng(0)
    meta = {"env": "square", "fps": 10.0, "action_low": [-1.0, -1.0], "action_high": [1.0, 1.0]}
    with EpisodeWriter(path, meta) as writer:
        for _ in range(20):
            action = rng.uniform(-1, 1, (8, 1, 2)).astype("f4")
            place = np.clip(30 + np.cumsum(np.r_[np.zeros((1, 2)), 6 * action[:, 0]], 0), 0, 56)
            pixels = np.zeros((9, 64, 64, 3), np.uint8)
            for t, (x, y) in enumerate(place.astype(int)):
                pixels[t, y : y + 8, x : x + 8] = 255
            felt = {"proprio": place.astype("f4")} if proprio else {}
            writer.append({"pixels": pixels, "action": action, "state": place} | felt)
    return path
