"""`wmpc data import`: a recording of another format becomes a dataset of this one."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from omegaconf import OmegaConf
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from wm.cli.data.environment import NOWHERE, Home, home_of, rate_of
from wm.cli.data.selection import chosen
from wm.data import open_episodes
from wm.data.formats import Source, open_source
from wm.data.formats.view import View
from wm.data.importing import Survey, bytes_needed, import_episodes, measured_bounds, survey
from wm.errors import WmError

LOOKS = ("size", "fit", "fps", "recorded_fps", "cameras", "columns", "proprio")
"""The keys that say what is seen of a recording."""


def run(path: str, cfg: Any, console: Console) -> None:
    """Look the recording over, say what it will take, and import it."""
    if cfg.data is None:
        raise WmError("say where to: wmpc data import PATH data=data/NAME")
    asked: Any = OmegaConf.to_container(cfg)
    looks = {key: asked[key] for key in LOOKS}
    with open_source(path, cfg.format) as plain:
        if not plain.cameras:
            raise WmError(f"{path} has no pictures: a world model learns from pixels")
        if looks["recorded_fps"] is None and plain.about.fps is None and cfg.env != NOWHERE:
            looks["recorded_fps"] = rate_of(plain, cfg.env, asked["kwargs"])
        source = View(plain, **looks)
        if source.about.fps is None:
            raise WmError(f"{path} does not say how many frames a second it has: recorded_fps=...")
        ids = chosen(source, asked["episodes"], asked["exclude"])
        home = home_of(source, cfg.env, asked["kwargs"])
        console.print(f"{path}: {plain.format}, {len(ids)} episodes", soft_wrap=True)
        for sentence in (*source.about.notes, *home.says, *_rate(source)):
            console.print(escape(sentence), soft_wrap=True)
        with _progress(console, "looking it over", len(ids)) as tick:
            found = survey(source, ids, lambda done: tick(done, 0))
        _refuse(found, path)
        low, high = _bounds(source, found, home, cfg.clip)
        picked = {key: asked[key] for key in ("episodes", "exclude", "clip")}
        meta = {
            "env": home.id,
            "kwargs": home.kwargs,
            "render": home.render,
            "m": source.columns["action"].shape[0],
            "fps": source.about.fps,
            "action_low": low,
            "action_high": high,
            "source": {"format": plain.format, "recording": Path(path).name, **looks, **picked},
        }
        begun = _begun(Path(cfg.data), meta["source"])
        frames = int((source.lengths[ids[begun:]] + 1).sum())
        there = f"; {begun} episodes are there already, going on from there" if begun else ""
        console.print(
            f"{frames} frames, {bytes_needed(source, frames) / 2**30:.2f} GiB to write; "
            f"{_free(Path(cfg.data)) / 2**30:.0f} GiB are free{there}.",
            soft_wrap=True,
        )
        _write(source, path, cfg, looks, meta, ids, home, console)
    console.print(f"{cfg.data} has {len(ids)} episodes. Next: wmpc data check {cfg.data}")


def _write(
    source: View,
    path: str,
    cfg: Any,
    looks: Mapping[str, Any],
    meta: Mapping[str, Any],
    ids: np.ndarray,
    home: Home,
    console: Console,
) -> None:
    with _progress(console, str(cfg.data), len(ids)) as tick:
        try:
            import_episodes(
                source,
                cfg.data,
                meta,
                ids,
                opened=lambda: View(open_source(path, cfg.format), **looks),
                workers=cfg.workers,
                clip=cfg.clip,
                finish=home.finish,
                progress=tick,
            )
        except KeyboardInterrupt:
            raise KeyboardInterrupt(
                f"what was imported is kept in {cfg.data}; the same command goes on from there"
            ) from None


def _rate(source: View) -> list[str]:
    """What is to be known of a change of rate."""
    timing = source.timing
    if timing.stride == 1:
        return []
    if timing.is_whole:
        f = int(timing.stride)
        return [f"Every {f} recorded steps become one, with all {f} actions between two frames."]
    return [
        f"{timing.fps:g} frames a second do not divide those recorded: the frames nearest in time "
        "are taken, each with the action in force. That is right for actions that are targets, "
        "wrong for increments."
    ]


def _refuse(found: Survey, path: str) -> None:
    """Say of every episode that cannot be stored why, before anything is written."""
    if not found.refused:
        return
    some = "; ".join(f"{index}: {why}" for index, why in list(found.refused.items())[:5])
    more = f" and {len(found.refused) - 5} more" if len(found.refused) > 5 else ""
    ids = ",".join(map(str, found.refused))
    raise WmError(
        f"{len(found.refused)} episodes of {path} cannot be stored ({some}{more}): mend them, or "
        f'leave them out with "exclude=[{ids}]"'
    )


def _bounds(
    source: Source, found: Survey, home: Home, clip: bool
) -> tuple[list[float], list[float]]:
    """Bounds (A,) of the actions: the recording's, its environment's, or the range recorded."""
    low, high = source.about.action_low, source.about.action_high
    if (low is None or high is None) and home.task is not None:
        low, high = home.task.action_space.low.tolist(), home.task.action_space.high.tolist()
    if low is None or high is None or not np.all(np.isfinite([*low, *high])):
        return measured_bounds(found)
    if len(low) != len(found.low):
        raise WmError(
            f"actions of {len(found.low)} numbers were recorded, {home.id} has {len(low)}"
        )
    floor, ceiling = np.asarray(low, np.float32), np.asarray(high, np.float32)
    outside = (found.low < floor) | (found.high > ceiling)
    if outside.any() and not clip:
        a = int(np.argmax(outside))
        raise WmError(
            f"action {a} was recorded from {found.low[a]:.4g} to {found.high[a]:.4g}, its bounds "
            f"are {low[a]:.4g} to {high[a]:.4g}: clip=true puts actions on the bounds, as most "
            "environments do themselves"
        )
    return [float(v) for v in low], [float(v) for v in high]


def _begun(data: Path, source: Mapping[str, Any]) -> int:
    """Episodes that are at `data` already; WmError where they were imported otherwise."""
    if not (data / "episode_ends.npy").exists():
        return 0
    there = open_episodes(data)
    last = {k: v for k, v in there.meta["sources"][-1].items() if k != "first_episode"}
    if differing := [key for key in source if last.get(key) != source[key]]:
        key = differing[0]
        raise WmError(
            f"{data} was imported with {key}={last.get(key)}, now {key}={source[key]} came: "
            "import into another folder"
        )
    return len(there)


def _free(path: Path) -> int:
    while not path.exists():
        path = path.absolute().parent
    return shutil.disk_usage(path).free


@contextmanager
def _progress(console: Console, title: str, total: int) -> Iterator[Callable[[int, int], None]]:
    """A bar of episodes, told how many are done and how many frames were written."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total} episodes"),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task(escape(title), total=total, rate="")

        def tick(done: int, frames: int) -> None:
            elapsed = progress.tasks[bar].elapsed or 0.0
            rate = f"{frames / elapsed:.0f} frames/s" if frames and elapsed > 0.5 else ""
            progress.update(bar, completed=done, rate=rate)

        yield tick
