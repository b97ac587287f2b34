"""`wmpc data export`: a dataset of ours, for other libraries to read."""

import importlib
from typing import Any

from rich.console import Console

from wmpc import envs  # noqa: F401  registers the environments that exports name
from wmpc.cli.compose import unknown
from wmpc.cli.progress import shown
from wmpc.errors import WmpcError
from wmpc.system.progress import Progress
from wmpc.wm.data import open_episodes

WRITERS = {
    "lerobot": "wmpc.wm.recordings.export.lerobot:export_lerobot",
    "minari": "wmpc.wm.recordings.export.minari:export_minari",
    "swm": "wmpc.wm.recordings.export.swm:export_swm",
}


def run(path: str, cfg: Any, console: Console) -> None:
    """Write a dataset to the new folder `cfg.out`, in the format `cfg.to`.

    Args:
        path: of the recording.
        cfg: the verb's configuration, composed and checked.
        console: where to print.

    Raises:
        WmpcError: there is no such format, or no `cfg.out`.
    """
    if cfg.to not in WRITERS:
        raise unknown("format to export to", cfg.to, WRITERS)
    if cfg.out is None:
        raise WmpcError(f"say where to: wmpc data export {path} to={cfg.to} out=FOLDER")
    episodes = open_episodes(path)
    module, name = WRITERS[cfg.to].split(":")
    write = getattr(importlib.import_module(module), name)
    with shown(console) as tell:
        write(
            episodes,
            cfg.out,
            progress=lambda done: tell(Progress(str(cfg.out), done, len(episodes))),
        )
    console.print(f"{cfg.out} holds {len(episodes)} episodes for {cfg.to}.", soft_wrap=True)
