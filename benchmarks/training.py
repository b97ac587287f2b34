"""Training speed: unique frames encoded and back-propagated a second, all losses on.

    python benchmarks/training.py [preset] [repeats] [objective ...]

Side by side in one run, alternating: a whole training step as `wmpc train` does it (batch drawn
from the memory map, every loss, gradient clipping, AdamW), and the upper bound, the encoder alone
forwards and backwards on the same frames. With several objectives, steps of all of them. Frames of
windows alone count, so that an objective that encodes other frames besides is slower for it.
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
STEPS = 5
"""Of each, before it is the next one's turn."""


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


def prepare(preset: str, objective: str | None, folder: str) -> tuple[Learner, int, Step, Step]:
    """What learns, frames of a step; such a step, and the encoder alone on the same frames."""
    words = [f"model={preset}", *([] if objective is None else [f"objective={objective}"])]
    with initialize_config_module("wmpc.configs", version_base="1.3"):
        cfg = compose("train", words)
    keep_freed_memory()  # as `wmpc.wm.training.train` does
    fabric = Fabric(accelerator="cpu")
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


def main(preset: str = "small", repeats: str | int = 15, *objectives: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        noise_dataset(Path(folder) / "noise")
        made = {name: prepare(preset, name, folder) for name in objectives or (None,)}
        works: dict[str, tuple[Step, int]] = {}
        for name, (learner, frames, whole, encoder) in made.items():
            length = learner.objective.window(learner.model)
            losses = {term: x.weight for term, x in learner.objective.terms.items()}
            print(f"preset {preset}, {frames // length} windows of {length} frames at 64 px")
            print(f"losses {losses}, torch threads {torch.get_num_threads()}")
            works["training" if name is None else name] = (whole, frames)
            works.setdefault("encoder only", (encoder, frames))
        rates: dict[str, list[float]] = {name: [] for name in works}
        for repeat in range(int(repeats) + 1):
            for name, (work, frames) in works.items():
                began = time.perf_counter()
                for step in range(STEPS):
                    work(repeat * STEPS + step)
                if repeat:  # the first warms up
                    rates[name].append(STEPS * frames / (time.perf_counter() - began))
    for name, values in rates.items():
        print(
            f"{name:>14}: median {median(values):6.0f} frames/s"
            f"  (lowest {min(values):.0f}, highest {max(values):.0f})"
        )
    bound = rates.pop("encoder only")
    first, *others = rates
    ratios = [a / b for a, b in zip(rates[first], bound, strict=True)]
    print(f"{first} reaches {median(ratios):.0%} of the encoder-only bound")
    for name in others:
        times = [a / b for a, b in zip(rates[first], rates[name], strict=True)]
        print(f"{name} takes {median(times):.2f} times as long for a frame as {first}")


if __name__ == "__main__":
    main(*sys.argv[1:])
