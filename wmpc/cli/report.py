"""`wmpc report`: a run on one page, or what several results say together."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from wmpc.cli.compose import unknown
from wmpc.errors import WmpcError
from wmpc.evaluation.evidence import sides
from wmpc.evaluation.evidence.compare import compare
from wmpc.evaluation.evidence.results import Result
from wmpc.evaluation.evidence.seeds import seeds
from wmpc.evaluation.evidence.tasks import tasks
from wmpc.reporting.comparison import comparison_page
from wmpc.reporting.damage import damaged
from wmpc.reporting.run_page import page
from wmpc.system.disk import replace_file
from wmpc.system.place import in_or_instead

SEVERAL = ("compare", "seeds", "tasks")
"""What `wmpc.evaluation.evidence` does with several results."""
Verb = Callable[[list[list[Result]], Console], dict[str, Any]]


def run(cfg: Any) -> None:
    """Write the page and print where it is, or do what `cfg.do` names instead."""
    if cfg.do in SEVERAL:
        return several(cfg)
    if cfg.do != "page":
        raise unknown("wmpc report verb", cfg.do, ["page", *SEVERAL])
    if cfg.run is None or cfg.of:
        raise WmpcError("run=... must be given, and only one; see wmpc report --help")
    folder = Path(str(cfg.run))
    out = (
        Path(str(cfg.out))
        if cfg.out
        else in_or_instead(folder, "report.html", f"reports/{folder.resolve().name}")
    )
    with damaged(str(folder)):
        text = page(folder, cfg.eval and str(cfg.eval), cfg.data)
    out.parent.mkdir(parents=True, exist_ok=True)
    replace_file(out, text.encode())
    size = os.path.getsize(out) / 2**20
    Console(highlight=False).print(f"{escape(str(out))} ({size:.1f} MiB)", soft_wrap=True)


def several(cfg: Any) -> None:
    """Do what `cfg.do` names with the results `cfg.of`; print it, and write `cfg.out` if given."""
    verbs: dict[str, Verb] = {
        "compare": lambda results, console: compare(results, console, cfg.difference),
        "seeds": seeds,
        "tasks": tasks,
    }
    console, out = Console(highlight=False), None if cfg.out is None else Path(str(cfg.out))
    drawn = out is not None and out.suffix == ".html"
    if drawn and cfg.do != "compare":
        raise WmpcError(f"out={out} came; {cfg.do} has no page: give out=NAME.json")
    results = sides([str(word) for word in cfg.of])
    with damaged(f"one of {' '.join(map(str, cfg.of))}"):
        found = verbs[cfg.do](results, console)
        text = comparison(found, results) if drawn else json.dumps(found, indent=1)
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        replace_file(out, text.encode())
        console.print(escape(str(out)), soft_wrap=True)


def comparison(found: dict[str, Any], results: list[list[Result]]) -> str:
    """A comparison as a page."""
    a, b = results if len(results) == 2 else ([results[0][0]], [results[0][1]])
    return comparison_page(found, [r.content for r in a], [r.content for r in b])
