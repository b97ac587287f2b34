"""`wmpc collect`: record episodes until the dataset holds as many as asked for."""

from collections import Counter
from contextlib import closing
from importlib.metadata import version
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from wmpc import envs
from wmpc.collecting.collect import Recipe, collect, settings
from wmpc.errors import WmpcError
from wmpc.evaluation import coverage
from wmpc.wm.data import EpisodeWriter, open_episodes

LIBRARIES = ("wmpc", "numpy", "mujoco", "gymnasium")


def run(cfg: Any) -> None:
    """Collect what is missing, then draw what was covered."""
    console = Console(highlight=False)
    if cfg.episodes < 1:
        raise WmpcError(f"episodes={cfg.episodes} came; a dataset has at least 1")
    kwargs: Any = OmegaConf.to_container(cfg.env.kwargs)
    m = cfg.env.actions_per_frame
    recipe = Recipe(cfg.env.id, kwargs, cfg.policy, cfg.steps, m, cfg.seed, cfg.patience)
    task = envs.make(cfg.env.id, **kwargs)
    versions = {name: version(name) for name in LIBRARIES}
    source = {"policy": cfg.policy, "seed": cfg.seed, "steps": cfg.steps, "versions": versions}
    with EpisodeWriter(cfg.data, {**settings(task, kwargs, m), "source": source}) as writer:
        begun = len(writer)
        if begun >= cfg.episodes:
            console.print(f"{cfg.data} has {begun} episodes already: nothing to collect.")
        else:
            if begun:
                console.print(f"{cfg.data} has {begun} episodes; going on from there.")
            try:
                failures = _record(recipe, writer, cfg, console)
            except (KeyboardInterrupt, OSError) as stopped:
                kept = f"{len(writer)} of {cfg.episodes} episodes are kept in {cfg.data}"
                kept += "; the same command goes on from there"
                if isinstance(stopped, KeyboardInterrupt):
                    raise KeyboardInterrupt(kept) from None
                console.print(kept, markup=False, soft_wrap=True)
                raise
            if failures:
                reasons = ", ".join(f"{count} x {why}" for why, count in failures.most_common(3))
                console.print(f"{failures.total()} failed attempts were recorded anew: {reasons}")
    picture = Path(cfg.data) / "coverage.png"
    if begun < cfg.episodes or not picture.exists():
        seen = coverage.measure(open_episodes(cfg.data), task)
        coverage.draw(seen, picture)
        for sentence in coverage.warnings(seen):
            console.print(f"[yellow]Coverage: {sentence}[/]")
        console.print(f"Coverage of the state: {picture}")


def _record(recipe: Recipe, writer: EpisodeWriter, cfg: Any, console: Console) -> Counter[str]:
    """Append episodes up to `cfg.episodes`; returns why attempts failed, and how often."""
    failures: Counter[str] = Counter()
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task(
            cfg.data, total=cfg.episodes, completed=len(writer), rate="starting"
        )
        frames = 0
        with closing(collect(recipe, len(writer), cfg.episodes, cfg.workers)) as recordings:
            for recording in recordings:
                writer.append(recording.episode)
                failures.update(recording.failures)
                if frames == 0:
                    progress.reset(bar, completed=len(writer))  # the rate leaves out the start
                frames += recipe.steps + 1
                elapsed = progress.tasks[bar].elapsed or 0.0
                rate = f"{frames / elapsed:.0f} frames/s" if elapsed > 0.5 else ""
                progress.update(bar, completed=len(writer), rate=rate)
    return failures
