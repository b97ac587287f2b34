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
from wmpc.system.construct import allow
from wmpc.system.disk import hold, remove_leftovers
from wmpc.system.memory import keep_freed_memory
from wmpc.system.passing_on import passes_on
from wmpc.wm import processes
from wmpc.wm.data import Episodes, Windows, open_episodes
from wmpc.wm.data.subset import check_subset
from wmpc.wm.models.build import modules_of_others
from wmpc.wm.models.jepa import JEPA
from wmpc.wm.models.spec import describe_data
from wmpc.wm.objectives.objective import Objective, write_out
from wmpc.wm.training.calibration import steps_that_fit
from wmpc.wm.training.checkpoint import CONFIG, load_weights, new_model, read_config, save_config
from wmpc.wm.training.devices import find_device
from wmpc.wm.training.distributed import check_devices, local_place, together
from wmpc.wm.training.frozen import check_folder, read_frozen
from wmpc.wm.training.learner import Learner
from wmpc.wm.training.loop import Report, Training
from wmpc.wm.training.pace import Clock, Pace
from wmpc.wm.training.precision import fabric_on
from wmpc.wm.training.recipe import Recipe
from wmpc.wm.training.sampler import BatchSampler
from wmpc.wm.training.schedule import Totals
from wmpc.wm.training.state import is_final, read_saved, read_state, weights_are_final
from wmpc.wm.training.stop import Stop, Stopped

START = 0.2
"""Of the minutes promised, the most that opening data and starting processes may take of them:
however long that lasts, there is time left to train."""


