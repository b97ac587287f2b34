"""`wmpc report`: a run on one page, or what several results say together."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from wmpc.api.report import report
from wmpc.api.submit import submit, verify
from wmpc.cli.compose import unknown
from wmpc.cli.doctor import say_checks
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
ONE = ("submit", "check")
"""What is done with one."""


def run(cfg: Any) -> int | None:
    """Write the page and print where it is, or do what `cfg.do` names instead.

    Args:
        cfg: the verb's configuration, composed and checked.

    Returns:
        The exit code: 1 where a submission does not hold.

    Raises:
        WmpcError: there is no such `do`, or not one run.
    """
    if cfg.do in SEVERAL:
        several(cfg)
        return None
    if cfg.do in ONE:
        return one(cfg)
    if cfg.do != "page":
        raise unknown("wmpc report verb", cfg.do, ["page", *SEVERAL, *ONE])
    if cfg.run is None or cfg.of:
        raise WmpcError("run=... must be given, and only one; see wmpc report --help")
    name = cfg.eval and str(cfg.eval)
    out = report(str(cfg.run), eval=name, data=cfg.data, out=cfg.out and str(cfg.out))
    size = os.path.getsize(out) / 2**20
    Console(highlight=False).print(f"{escape(str(out))} ({size:.1f} MiB)", soft_wrap=True)
    return None


def one(cfg: Any) -> int:
    """Write a submission of the results `cfg.of`, or check the one that `cfg.of` is.

    Args:
        cfg: the verb's configuration, composed and checked.

    Returns:
        The exit code: 1 where it does not hold.

    Raises:
        WmpcError: not one was given.
    """
    if len(cfg.of) != 1:
        raise WmpcError(f"wmpc report {cfg.do} takes one, as in: wmpc report {cfg.do} PATH")
    console, path = Console(highlight=False), str(cfg.of[0])
    if cfg.do == "submit":
        console.print(escape(str(submit(path, cfg.out and str(cfg.out)))), soft_wrap=True)
        return 0
    found = verify(path, allow=list(cfg.allow))
    say_checks(found.checks, console)
    console.print(f"[bold]{escape(found.sentence)}[/]", soft_wrap=True)
    return 0 if found.holds else 1


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
