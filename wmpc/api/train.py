"""Train a world model on a dataset, or on a recording where it lies."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from wmpc import envs
from wmpc.api.presets import read_defaults, read_objective, read_preset
from wmpc.collecting.direct import open_data
from wmpc.collecting.environment import environment_of
from wmpc.errors import WmpcError
from wmpc.system import construct
from wmpc.system.passing_on import passes_on
from wmpc.system.progress import Progress, Tell, quiet
from wmpc.system.shipped import locate_data, refuse_shipped
from wmpc.wm.data import Episodes
from wmpc.wm.data.joined import Joined
from wmpc.wm.models.world_model import TrainableModel
from wmpc.wm.objectives.centred_sigreg import LEAST
from wmpc.wm.training import run as training

SCENE = 3.0
"""How many times the latents' share of variance within windows the pictures' is, or `LEAST`, before
it is said that the latents describe the scene."""


@passes_on(training.train, supplied=("describe", "report", "reopen", "clock"))
def train(
    data: str | Path | Episodes,
    run: str | Path,
    model: str | Mapping[str, Any] = "small",
    *,
    also: Sequence[str | Path | Episodes] = (),
    objective: str | Mapping[str, Any] | None = None,
    view: Mapping[str, Any] | None = None,
    allow: Sequence[str] = (),
    progress: Tell = quiet,
    **recipe: Any,
) -> TrainableModel:
    """Train a model into a folder; go on where that was interrupted, return it where it is done.

    Args:
        data: the folder of the episodes, a recording in another format, or episodes.
        run: the folder that the model goes to.
        model: a name under `configs/model`, or its keys.
        also: further datasets or recordings, whose episodes are trained on as well.
        objective: a name under `configs/objective`, or its terms; None: the model's, or the
            default.
        view: of a recording in another format, see `view` in `configs/train.yaml`, whose values
            stand where none are given.
        allow: modules or packages of yours that the data may name, such as ["mine"].
        progress: told of every step, and in a sentence of every look at held-out episodes.
        **recipe: how, see `wmpc.wm.training.run.train`, such as `minutes`, `steps` and `seed`.

    Returns:
        The trained model, in evaluation mode.

    Raises:
        WmpcError: the folder holds another run, another process trains there, or settings or
            recordings make no sense.
        wmpc.wm.training.stop.Stopped: `stop` said so; the message says what is kept.
    """
    refuse_shipped(run, "a run")
    construct.allow(allow)
    if isinstance(also, str | Path | Episodes) or not isinstance(also, Sequence):
        raise WmpcError(f"also={str(also)[:80]} came; it is a list of further datasets: [{also}]")
    each = [data, *also]
    if odd := [one for one in each if not isinstance(one, str | Path | Episodes)]:
        raise WmpcError(f"{str(odd[0])[:80]} came as a dataset; give its folder")
    reopen = partial(_open, each, {**read_defaults("train")["view"], **(view or {})})
    episodes = reopen(progress)
    return training.train(
        episodes,
        run,
        read_preset("model", model),
        read_preset("objective", objective or read_objective(model)),
        describe=describer(episodes),
        report=lambda line: progress(_told(line)),
        reopen=None if any(isinstance(one, Episodes) for one in each) else reopen,
        **recipe,
    )


def _open(
    each: Sequence[str | Path | Episodes], view: Mapping[str, Any], progress: Tell = quiet
) -> Episodes:
    """Datasets and recordings, opened where they are not, as one."""
    envs.allow(view["env_id"], view["env_kwargs"])
    opened = [
        one if isinstance(one, Episodes) else open_data(str(locate_data(one)), view, progress)
        for one in each
    ]
    return opened[0] if len(opened) == 1 else Joined(opened)


def describer(episodes: Episodes) -> Callable[[np.ndarray], dict[str, np.ndarray]] | None:
    """Find what describes the states of a dataset: the environment that it was recorded in.

    Args:
        episodes: of the dataset.

    Returns:
        A function from state columns (..., S) to values (...) by name; None where the environment
        cannot be made, so that there is nothing to tell the state's variables apart by.
    """
    try:
        task = envs.make_recorded(environment_of(episodes))
    except WmpcError:
        return None
    names = task.describe_names
    return lambda states: dict(zip(names, np.moveaxis(task.describe(states), -1, 0), strict=True))


def _told(line: Mapping[str, Any]) -> Progress:
    """What a line of the log comes to."""
    if line["kind"] == "step":
        parts = [f"{k.removeprefix('loss/')} {v:.3f}" for k, v in line.items() if "loss/" in k]
        words = ", ".join([*parts, f"{line['frames_per_s']:.0f} frames/s"])
        return Progress("training", line["step"], line["steps"], words)
    if line["kind"] == "shortened":
        told = f"slower than at the start; {line['steps']} steps in all now"
    else:
        told = f"RankMe {line['rankme']:.1f}"
        if "rollout_error" in line:
            error, still = line["rollout_error"][-1], line["rollout_baseline"][-1]
            told += f", error {len(line['rollout_error'])} blocks ahead "
            told += f"{error / max(still, 1e-9):.0%} of standing still"
        probes = list(line.get("probe_r2", {}).values())
        told += f", state probe R2 {np.mean(probes):.2f}" if probes else ""
        told += _warning(line.get("moving_share", {}))
    return Progress(says=f"step {line['step']}: {told}")


def _warning(shares: Mapping[str, float]) -> str:
    """A sentence where latents describe the scene and not what moves, see `SCENE`; else none."""
    if not shares:
        return ""
    moves = max(shares["pictures"], LEAST)
    if moves <= SCENE * shares["latents"]:
        return ""
    return (
        f". Of the latents' variance {shares['latents']:.0%} is within windows, where what moves "
        f"in the pictures asks for {moves:.0%}: they describe what differs from episode to episode "
        "and not what moves (docs/objectives.md says what helps)"
    )
