"""`wmpc train`: learn a world model from a dataset, with a progress bar."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from omegaconf import OmegaConf
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from wmpc import envs
from wmpc.cli.signals import Interrupted, Stop, stopping
from wmpc.collecting.direct import open_data
from wmpc.errors import WmpcError
from wmpc.evaluation.drawing import environment_of
from wmpc.wm.data import Episodes
from wmpc.wm.training.distributed import is_first
from wmpc.wm.training.run import train
from wmpc.wm.training.stop import Stopped, what_is_kept


def run(cfg: Any) -> None:
    """Train, or go on training, or say that it is done."""
    console = Console(highlight=False, quiet=not is_first())  # of several, one speaks
    with stopping() as stop:
        try:
            news = _train(cfg, console, stop)
        except Stopped as stopped:
            raise Interrupted(str(stopped), stop.signal) from None
        except KeyboardInterrupt:  # at once
            raise Interrupted(what_is_kept(Path(cfg.run)), stop.signal) from None
        said = f"{cfg.run} {'is trained' if news else 'was trained already'}."
        if stop.signal is not None:
            raise Interrupted(said, stop.signal)
    console.print(said)


def _train(cfg: Any, console: Console, stop: Stop) -> bool:
    """Train with a progress bar; whether there was anything left to do."""
    view: Any = OmegaConf.to_container(cfg.view)
    envs.allow(view["env_id"], view["env_kwargs"])
    episodes = open_data(cfg.data, view, console)
    model: Any = OmegaConf.to_container(cfg.model)
    objective: Any = OmegaConf.to_container(cfg.objective)
    settings: Any = OmegaConf.to_container(cfg.train)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total} steps"),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    news = False
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task("measuring the speed", total=None, rate="")

        def report(line: dict[str, Any]) -> None:
            nonlocal news
            news = True
            if line["kind"] != "step":
                console.print(_sentence(line))
                return
            parts = [f"{k.removeprefix('loss/')} {v:.3f}" for k, v in line.items() if "loss/" in k]
            progress.update(
                bar,
                description=", ".join(parts),
                total=line["steps"],
                completed=line["step"],
                rate=f"{line['frames_per_s']:.0f} frames/s",
            )

        train(
            episodes,
            cfg.run,
            model,
            objective,
            seed=cfg.seed,
            describe=describer(episodes),
            report=report,
            reopen=partial(reopen, cfg.data, view),
            stop=stop,
            **settings,
        )
    return news


def reopen(data: str, view: dict[str, Any]) -> Episodes:
    """Open the same episodes in another process, silently."""
    envs.allow(view["env_id"], view["env_kwargs"])
    return open_data(data, view, Console(quiet=True))


def describer(episodes: Episodes) -> Any:
    """State columns -> {name: values} as the dataset's own environment describes them, or None."""
    try:
        task = envs.make_recorded(environment_of(episodes))
    except WmpcError:
        return None  # recorded elsewhere: there is nothing to tell the state's variables apart by
    names = task.describe_names
    return lambda states: dict(zip(names, np.moveaxis(task.describe(states), -1, 0), strict=True))


def _sentence(line: dict[str, Any]) -> str:
    if line["kind"] == "shortened":
        return f"step {line['step']}: slower than at the start; {line['steps']} steps in all now"
    error, still = line["rollout_error"][-1], line["rollout_baseline"][-1]
    probes = list(line.get("probe_r2", {}).values())
    probe = f", state probe R2 {np.mean(probes):.2f}" if probes else ""
    return (
        f"step {line['step']}: RankMe {line['rankme']:.1f}, error {len(line['rollout_error'])} "
        f"blocks ahead {error / max(still, 1e-9):.0%} of standing still{probe}"
    )
