"""`wmpc check`: does this machine reach what was recorded with the shipped run?"""

from typing import Any

from rich.console import Console

from wmpc.api.check import check
from wmpc.cli.doctor import say_checks
from wmpc.cli.progress import shown


def run(cfg: Any) -> int:
    """Run the recorded cases again; print what differs, what to do about it, and the verdict.

    Args:
        cfg: the verb's configuration, composed and checked.

    Returns:
        The exit code: 1 where the rate is not reproduced, else 0.
    """
    console = Console(highlight=False)
    with shown(console) as progress:
        found = check(
            str(cfg.run),
            count=cfg.count,
            device=cfg.device,
            threads=cfg.threads,
            progress=progress,
        )
    say_checks(found.checks, console)
    console.print(f"[bold]{found.sentence}[/]", soft_wrap=True)
    return 0 if found.reproduces else 1
