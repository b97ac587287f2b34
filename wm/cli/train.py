"""`wmpc train`: learn a world model from a dataset, with a progress bar."""

from typing import Any

import numpy as np
from omegaconf import OmegaConf
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

import envs
from envs.errors import EnvError
from wm.cli.cases import environment_of
from wm.cli.data.direct import open_data
from wm.data import Episodes
from wm.errors import WmError
from wm.training.run import train


def run(cfg: Any) -> None:
    """Train, or go on training, or say that it is done."""
    console = Console(highlight=False)
    view: Any = OmegaConf.to_container(cfg.view)
    envs.allow(view["env_id"], view["env_kwargs"])
    episodes = open_data(cfg.data, view, console)
    model: Any = OmegaConf.to_container(cfg.model)
    settings: Any = OmegaConf.to_container(cfg.train)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total} steps"),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task("measuring the speed", total=None, rate="")

        reported = 0

        def report(line: dict[str, Any]) -> None:
            nonlocal reported
            reported += 1
            if line["kind"] == "eval":
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

        try:
            train(
                episodes,
                cfg.run,
                model,
                seed=cfg.seed,
                describe=describer(episodes),
                report=report,
                **settings,
            )
        except KeyboardInterrupt:
            raise KeyboardInterrupt(
                f"the last saved state is kept in {cfg.run}; the same command goes on from there"
            ) from None
    console.print(f"{cfg.run} {'is trained' if reported else 'was trained already'}.")


def describer(episodes: Episodes) -> Any:
    """State columns -> {name: values} as the dataset's own environment describes them, or None."""
    try:
        task = envs.make_recorded(environment_of(episodes))
    except (EnvError, WmError):
        return None  # recorded elsewhere: there is nothing to tell the state's variables apart by
    names = task.describe_names
    return lambda states: dict(zip(names, np.moveaxis(task.describe(states), -1, 0), strict=True))


def _sentence(line: dict[str, Any]) -> str:
    error, still = line["rollout_error"][-1], line["rollout_baseline"][-1]
    probes = list(line.get("probe_r2", {}).values())
    probe = f", state probe R2 {np.mean(probes):.2f}" if probes else ""
    return (
        f"step {line['step']}: RankMe {line['rankme']:.1f}, error {len(line['rollout_error'])} "
        f"blocks ahead {error / max(still, 1e-9):.0%} of standing still{probe}"
    )
