"""A training run: its frozen recipe, begun once, resumed as often as it takes."""

import errno
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric

from wm.checkpoint import CONFIG, load_weights, new_model, read_config, save_config
from wm.data import Episodes, Windows
from wm.disk import hold, remove_leftovers
from wm.errors import WmError
from wm.memory import keep_freed_memory
from wm.model import JEPA, window_length
from wm.spec import describe_data
from wm.training.loop import Report, fit, optimizer_of, train_step
from wm.training.recipe import check_folder, check_settings, frozen_recipe
from wm.training.schedule import steps_in
from wm.training.state import read_saved, read_state, weights_are_final


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
    check_settings(minutes, steps, batch, rate)
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

    def step(network: JEPA, optimizer: Any, index: int) -> None:
        data = windows.sample((seed, index), batch, unique)
        train_step(network, optimizer, data, seed=seed, step=index, clip=clip, fabric=fabric)

    with _held(run):
        frozen = frozen_recipe(run, model, spec.as_dict(), recipe)
        saved = None if frozen is None else read_saved(run, frozen["steps"])
        if frozen is not None and saved is not None and saved["step"] >= frozen["steps"]:
            load_weights(run, network)
            return network.to(fabric.device).eval()
        if frozen is None:
            if steps is None:
                assert minutes is not None
                steps = steps_in(
                    minutes,
                    network.to(fabric.device),
                    step,
                    lambda network: optimizer_of(network, rate, weight_decay),
                )
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
            state=saved,
            describe=describe if state else None,
            report=report,
        )
    return network.eval()


def finished(run: str | Path) -> bool:
    """Whether a run has been trained for all its steps; its weights may need to be restored."""
    run = Path(run)
    if not (run / CONFIG).is_file():
        return False
    steps = read_config(run)["train"].get("steps", 1)
    try:
        state = read_state(run)
    except WmError:
        state = None
    return weights_are_final(run, steps) if state is None else state["step"] >= steps


@contextmanager
def _held(run: Path) -> Iterator[None]:
    """Hold a run's folder, which is made, without what killed saves left there.

    A folder that cannot be written is not held where the run is finished: it stays as it is.
    """
    check_folder(run)
    run.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        try:
            stack.enter_context(hold(run, "training in"))
            remove_leftovers(run)
        except OSError as error:
            if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
                raise
            if not finished(run):
                raise WmError(
                    f"{run} cannot be written ({error.strerror}): choose another folder, or copy "
                    "the run to one that can and go on there"
                ) from error
        yield
