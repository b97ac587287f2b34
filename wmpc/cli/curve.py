"""`wmpc curve`: how many episodes are needed, and of what kind."""

import json
import shlex
import sys
from typing import Any

from omegaconf import OmegaConf
from rich.console import Console

from wmpc.api.curve import curve
from wmpc.cli.progress import shown
from wmpc.cli.signals import Interrupted, stopping
from wmpc.reporting.curve import show_curve
from wmpc.wm.training.stop import Stopped


def run(cfg: Any) -> None:
    """Train and evaluate a run at each point, then print the table and where the page is.

    Args:
        cfg: the verb's configuration, composed and checked.

    Raises:
        Interrupted: a signal came; the message says what is kept.
    """
    console = Console(highlight=False)
    config: dict[str, Any] = OmegaConf.to_container(cfg, resolve=True)  # type: ignore[assignment]
    command = shlex.join(["wmpc", *sys.argv[1:]])
    with stopping() as stop:
        try:
            with shown(console) as progress:
                made = curve(**config, command=command, progress=progress, stop=stop)
        except Stopped as stopped:
            raise Interrupted(str(stopped), stop.signal) from None
        except KeyboardInterrupt as interrupt:
            kept = str(interrupt) or "what is complete is kept; the same command goes on from there"
            raise Interrupted(kept, stop.signal) from None
    content = json.loads((made.folder / f"{made.axis}.json").read_bytes())
    for part in show_curve(content):
        console.print(part, soft_wrap=isinstance(part, str))
    console.print(str(made.page), markup=False, soft_wrap=True)
