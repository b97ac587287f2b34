"""A checkpoint: `model.safetensors` and `config.json`, which holds all that rebuilds the model.

Loading never unpickles, and builds only what `wm` itself defines or modules that a person allowed.
"""

import hashlib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from types import NoneType
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load, save
from torch import Tensor

from wmpc.errors import WmpcError
from wmpc.system import construct
from wmpc.system.disk import replace_file
from wmpc.system.json_file import read_json
from wmpc.system.links import refuse_outside
from wmpc.system.renamed import rename_targets
from wmpc.system.shipped import locate_run
from wmpc.wm.models.build import build, check_values, measure
from wmpc.wm.models.jepa import JEPA
from wmpc.wm.models.spec import DataSpec, read_spec
from wmpc.wm.models.world_model import LearnedModel
from wmpc.wm.objectives.earlier import split
from wmpc.wm.training.devices import find_device
from wmpc.wm.training.learner import of_model
from wmpc.wm.training.recipe import rename_fields

WEIGHTS, CONFIG = "model.safetensors", "config.json"
FORMAT = 1
SPARE = 2**5
"""Building a model makes up to so many times the tensors that it keeps."""
FOREIGN_WEIGHTS = (SafetensorError, RuntimeError, ValueError, LookupError, TypeError)
NOTE = "wmpc"


def save_config(
    run: Path,
    model: Mapping[str, Any],
    objective: Mapping[str, Any],
    spec: DataSpec,
    train: Mapping[str, Any],
) -> None:
    """Freeze a run's recipe: write `config.json`, with the versions of wmpc, torch and numpy.

    Args:
        run: the folder, which exists.
        model: config of the model.
        objective: config of the objective, written out.
        spec: what the data look like.
        train: training settings. Like the configs, values that JSON can hold.
    """
    config = {
        "format": FORMAT,
        "model": dict(model),
        "objective": dict(objective),
        "data": spec.as_dict(),
        "train": dict(train),
        "versions": {name: version(name) for name in ("wmpc", "torch", "numpy")},
    }
    replace_file(run / CONFIG, json.dumps(config, indent=2).encode())


def save_weights(run: Path, weights: Mapping[str, Tensor], step: int) -> None:
    """Replace the run's weights atomically.

    The step and a digest stand in the file's metadata, under one name: safetensors writes several
    in an order that varies, and equal weights shall be equal files.

    Args:
        run: the folder, which exists.
        weights: tensors by name, on any device, such as `Learner.weights` gives.
        step: optimiser steps after which they are so.
    """
    whole = _stored(weights)
    note = json.dumps({"sha256": weights_digest(whole), "step": step}, sort_keys=True)
    replace_file(run / WEIGHTS, save(whole, {NOTE: note}))


def read_weights(run: str | Path) -> tuple[int | None, dict[str, Tensor]]:
    """Read a run's weights, and after how many steps they were saved.

    Args:
        run: the folder.

    Returns:
        The step, None where an earlier version noted none; and the tensors by name, on the CPU.

    Raises:
        WmpcError: when they are missing, damaged, or a link leads out of the folder.
    """
    path = locate_run(run) / WEIGHTS
    _check_file(path)
    data = path.read_bytes()
    try:
        weights = load(data)
        header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
        note = json.loads(header.get("__metadata__", {}).get(NOTE, "null"))
        if note is None:
            return None, weights
        if not isinstance(note["step"], int) or note["sha256"] != weights_digest(weights):
            raise ValueError("its digest is another")
        return note["step"], weights
    except (*FOREIGN_WEIGHTS, AttributeError) as error:
        raise WmpcError(
            f"{path} is damaged ({str(error)[:200]}): `wmpc train` with this run's settings writes "
            "it again where training_state.pt lies beside it"
        ) from error


def _check_file(path: Path) -> None:
    refuse_outside(path, path.parent)
    if not path.is_file():
        raise WmpcError(
            f"{path.parent} has no weights yet ({path} is missing): finish `wmpc train` first"
        )


