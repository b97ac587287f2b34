"""A training run: its frozen recipe, begun once, resumed as often as it takes."""

import copy
import errno
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import torch

from wm import processes
from wm.checkpoint import CONFIG, load_weights, new_model, read_config, save_config
from wm.data import Episodes, Windows, open_episodes
from wm.devices import find_device
from wm.disk import hold, remove_leftovers
from wm.errors import WmError
from wm.memory import keep_freed_memory
from wm.model import JEPA, window_length
from wm.spec import describe_data
from wm.training.distributed import check_devices, local_place, together
from wm.training.loop import Report, fit, optimizer_of, train_step
from wm.training.precision import fabric_on
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
    reopen: Callable[[], Episodes] | None = None,
) -> JEPA:
    """Train the model that the config `model` describes on `episodes`, into the folder `run`.

    Give `steps`, or `minutes`: a short calibration turns them into steps, which the run's config
    freezes. The same call on a run that was interrupted resumes it; on a finished one it returns
    its model. WmError where the folder holds another run, or the settings make no sense.

    Args:
        batch: windows a step, which all devices share: a run may go on with another number.
        stride: recorded frames a model step spans.
        unique: encode a frame that windows of a batch share once.
        resident: where the columns are kept, see `wm.data.rows.kept`; changes no bit.
        accelerator: auto, or the device as `wm.devices.find_device` takes it.
        devices: processes that train together, one a GPU or several on the CPU's cores; where
            torchrun started this process, those that it started.
        precision: one of `wm.training.precision.PRECISIONS`.
        describe: state (..., S) -> {name: (...)}, what to probe the latents for.
        report: takes each line of the log.
        reopen: opens the episodes once more, in another process, so it can be pickled; needed for
            `devices` where they are no dataset on disk.
    """
    settings = dict(locals())
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
    device = find_device(accelerator, "train.accelerator")
    check_devices(devices, device, batch, unique)
    if device.type == "cuda" and device.index is None:
        device = torch.device("cuda", local_place())
    fabric = fabric_on(device, precision)
    windows.keep(resident, device)
    keep_freed_memory()
    with ExitStack() as stack:
        stack.enter_context(together(devices, device.type, lambda: _along(settings)))
        part = processes.part(batch)

        def find() -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
            """What the folder, from now on ours, holds of this run."""
            stack.enter_context(_held(run))
            frozen = frozen_recipe(run, model, spec.as_dict(), recipe)
            return frozen, None if frozen is None else read_saved(run, frozen["steps"])

        frozen, saved = processes.decide(find)
        if frozen is not None and saved is not None and saved["step"] >= frozen["steps"]:
            processes.in_first(lambda: load_weights(run, network))
            return network.to(device).eval()
        if frozen is None:
            if steps is None:
                assert minutes is not None
                optimizer = optimizer_of(trial := copy.deepcopy(network), rate, weight_decay)
                wrapped, optimizer = fabric.setup(trial, optimizer)
                wrapped.mark_forward_method("loss")

                def step(index: int) -> None:
                    data = windows.sample((seed, index), batch, unique, part)
                    train_step(
                        wrapped, optimizer, data, seed=seed, step=index, clip=clip, fabric=fabric
                    )

                steps = steps_in(minutes, step)
            frozen = recipe | {"steps": steps, "data": episodes.origin}
            processes.in_first(lambda: save_config(run, dict(model), spec, frozen))
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


def _along(settings: Mapping[str, Any]) -> Callable[[], JEPA]:
    """What another process does to train along, given the arguments of `train`: the same, but for
    what the first alone does."""
    given = {k: v for k, v in settings.items() if k not in ("describe", "report", "reopen")}
    episodes, reopen = given.pop("episodes"), settings["reopen"]
    if reopen is None:
        if not episodes.on_disk:
            raise WmError(
                f"train.devices is {given['devices']}, and {episodes.path} is no dataset that "
                "another process could open: import it, or give reopen"
            )
        reopen = partial(open_episodes, episodes.path)
    return partial(_train_along, reopen, given)


def _train_along(reopen: Callable[[], Episodes], given: Mapping[str, Any]) -> JEPA:
    return train(reopen(), **given)


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
