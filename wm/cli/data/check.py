"""`wmpc data check`: is a recording sound?"""

from typing import Any

from rich.console import Console

from wm.cli.examination import check


def run(path: str, cfg: Any, console: Console) -> int:
    """Examine it, write the page; 1 where an error was found, else 0."""
    return check(path, cfg.format, cfg.out, cfg.context, console)
