"""`wmpc data`: look into recordings, examine them, make them native, give them to others."""

import importlib
from typing import Any

from rich.console import Console

from wmpc.cli.compose import unknown
from wmpc.errors import WmpcError
from wmpc.system.shipped import locate_data

VERBS = {
    "inspect": "wmpc.cli.data.inspect",
    "check": "wmpc.cli.data.check",
    "import": "wmpc.cli.data.importing",
    "export": "wmpc.cli.data.export",
}


def run(cfg: Any) -> int | None:
    """Do what `cfg.do` names, to the recording that is named by a word or by `data`.

    Args:
        cfg: the verb's configuration, composed and checked.

    Returns:
        The exit code; None stands for 0.

    Raises:
        WmpcError: there is no such `do`, or not one recording.
    """
    if cfg.do not in VERBS:
        raise unknown("wmpc data verb", cfg.do, VERBS)
    if len(cfg.of) > 1:
        raise WmpcError(f"{len(cfg.of)} recordings came; wmpc data {cfg.do} takes one at a time")
    path = cfg.of[0] if cfg.of else (None if cfg.do == "import" else cfg.data)
    if path is None:
        raise WmpcError(f"say which recording: wmpc data {cfg.do} PATH")
    return importlib.import_module(VERBS[cfg.do]).run(
        str(locate_data(str(path))), cfg, Console(highlight=False)
    )