@passes_on(Recipe)
def train(
    episodes: Episodes,
    run: str | Path,
    model: Mapping[str, Any],
    objective: Mapping[str, Any],
    *,
    describe: Any = None,
    report: Report = lambda line: None,
    reopen: Callable[[], Episodes] | None = None,
    stop: Stop = lambda: False,
    clock: Clock = time.perf_counter,
    **fields: Any,
) -> JEPA:
    """Train the model that a config describes on `episodes`, into the folder `run`.

    Give `steps`, or `minutes`: a short calibration turns them into steps. If the machine turns out
    slower, the steps become fewer, so that the time holds; the run's config records it. The same
    call on a run that was interrupted resumes it; on a finished one it returns its model. A run is
    resumed with as many torch threads as it began with, since sums depend on them.

    Args:
        episodes: those that are not held out are trained on, or what `fields` say of them.
        run: the folder.
        model: its config, see `wmpc.wm.models.build`.
        objective: by name, the terms that are minimised, see `wmpc.wm.objectives.objective`.
        describe: state (..., S) -> {name: (...)}, what to probe the latents for.
        report: takes each line of the log.
        reopen: opens the episodes once more, in another process, so it can be pickled; needed for
            `devices` where they are no dataset on disk.
        stop: asked between steps: whether to save and stop.
        clock: tells the time, in seconds.
        **fields: of a `wmpc.wm.training.recipe.Recipe`.

    Returns:
        The trained model, in evaluation mode.

    Raises:
        WmpcError: the folder holds another run, another process trains there, or the settings make
            no sense.
        Stopped: `stop` said so; what was reached is saved.
    """
    settings = {"run": run, "model": model, "objective": objective} | fields
    recipe, objective = Recipe(**fields), write_out(objective)
    run, began = Path(run), clock()
    recipe.check()
    check_subset(recipe.subset, len(episodes.train_ids), str(episodes.path))
    if recipe.subset is not None and (parts := getattr(episodes, "parts", ())):
        raise WmpcError(
            f"train.subset={recipe.subset} chooses episodes of one dataset, and {len(parts)} are "
            "trained on together: leave it out, or train on one"
        )
    spec = describe_data(episodes, recipe.stride, recipe.subset, recipe.seed)
    torch.manual_seed(recipe.seed)
    allow(modules_of_others(model))  # this config is a person's, never one that came with a file
    network = new_model(model, spec)
    learner = Learner(network, Objective(objective, network))
    needing = [n for n, term in learner.objective.terms.items() if "action" in term.columns]
    if needing and not spec.has_actions:
        raise WmpcError(
            f"{episodes.path} has no actions, which {', '.join(needing)} of the objective need"
            f"{'s' * (len(needing) == 1)}: choose terms that need none (objective=video), or "
            "record or import episodes with their actions"
        )
    device = find_device(recipe.accelerator, "train.accelerator")
    pairs = [law.count(recipe.batch) for law in learner.objective.pairs]
    check_devices(recipe.devices, device, recipe.batch, recipe.unique, pairs)
    if device.type == "cuda" and device.index is None:
        device = torch.device("cuda", local_place())
    fabric = fabric_on(device, recipe.precision)
    sampler = BatchSampler(episodes, network, learner.objective, recipe, fabric.device)
    if not len(episodes.held_out_ids):
        raise WmpcError(
            f"{episodes.path} has {len(episodes)} episodes and so no held-out one (every tenth): "
            "record at least 10"
        )
    state = ["state"] if describe is not None and "state" in episodes.columns else []
    shape = (sampler.windows.length, recipe.stride, [*network.columns, *state])
    held_out = Windows(episodes, episodes.held_out_ids, *shape)
    keep_freed_memory()
    with ExitStack() as stack:
        along = partial(_along, episodes, reopen, settings)
        stack.enter_context(together(recipe.devices, device.type, along))

        def find() -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
            """What the folder, from now on ours, holds of this run."""
            stack.enter_context(_held(run))
            frozen = read_frozen(run, recipe, model=model, objective=objective, data=spec.as_dict())
            return frozen, None if frozen is None else read_saved(run, frozen["steps"])

        frozen, saved = processes.decide(find)
        if frozen is not None and saved is not None and is_final(saved, frozen["steps"]):
            processes.in_first(lambda: load_weights(run, network))
            return network.to(device).eval()

        def shorten(totals: Totals) -> None:
            assert frozen is not None
            changed = {"steps": totals[-1][1], "totals": list(totals)}
            save_config(run, model, objective, spec, frozen | changed)

        limit = 60 * recipe.minutes if recipe.steps is None and recipe.minutes else None
        start = min(clock() - began, START * (limit or 0.0))
        spent = start if frozen is None else (saved or {}).get("seconds", 0.0)
        every = {"evaluate_every": recipe.evaluate_every, "save_every": recipe.save_every}
        training = Training(
            learner=learner,
            sampler=sampler,
            held_out=held_out,
            run=run,
            recipe=recipe,
            fabric=fabric,
            pace=Pace(limit, clock, spent=spent, **every),
            shorten=shorten,
            describe=describe if state else None,
            report=report,
            stop=stop,
        )
        if frozen is None:
            threads = torch.get_num_threads() * processes.count()
            frozen = recipe.frozen() | {"data": episodes.origin, "threads": threads}
            if recipe.steps is None:
                frozen["steps"] = steps_that_fit(training)
            processes.in_first(lambda: save_config(run, model, objective, spec, frozen))
        stack.enter_context(_threads(frozen.get("threads")))
        totals = [(a, b) for a, b in frozen.get("totals", [(0, frozen["steps"])])]
        training.go_on(totals, saved)
    return network.eval()


def _along(
    episodes: Episodes, reopen: Callable[[], Episodes] | None, settings: Mapping[str, Any]
) -> Callable[[], None]:
    """What another process does to train along, given how `train` was called: the same, but for
    what the first alone does."""
    if reopen is None:
        if not episodes.on_disk:
            raise WmpcError(
                f"train.devices is {settings['devices']}, and {episodes.path} is no dataset that "
                "another process could open: give folders rather than opened episodes, or import it"
            )
        reopen = partial(open_episodes, episodes.path)
    return partial(_train_along, reopen, settings)


def _train_along(reopen: Callable[[], Episodes], settings: Mapping[str, Any]) -> None:
    with suppress(Stopped):  # the first process says so
        train(reopen(), **settings)


def finished(run: str | Path) -> bool:
    """Tell whether a run has been trained for all its steps; its weights may need to be restored.

    Args:
        run: the folder.

    Returns:
        True also where its state is gone and its weights are whole and final.
    """
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
