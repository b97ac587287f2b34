"""A training run: its frozen recipe, begun once, resumed as often as it takes."""

import errno
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import torch

from wmpc.errors import WmpcError
from wmpc.system.disk import hold, remove_leftovers
from wmpc.system.memory import keep_freed_memory
from wmpc.wm import processes
from wmpc.wm.data import Episodes, Windows, open_episodes
from wmpc.wm.models.jepa import JEPA
from wmpc.wm.models.spec import describe_data
from wmpc.wm.objectives.objective import Objective, write_out
from wmpc.wm.training.calibration import steps_that_fit
from wmpc.wm.training.checkpoint import CONFIG, load_weights, new_model, read_config, save_config
from wmpc.wm.training.devices import find_device
from wmpc.wm.training.distributed import check_devices, local_place, together
from wmpc.wm.training.learner import Learner
from wmpc.wm.training.loop import Report, fit
from wmpc.wm.training.pace import Clock, Pace
from wmpc.wm.training.precision import fabric_on
from wmpc.wm.training.recipe import check_folder, check_settings, frozen_recipe
from wmpc.wm.training.schedule import Totals
from wmpc.wm.training.state import is_final, read_saved, read_state, weights_are_final
from wmpc.wm.training.stop import Stop, Stopped

START = 0.2
"""Of the minutes promised, the most that opening data and starting processes may take of them:
however long that lasts, there is time left to train."""
FIRST_ONLY = ("describe", "report", "reopen", "stop", "clock")
"""Arguments of `train` that the first of several processes has alone."""


