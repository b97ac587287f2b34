"""`wmpc data check`: is a recording sound?"""

from typing import Any

from rich.console import Console

from wm.data import open_episodes


def run(path: str, cfg: Any, console: Console) -> None:
    """Compare every byte with the digests taken when it was recorded."""
    episodes = open_episodes(path)
    episodes.verify()
    console.print(f"{episodes.path}: all {len(episodes)} episodes are as they were recorded.")