def _stored(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weights as a file holds them: on the CPU, each in one piece."""
    return {name: value.detach().cpu().contiguous() for name, value in weights.items()}


def weights_digest(weights: Mapping[str, Tensor]) -> str:
    """Compute the SHA-256 of weights: of their names, dtypes, shapes and values.

    Args:
        weights: tensors by name, in any order, on any device.

    Returns:
        The digest in hex.
    """
    sha = hashlib.sha256()
    for name, value in sorted(_stored(weights).items()):
        sha.update(f"{name} {value.dtype} {tuple(value.shape)}\n".encode())
        sha.update(value.reshape(-1).view(torch.uint8).numpy().tobytes())
    return sha.hexdigest()


def read_config(run: str | Path) -> dict[str, Any]:
    """Read a run's `config.json`.

    Args:
        run: the folder.

    Returns:
        The config, checked, with names of today. What it names is not looked for, as nothing here
        builds it: a person may have written a part that this machine does not know.

    Raises:
        WmpcError: it is missing or not ours.
    """
    path = locate_run(run) / CONFIG
    if not path.is_file():
        raise WmpcError(f"no run at {run}: {path} is missing; train one with `wmpc train`")
    config = read_json(refuse_outside(path, path.parent), "wmpc run's config")
    if missing := {"format", "model", "data", "train"} - config.keys():
        raise WmpcError(f"{path} lacks {sorted(missing)}: it is not a wmpc run's config")
    if config["format"] != FORMAT:
        raise WmpcError(
            f"{path} has format {str(config['format'])[:40]}; this wmpc reads {FORMAT}: upgrade"
        )
    model = rename_targets(config["model"])
    config["model"], config["objective"] = split(model, config.get("objective"))
    check_values(config["model"])
    read_spec(config["data"])
    train = config["train"]
    data, steps = (train.get("data"), train.get("steps")) if isinstance(train, dict) else (0, 0)
    if not isinstance(data, str | NoneType) or type(steps) not in (int, NoneType):
        raise WmpcError(f"{path} has train={str(train)[:80]}; it says its data (a path) and steps")
    return {**config, "train": rename_fields(train)}


def new_model(
    model: Mapping[str, Any], spec: DataSpec, shapes: Mapping[str, Sequence[int]] | None = None
) -> JEPA:
    """Build an untrained model from its config.

    Args:
        model: the config, a `_target_` and arguments.
        spec: what the data look like.
        shapes: of all its weights by name, as a file states them; None: not compared.

    Returns:
        The model.

    Raises:
        WmpcError: when the config makes no world model; or, before any memory is taken, one that is
            too large to be meant or whose tensors are not of `shapes`.
    """
    limits = {}
    if shapes is not None:
        limits["most"] = SPARE * (sum(map(math.prod, shapes.values())) + SPARE)
        limits["calls"] = SPARE * (len(shapes) + SPARE)
    sketch = measure(model, **limits, spec=spec)
    if not isinstance(sketch, LearnedModel):
        raise WmpcError(
            f"the model is a {type(sketch).__name__}, which is no world model such as "
            "wmpc.wm.models.jepa.JEPA"
        )
    if shapes is not None:
        asked = {name: tuple(tensor.shape) for name, tensor in sketch.state_dict().items()}
        stored = {name: tuple(shape) for name, shape in shapes.items()}
        if differing := sorted(set(asked.items()) ^ set(stored.items())):
            name = differing[0][0]
            raise WmpcError(
                f"the weights are another model's: {name} is {stored.get(name, 'missing')} in the "
                f"file, the config makes it {asked.get(name, 'no part of the model')}"
            )
    return build(model, spec=spec)


def load_weights(run: str | Path, model: JEPA) -> None:
    """Put a run's weights into a model.

    Args:
        run: the folder.
        model: of the run's config; it is changed in place.

    Raises:
        WmpcError: when the weights are missing, damaged or another model's.
    """
    _, weights = read_weights(run)
    try:
        model.load_state_dict(of_model(weights))
    except FOREIGN_WEIGHTS as error:
        raise WmpcError(
            f"{Path(run) / WEIGHTS} does not hold this run's weights: {str(error)[:200]}"
        ) from error


def load_model(
    run: str | Path, device: str | torch.device = "cpu", allow: Iterable[str] = ()
) -> JEPA:
    """Load the trained model of a run.

    Args:
        run: the folder, or the name of a run that is shipped, such as "shipped:reacher".
        device: where the model shall be, see `wmpc.wm.training.devices.find_device`.
        allow: modules or packages of yours that the run's config may name, such as ["mine"], from
            now on in this process.

    Returns:
        The model, frozen and in evaluation mode.

    Raises:
        WmpcError: the folder, its config or its weights are missing, damaged or foreign, the config
            names a module that is not allowed, or there is no such device.
    """
    construct.allow(allow)
    device = find_device(device) if isinstance(device, str) else device
    config, path = read_config(run), locate_run(run) / WEIGHTS
    try:
        model = new_model(config["model"], read_spec(config["data"]), weight_shapes(path))
    except WmpcError:
        raise
    except FOREIGN_WEIGHTS as error:
        raise WmpcError(f"{path} does not hold this run's weights: {str(error)[:300]}") from error
    load_weights(run, model)
    return model.to(device).eval().requires_grad_(False)


def weight_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Read a file's shapes of the model's weights, which safetensors holds against its size.

    Args:
        path: of the run's `model.safetensors`, which is there (else WmpcError) and undamaged.

    Returns:
        The shapes by name of today, without those of the objective.
    """
    _check_file(path)
    with safe_open(path, "pt") as stored:
        shapes = {name: stored.get_slice(name).get_shape() for name in stored.keys()}  # noqa: SIM118
    return {name: tuple(shape) for name, shape in of_model(shapes).items()}


def checkpoint_hash(run: str | Path) -> str:
    """Compute the SHA-256 of what a checkpoint computes: its model, data description and weights.

    Args:
        run: the folder, with a config that `read_config` reads.

    Returns:
        The digest in hex. Of the config as it stands in the file, so that it is the same for every
        version that reads it.
    """
    read_config(run)
    folder = locate_run(run)
    config = read_json(folder / CONFIG, "wmpc run's config")
    described = json.dumps([config["model"], config["data"]], sort_keys=True).encode()
    return hashlib.sha256(described + (folder / WEIGHTS).read_bytes()).hexdigest()