def train(
    episodes: Episodes,
    run: str | Path,
    model: Mapping[str, Any],
    objective: Mapping[str, Any],
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
    stop: Stop = lambda: False,
    clock: Clock = time.perf_counter,
) -> JEPA:
    """Train the model that a config describes on `episodes`, into the folder `run`.

    Give `steps`, or `minutes`: a short calibration turns them into steps. If the machine turns out
    slower, the steps become fewer, so that the time holds; the run's config records it. The same
    call on a run that was interrupted resumes it; on a finished one it returns its model. A run is
    resumed with as many torch threads as it began with, since sums depend on them.

    Raises WmpcError where the folder holds another run, another process trains there, or the
    settings make no sense; `wmpc.wm.training.stop.Stopped`, which is one, when `stop` says so.

    Args:
        model: its config, see `wmpc.wm.models.build`.
        objective: by name, the terms that are minimised, see `wmpc.wm.objectives.objective`.
        batch: windows a step, which all devices share: a run may go on with another number.
        stride: recorded frames a model step spans.
        unique: encode a frame that windows of a batch share once.
        resident: where the columns are kept, see `wmpc.wm.data.rows.kept`; changes no bit.
        accelerator: auto, or the device as `wmpc.wm.training.devices.find_device` takes it.
        devices: processes that train together, one a GPU or several on the CPU's cores; where
            torchrun started this process, those that it started.
        precision: one of `wmpc.wm.training.precision.PRECISIONS`.
        describe: state (..., S) -> {name: (...)}, what to probe the latents for.
        report: takes each line of the log.
        reopen: opens the episodes once more, in another process, so it can be pickled; needed for
            `devices` where they are no dataset on disk.
        save_every: steps; what a kill may cost. The state is saved when training stops, too.
        stop: asked between steps: whether to save and stop.
        clock: tells the time, in seconds.
    """
    settings = dict(locals())
    objective = write_out(objective)
    run, began = Path(run), clock()
    every = {"evaluate_every": evaluate_every, "save_every": save_every, "log_every": log_every}
    check_settings(minutes, steps, batch, rate, seed, **every)
    spec = describe_data(episodes, stride)
    recipe: dict[str, Any] = {
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
    learner = Learner(network, Objective(objective, network))
    length = learner.objective.window(network)
    columns = [*network.columns, *learner.objective.columns]
    windows = Windows(episodes, episodes.train_ids, length, stride, columns)
    if not len(episodes.held_out_ids):
        raise WmpcError(
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
            frozen = frozen_recipe(
                run, recipe, model=model, objective=objective, data=spec.as_dict()
            )
            return frozen, None if frozen is None else read_saved(run, frozen["steps"])

        frozen, saved = processes.decide(find)
        if frozen is not None and saved is not None and is_final(saved, frozen["steps"]):
            processes.in_first(lambda: load_weights(run, network))
            return network.to(device).eval()
        limit = 60 * minutes if steps is None and minutes is not None else None
        start = min(clock() - began, START * (limit or 0.0))
        pace = Pace(
            limit,
            clock,
            spent=start if frozen is None else (saved or {}).get("seconds", 0.0),
            evaluate_every=evaluate_every,
            save_every=save_every,
        )
        described = describe if state else None
        if frozen is None:
            threads = torch.get_num_threads() * processes.count()
            frozen = recipe | {"data": episodes.origin, "threads": threads}
            if steps is None:
                frozen["steps"] = steps_that_fit(
                    pace,
                    learner,
                    windows,
                    held_out,
                    recipe,
                    fabric=fabric,
                    describe=described,
                    stop=stop,
                )
            processes.in_first(lambda: save_config(run, model, objective, spec, frozen))

        def shorten(totals: Totals) -> None:
            changed = {"steps": totals[-1][1], "totals": list(totals)}
            save_config(run, model, objective, spec, frozen | changed)

        stack.enter_context(_threads(frozen.get("threads")))
        fit(
            learner,
            windows,
            held_out,
            run,
            totals=[(a, b) for a, b in frozen.get("totals", [(0, frozen["steps"])])],
            batch=batch,
            rate=rate,
            seed=seed,
            fabric=fabric,
            pace=pace,
            shorten=shorten,
            weight_decay=weight_decay,
            warmup=warmup,
            clip=clip,
            evaluate_every=evaluate_every,
            save_every=save_every,
            log_every=log_every,
            unique=unique,
            state=saved,
            describe=described,
            report=report,
            stop=stop,
        )
    return network.eval()


def _along(settings: Mapping[str, Any]) -> Callable[[], None]:
    """What another process does to train along, given the arguments of `train`: the same, but for
    what the first alone does."""
    given = {k: v for k, v in settings.items() if k not in FIRST_ONLY}
    episodes, reopen = given.pop("episodes"), settings["reopen"]
    if reopen is None:
        if not episodes.on_disk:
            raise WmpcError(
                f"train.devices is {given['devices']}, and {episodes.path} is no dataset that "
                "another process could open: import it, or give reopen"
            )
        reopen = partial(open_episodes, episodes.path)
    return partial(_train_along, reopen, given)


def _train_along(reopen: Callable[[], Episodes], given: Mapping[str, Any]) -> None:
    with suppress(Stopped):  # the first process says so
        train(reopen(), **given)


def finished(run: str | Path) -> bool:
    """Whether a run has been trained for all its steps; its weights may need to be restored."""
    run = Path(run)
    if not (run / CONFIG).is_file():
        return False
    steps = read_config(run)["train"].get("steps")
    if steps is None:
        return False
    try:
        state = read_state(run)
    except WmpcError:
        state = None
    return weights_are_final(run, steps) if state is None else is_final(state, steps)


@contextmanager
def _threads(number: int | None) -> Iterator[None]:
    """Use as many torch threads in all processes as a run's record says, where it does."""
    before = torch.get_num_threads()
    if number is not None:
        torch.set_num_threads(max(1, number // processes.count()))
    try:
        yield
    finally:
        torch.set_num_threads(before)


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
                raise WmpcError(
                    f"{run} cannot be written ({error.strerror}): choose another folder, or copy "
                    "the run to one that can and go on there"
                ) from error
        yield
