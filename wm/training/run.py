"""A training run: its frozen recipe, begun once, resumed as often as it takes."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric

from wm.checkpoint import CONFIG, WEIGHTS, new_model, read_config, save_config
from wm.data import Episodes, Windows
from wm.errors import WmError
from wm.memory import keep_freed_memory
from wm.model import JEPA, window_length
from wm.spec import describe_data
from wm.training.loop import Report, fit, optimizer_of, train_step
from wm.training.schedule import steps_in


def train(
    episodes: Episodes,
    run: str | Path,
    model: Mapping[str, Any],
    *,
    minutes: float | None = 3.0,
    steps: int | None = None,
    batch: int = 64,
    rate: float = 2e-3,
    weight_decay: float = 1e-3,
    warmup: float = 0.05,
    clip: float = 1.0,
    stride: int = 1,
    unique: bool = False,
    resident: str = "auto",
    seed: int = 0,
    evaluate_every: int = 500,
    save_every: int = 200,
    log_every: int = 20,
    accelerator: str = "auto",
    devices: int = 1,
    precision: Any = "32-true",
    describe: Any = None,
    report: Report = lambda line: None,
) -> JEPA:
    """Train the model that the config `model` describes on `episodes`, into the folder `run`.

    Give `steps`, or `minutes`: a short calibration turns them into steps, which the run's config
    freezes. The same call on a run that was interrupted resumes it; on a finished one it returns
    its model. WmError where the folder holds another run, or the settings make no sense.

    Args:
        batch: windows a step and device.
        stride: recorded frames a model step spans.
        unique: encode a frame that windows of a batch share once.
        resident: where the columns are kept, see `wm.data.rows.kept`; changes no bit.
        describe: state (..., S) -> {name: (...)}, what to probe the latents for.
        report: takes each line of the log.
    """
    run = Path(run)
    _check(minutes, steps, batch, rate)
    spec = describe_data(episodes, stride)
    recipe = {
        "minutes": minutes if steps is None else None,
        "steps": steps,
        "batch": batch,
        "rate": rate,
        "weight_decay": weight_decay,
        "warmup": warmup,
        "clip": clip,
        "seed": seed,
    } | ({"unique": True} if unique else {})
    torch.manual_seed(seed)
    network = new_model(model, spec)
    length = window_length(network)
    windows = Windows(episodes, episodes.train_ids, length, stride, network.columns)
    if not len(episodes.held_out_ids):
        raise WmError(
            f"{episodes.path} has {len(episodes)} episodes and so no held-out one (every tenth): "
            "record at least 10"
        )
    state = ["state"] if describe is not None and "state" in episodes.columns else []
    held_out = Windows(episodes, episodes.held_out_ids, length, stride, [*network.columns, *state])
    try:
        fabric = Fabric(accelerator=accelerator, devices=devices, precision=precision)
    except (ValueError, RuntimeError) as error:  # fabric says what is allowed or missing
        raise WmError(f"train.accelerator, devices or precision do not fit: {error}") from error
    fabric.launch()
    windows.keep(resident, fabric.device)
    keep_freed_memory()
    frozen = _resume(run, dict(model), spec.as_dict(), recipe)
    if frozen is None:
        if steps is None:
            assert minutes is not None

            def step(network: JEPA, optimizer: Any, index: int) -> None:
                data = windows.sample((seed, index), batch, unique)
                train_step(
                    network, optimizer, data, seed=seed, step=index, clip=clip, fabric=fabric
                )

            steps = steps_in(
                minutes,
                network.to(fabric.device),
                step,
                lambda network: optimizer_of(network, rate, weight_decay),
            )
        run.mkdir(parents=True, exist_ok=True)
        frozen = recipe | {"steps": steps, "data": episodes.origin}
        save_config(run, dict(model), spec, frozen)
    fit(
        network,
        windows,
        held_out,
        run,
        steps=frozen["steps"],
        batch=batch,
        rate=rate,
        seed=seed,
        fabric=fabric,
        weight_decay=weight_decay,
        warmup=warmup,
        clip=clip,
        evaluate_every=evaluate_every,
        save_every=save_every,
        log_every=log_every,
        unique=unique,
        describe=describe if state else None,
        report=report,
    )
    return network.eval()


def finished(run: str | Path) -> bool:
    """Whether a run has been trained for all its steps."""
    run = Path(run)
    if not (run / CONFIG).is_file() or not (run / WEIGHTS).is_file():
        return False
    lines = (
        (run / "train.jsonl").read_text().splitlines() if (run / "train.jsonl").is_file() else []
    )
    return bool(lines) and json.loads(lines[-1])["step"] >= read_config(run)["train"]["steps"]


def _resume(
    run: Path, model: dict[str, Any], data: dict[str, Any], recipe: dict[str, Any]
) -> dict[str, Any] | None:
    """The frozen training settings of a run with the same recipe, None where there is no run."""
    if not (run / CONFIG).is_file():
        if run.exists() and any(run.iterdir()):
            raise WmError(f"{run} is not empty and holds no run: choose another folder")
        return None
    config = read_config(run)
    frozen = config["train"]
    asked = recipe | ({"steps": frozen["steps"]} if recipe["minutes"] is not None else {})
    asked["data"] = frozen.get("data")  # the same data may lie elsewhere by now
    pairs = [
        *_differences("model", config["model"], json.loads(json.dumps(model))),
        *_differences("data", config["data"], json.loads(json.dumps(data))),
        *_differences("train", frozen, asked),
    ]
    if pairs:
        raise WmError(
            f"{run} holds a run with other settings ({'; '.join(pairs[:3])}): choose another name, "
            "or delete that folder"
        )
    return frozen


def _differences(name: str, old: Any, new: Any) -> list[str]:
    """`key was old, is new` for each leaf that differs."""
    if isinstance(old, dict) and isinstance(new, dict):
        return [
            line
            for key in sorted({*old, *new})
            for line in _differences(f"{name}.{key}", old.get(key), new.get(key))
        ]
    return [] if old == new else [f"{name} was {str(old)[:40]}, is {str(new)[:40]}"]


def _check(minutes: float | None, steps: int | None, batch: int, rate: float) -> None:
    if steps is None and (minutes is None or minutes <= 0):
        raise WmError(f"train.minutes is {minutes} and train.steps is not given: give one, above 0")
    if steps is not None and steps < 1:
        raise WmError(f"train.steps is {steps}; it must be at least 1")
    if batch < 2 or rate <= 0:
        raise WmError(f"train.batch is {batch} (at least 2) and train.rate {rate} (above 0)")
