"""Training speed: unique frames encoded and back-propagated a second, all losses on.

    python benchmarks/training.py [preset] [repeats]

Side by side in one run, alternating: a whole training step as `wmpc train` does it (batch drawn
from the memory map, every loss, gradient clipping, AdamW), and the upper bound, the encoder alone
forwards and backwards on the same frames.
"""

import wmpc  # noqa: F401, I001  (before torch: it sets how long its threads wait)

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from hydra import compose, initialize_config_module
from lightning_fabric import Fabric
from omegaconf import OmegaConf

from wmpc.wm.models.build import build
from wmpc.wm.data import EpisodeWriter, open_episodes
from wmpc.system.memory import keep_freed_memory
from wmpc.wm.models.spec import describe_data
from wmpc.wm.objectives.objective import Objective
from wmpc.wm.training.learner import Learner
from wmpc.wm.training.fit import optimizer_of, take_step
from wmpc.wm.training.recipe import Recipe
from wmpc.wm.training.sampler import BatchSampler

Step = Callable[[int], None]


def noise_dataset(path: Path, episodes: int = 60, steps: int = 30) -> None:
    """Episodes of the size that `wmpc collect task=reacher` records, but empty of content."""
    rng = np.random.default_rng(0)
    meta = {"env": "noise", "fps": 10.0, "action_low": [-1.0] * 2, "action_high": [1.0] * 2}
    with EpisodeWriter(path, meta) as writer:
        for _ in range(episodes):
            writer.append(
                {
                    "pixels": rng.integers(0, 256, (steps + 1, 64, 64, 3), np.uint8),
                    "action": rng.uniform(-1, 1, (steps, 5, 2)).astype(np.float32),
                }
            )


def prepare(preset: str, folder: str) -> tuple[Learner, int, Step, Step]:
    """What learns, frames of a step; such a step, and the encoder alone on the same frames."""
    with initialize_config_module("wmpc.configs", version_base="1.3"):
        cfg = compose("train", [f"model={preset}"])
    keep_freed_memory()  # as `wmpc.wm.training.train` does
    fabric = Fabric(accelerator="cpu")
    noise_dataset(Path(folder) / "noise")
    episodes = open_episodes(Path(folder) / "noise")
    model = build(OmegaConf.to_container(cfg.model), spec=describe_data(episodes))
    config: Any = OmegaConf.to_container(cfg.objective)
    learner = Learner(model, Objective(config, model))
    recipe = Recipe(batch=cfg.train.batch, lr=cfg.train.lr, weight_decay=cfg.train.weight_decay)
    optimizer = optimizer_of(learner, recipe)
    draw = BatchSampler(episodes, model, learner.objective, recipe, fabric.device)

    def whole(step: int) -> None:
        take_step(learner, optimizer, draw(step), recipe, step, [(0, 10**6)], fabric)

    def encoder(step: int) -> None:
        model.encode(draw(step).columns).sum().backward()

    return learner, cfg.train.batch * draw.windows.length, whole, encoder


def main(preset: str = "small", repeats: int = 15, steps: int = 5) -> None:
    with tempfile.TemporaryDirectory() as folder:
        learner, frames, whole, encoder = prepare(preset, folder)
        rates: dict[str, list[float]] = {"training": [], "encoder only": []}
        for repeat in range(repeats + 1):
            for name, work in (("training", whole), ("encoder only", encoder)):
                began = time.perf_counter()
                for step in range(steps):
                    work(repeat * steps + step)
                if repeat:  # the first warms up
                    rates[name].append(steps * frames / (time.perf_counter() - began))
    length = learner.objective.window(learner.model)
    print(f"preset {preset}, {frames // length} windows of {length} frames at 64 px")
    losses = {name: term.weight for name, term in learner.objective.terms.items()}
    print(f"losses {losses}, torch threads {torch.get_num_threads()}")
    for name, values in rates.items():
        print(
            f"{name:>14}: median {median(values):6.0f} frames/s"
            f"  (lowest {min(values):.0f}, highest {max(values):.0f})"
        )
    ratios = [a / b for a, b in zip(*rates.values(), strict=True)]
    print(f"training reaches {median(ratios):.0%} of the encoder-only bound")


if __name__ == "__main__":
    main(*sys.argv[1:2], *map(int, sys.argv[2:3]))
