"""Where `gpu.py` computes, and how much: a device, models, noise to train on, a stopwatch."""

import time
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import torch

from wmpc.wm.data import Batch, EpisodeWriter
from wmpc.wm.models.build import build
from wmpc.wm.models.spec import DataSpec
from wmpc.wm.objectives.objective import Objective
from wmpc.wm.training.learner import Learner

SECTION_S = 150.0
"""Seconds after which a section begins nothing new."""


def preset_of(name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The configs of a preset's model and objective, put together without hydra, which the machine
    may lack."""
    model, objective = _read(f"model/{name}"), "multi_step"
    for choice in model.pop("defaults"):
        for part, chosen in choice.items() if isinstance(choice, dict) else ():
            if part.startswith("override /objective"):
                objective = chosen
            else:
                model[part] = _read(f"model/{part}/{chosen}") | model.get(part, {})
    terms = _read(f"objective/{objective}")
    for base in terms.pop("defaults", ["_self_"])[:-1]:
        under = _read(f"objective/{base}")
        terms = {k: under.get(k, {}) | terms.get(k, {}) for k in {**under, **terms}}
    return model, terms


def _read(preset: str) -> dict[str, Any]:
    try:
        import yaml
    except ImportError:
        raise SystemExit("yaml is missing, which reads the presets: pip install pyyaml") from None
    return yaml.safe_load(files("wmpc.configs").joinpath(f"{preset}.yaml").read_text())


class Bench:
    """Where to compute, and how much."""

    def __init__(self, device: torch.device, smoke: bool) -> None:
        self.device, self.smoke = device, smoke
        self.began = time.perf_counter()

    def learner(self, preset: str, size: int, **changes: Any) -> Learner:
        """A preset, untrained, for pictures of so many pixels."""
        spec = DataSpec(
            cameras=["pixels"], image_size=size, actions_per_frame=5, stride=1,
            action_low=[-1.0] * 2, action_high=[1.0] * 2, action_mean=[0.0] * 2,
            action_std=[1.0] * 2,
        )  # fmt: skip
        torch.manual_seed(0)
        config, objective = preset_of(preset)
        model = build(config | changes, spec=spec)
        return Learner(model, Objective(objective, model))

    def batch(self, learner: Learner, windows: int, seed: int = 0) -> dict[str, torch.Tensor]:
        """Noise of the model's kind, on the device."""
        rng, length = np.random.default_rng(seed), learner.objective.window(learner.model)
        size = learner.model.spec.image_size
        pixels = rng.integers(0, 256, (windows, length, size, size, 3), np.uint8)
        action = rng.uniform(-1, 1, (windows, length - 1, 5, 2)).astype("f4")
        columns = {"pixels": pixels, "action": action}
        return {name: torch.from_numpy(x).to(self.device) for name, x in columns.items()}

    def wait(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)

    def seconds(self, work: Callable[[], object], budget: float = 6.0) -> float:
        """The mean time of a call, after three that warm up."""
        for _ in range(1 if self.smoke else 3):
            work()
        self.wait()
        began, calls = time.perf_counter(), 0
        while not calls or (not self.smoke and time.perf_counter() - began < budget):
            for _ in range(1 if self.smoke else 5):
                work()
                calls += 1
            self.wait()
        return (time.perf_counter() - began) / calls

    @property
    def late(self) -> bool:
        """Whether the section has had its time."""
        return time.perf_counter() - self.began > SECTION_S


def stepper(
    learner: Learner, batch: dict[str, torch.Tensor], dtype: torch.dtype
) -> tuple[Callable[[], object], torch.optim.Optimizer]:
    """A training step as `wmpc.wm.training.loop` does it, under autocast where `dtype` is
    narrow."""
    optimizer = torch.optim.AdamW(learner.parameters(), lr=5e-5)
    device = batch["pixels"].device.type

    def step() -> None:
        generator = torch.Generator().manual_seed(0)
        with torch.autocast(device, dtype, enabled=dtype != torch.float32):
            loss = learner.loss(Batch(batch), generator)["loss"]
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(learner.parameters(), 1.0)
        optimizer.step()

    return step, optimizer


def dataset(folder: Path, smoke: bool) -> Path:
    """Noise of the size of a recording."""
    rng, path = np.random.default_rng(0), folder / "noise"
    episodes, steps, size = (12, 10, 32) if smoke else (400, 30, 64)
    meta = {"env": "noise", "fps": 10.0, "action_low": [-1.0] * 2, "action_high": [1.0] * 2}
    with EpisodeWriter(path, meta) as writer:
        for _ in range(episodes):
            pixels = rng.integers(0, 256, (steps + 1, size, size, 3), np.uint8)
            action = rng.uniform(-1, 1, (steps, 5, 2)).astype("f4")
            writer.append({"pixels": pixels, "action": action})
    return path
