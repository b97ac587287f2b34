"""`wmpc report`: a run on one page, or what several results say together."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from wmpc.api.report import report
from wmpc.cli.compose import unknown
from wmpc.errors import WmpcError
from wmpc.evaluation.evidence.comparison import compare_results
from wmpc.evaluation.evidence.result import Result
from wmpc.evaluation.evidence.seeds import split_by_seeds
from wmpc.evaluation.evidence.sides import find_sides, pair_sides
from wmpc.evaluation.evidence.tasks import average_tasks
from wmpc.reporting.comparison import comparison_page
from wmpc.reporting.damage import damaged
from wmpc.reporting.tables import SHOWS
from wmpc.system.disk import replace_file

SEVERAL = ("compare", "seeds", "tasks")
"""What is done with several results."""


def run(cfg: Any) -> None:
    """Write the page and print where it is, or do what `cfg.do` names instead.

    Args:
        cfg: the verb's configuration, composed and checked.

    Raises:
        WmpcError: there is no such `do`, or not one run.
    """
    if cfg.do in SEVERAL:
        return several(cfg)
    if cfg.do != "page":
        raise unknown("wmpc report verb", cfg.do, ["page", *SEVERAL])
    if cfg.run is None or cfg.of:
        raise WmpcError("run=... must be given, and only one; see wmpc report --help")
    name = cfg.eval and str(cfg.eval)
    out = report(str(cfg.run), eval=name, data=cfg.data, out=cfg.out and str(cfg.out))
    size = os.path.getsize(out) / 2**20
    Console(highlight=False).print(f"{escape(str(out))} ({size:.1f} MiB)", soft_wrap=True)


def several(cfg: Any) -> None:
    """Do what `cfg.do` names with the results `cfg.of`; print it, and write `cfg.out` if given.

    Args:
        cfg: the verb's configuration, composed and checked.

    Raises:
        WmpcError: the results cannot be taken together, or what is asked for has no page.
    """
    find: dict[str, Callable[[list[list[Result]]], dict[str, Any]]] = {
        "compare": lambda results: compare_results(*pair_sides(results), cfg.difference),
        "seeds": split_by_seeds,
        "tasks": average_tasks,
    }
    console, out = Console(highlight=False), None if cfg.out is None else Path(str(cfg.out))
    drawn = out is not None and out.suffix == ".html"
    if drawn and cfg.do != "compare":
        raise WmpcError(f"out={out} came; {cfg.do} has no page: give out=NAME.json")
    results = find_sides([str(word) for word in cfg.of])
    with damaged(f"one of {' '.join(map(str, cfg.of))}"):
        found = find[cfg.do](results)
        for part in SHOWS[cfg.do](found):
            console.print(part, soft_wrap=isinstance(part, str))
        text = comparison(found, results) if drawn else json.dumps(found, indent=1)
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        replace_file(out, text.encode())
        console.print(escape(str(out)), soft_wrap=True)


def comparison(found: dict[str, Any], results: list[list[Result]]) -> str:
    """Draw a comparison as a page.

    Args:
        found: what `compare_results` gave.
        results: of both sides.

    Returns:
        HTML that needs no network.
    """
    a, b = pair_sides(results)
    return comparison_page(found, [r.content for r in a], [r.content for r in b])
