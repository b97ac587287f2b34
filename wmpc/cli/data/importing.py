"""`wmpc data import`: a recording of another format becomes a dataset of this one."""

import shutil
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf
from rich.console import Console
from rich.markup import escape

from wmpc.cli.progress import shown
from wmpc.collecting.recording import look
from wmpc.collecting.selection import chosen
from wmpc.errors import WmpcError
from wmpc.system.progress import Progress
from wmpc.wm.data import open_episodes
from wmpc.wm.recordings.importing import bytes_needed, import_episodes, survey


def run(path: str, cfg: Any, console: Console) -> None:
    """Look a recording over, say what it will take, and import it into `cfg.data`.

    Args:
        path: of the recording.
        cfg: the verb's configuration, composed and checked.
        console: where to print.

    Raises:
        WmpcError: there is no `cfg.data`, the frames a second are not known, or the recording does
            not fit what is asked for.
    """
    if cfg.data is None:
        raise WmpcError("say where to: wmpc data import PATH data=data/NAME")
    asked: Any = OmegaConf.to_container(cfg)
    with closing(look(path, asked)) as recording:
        source = recording.view
        if source.about.fps is None:
            why = " ".join([f"{path} does not say its frames a second.", *recording.home.says])
            raise WmpcError(f"{why} Give recorded_fps=...")
        ids = chosen(source, asked["episodes"], asked["exclude"])
        said = f"{path}: {recording.format}, {len(ids)} episodes"
        console.print(said, markup=False, soft_wrap=True)
        for sentence in recording.sentences():
            console.print(escape(sentence), soft_wrap=True)
        with shown(console) as tell:
            found = survey(
                source, ids, lambda done: tell(Progress("looking it over", done, len(ids)))
            )
        picked = {key: asked[key] for key in ("episodes", "exclude")}
        meta = recording.meta(found, picked)
        begun = _begun(Path(cfg.data), meta["source"])
        frames = int((source.lengths[ids[begun:]] + 1).sum())
        there = f"; {begun} episodes are there already, going on from there" if begun else ""
        console.print(
            f"{frames} frames, {bytes_needed(source, frames) / 2**30:.2f} GiB to write; "
            f"{_free(Path(cfg.data)) / 2**30:.0f} GiB are free{there}.",
            soft_wrap=True,
        )
        with shown(console) as tell:
            try:
                import_episodes(
                    source, cfg.data, meta, ids, opened=recording.again, workers=cfg.workers,
                    clip=cfg.clip, finish=recording.home.finish,
                    progress=lambda done, frames: tell(
                        Progress(str(cfg.data), done, len(ids), f"{frames} frames")
                    ),
                )  # fmt: skip
            except (KeyboardInterrupt, OSError) as stopped:
                kept = f"what was imported is kept in {cfg.data}"
                kept += "; the same command goes on from there"
                if isinstance(stopped, KeyboardInterrupt):
                    raise KeyboardInterrupt(kept) from None
                console.print(kept, markup=False, soft_wrap=True)
                raise
    console.print(f"{cfg.data} has {len(ids)} episodes. Next: wmpc data check {cfg.data}")


def _begun(data: Path, source: Mapping[str, Any]) -> int:
    """Episodes that are at `data` already; WmpcError where they were imported otherwise."""
    if not (data / "episode_ends.npy").exists():
        return 0
    there = open_episodes(data)
    last = {k: v for k, v in there.meta["sources"][-1].items() if k != "first_episode"}
    if differing := [key for key in source if last.get(key) != source[key]]:
        key = differing[0]
        raise WmpcError(
            f"{data} was imported with {key}={last.get(key)}, now {key}={source[key]} came: "
            "import into another folder"
        )
    return len(there)


def _free(path: Path) -> int:
    while not path.exists():
        path = path.absolute().parent
    return shutil.disk_usage(path).free
