"""A checkpoint: `model.safetensors` and `config.json`, which holds all that rebuilds the model.

Loading never unpickles anything, and builds only what `wm` itself defines.
"""

import hashlib
import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save

from wm.build import build
from wm.disk import replace_file
from wm.errors import WmError
from wm.json_file import read_json
from wm.model import JEPA
from wm.spec import DataSpec

WEIGHTS, CONFIG = "model.safetensors", "config.json"
FORMAT = 1


def save_config(run: Path, model: dict[str, Any], spec: DataSpec, train: dict[str, Any]) -> None:
    """Freeze a run's recipe: model config, data spec, training settings and versions."""
    config = {
        "format": FORMAT,
        "model": model,
        "data": spec.as_dict(),
        "train": train,
        "versions": {name: version(name) for name in ("wmpc", "torch", "numpy")},
    }
    replace_file(run / CONFIG, json.dumps(config, indent=2).encode())


def save_weights(run: Path, model: JEPA) -> None:
    """Replace the run's weights atomically."""
    replace_file(run / WEIGHTS, save({k: v.contiguous() for k, v in model.state_dict().items()}))


def read_config(run: str | Path) -> dict[str, Any]:
    """The run's `config.json`, checked; WmError where it is missing or not ours."""
    path = Path(run) / CONFIG
    if not path.is_file():
        raise WmError(f"no run at {run}: {path} is missing; train one with `wmpc train`")
    config = read_json(path, "wmpc run's config")
    if missing := {"format", "model", "data", "train"} - config.keys():
        raise WmError(f"{path} lacks {sorted(missing)}: it is not a wmpc run's config")
    if config["format"] != FORMAT:
        raise WmError(f"{path} has format {config['format']}; this wmpc reads {FORMAT}: upgrade")
    return config


def new_model(config: dict[str, Any]) -> JEPA:
    """An untrained model from a run's config."""
    try:
        spec = DataSpec(**config["data"])
    except TypeError as error:
        raise WmError(f"the run's data description is not readable: {error}") from error
    model = build(config["model"], spec=spec)
    if not isinstance(model, JEPA):
        raise WmError(f"the run's model is a {type(model).__name__}; this wmpc loads wm.model.JEPA")
    return model


def load_model(run: str | Path, device: str | torch.device = "cpu") -> JEPA:
    """The trained model of a run, frozen and in evaluation mode.

    Raises WmError where the folder, its config or its weights are missing, damaged or foreign.
    """
    model = new_model(read_config(run))
    path = Path(run) / WEIGHTS
    if not path.is_file():
        raise WmError(f"{run} has no weights yet ({path} is missing): finish `wmpc train` first")
    try:
        model.load_state_dict(load(path.read_bytes()))
    except (SafetensorError, RuntimeError) as error:
        raise WmError(f"{path} does not hold this run's weights: {str(error)[:200]}") from error
    return model.to(device).eval().requires_grad_(False)


def checkpoint_hash(run: str | Path) -> str:
    """Hex SHA-256 of what a checkpoint computes: its model, data description and weights."""
    config = read_config(run)
    sha = hashlib.sha256(json.dumps([config["model"], config["data"]], sort_keys=True).encode())
    sha.update((Path(run) / WEIGHTS).read_bytes())
    return sha.hexdigest()
