"""`wmpc report compare`, `seeds` and `tasks`: what several results say together."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from wm.cli.evidence.compare import compare
from wm.cli.evidence.results import VERSUS, Result, find
from wm.cli.evidence.seeds import seeds
from wm.cli.evidence.tasks import tasks
from wm.cli.report.comparison import comparison_page
from wm.cli.report.damage import damaged
from wm.disk import replace_file
from wm.errors import WmError

Verb = Callable[[list[list[Result]], Console], dict[str, Any]]


def run(cfg: Any) -> None:
    """Do what `cfg.do` names with the results `cfg.of`; print it, and write `cfg.out` if given."""
    verbs: dict[str, Verb] = {
        "compare": lambda results, console: compare(results, console, cfg.difference),
        "seeds": seeds,
        "tasks": tasks,
    }
    console, out = Console(highlight=False), None if cfg.out is None else Path(str(cfg.out))
    drawn = out is not None and out.suffix == ".html"
    if drawn and cfg.do != "compare":
        raise WmError(f"out={out} came; {cfg.do} has no page: give out=NAME.json")
    results = sides([str(word) for word in cfg.of])
    with damaged(f"one of {' '.join(map(str, cfg.of))}"):
        found = verbs[cfg.do](results, console)
        text = page(found, results) if drawn else json.dumps(found, indent=1)
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        replace_file(out, text.encode())
        console.print(escape(str(out)), soft_wrap=True)


def page(found: dict[str, Any], results: list[list[Result]]) -> str:
    """A comparison as a page."""
    a, b = results if len(results) == 2 else ([results[0][0]], [results[0][1]])
    return comparison_page(found, [r.content for r in a], [r.content for r in b])


def sides(words: Sequence[str]) -> list[list[Result]]:
    """The results on each side of the word vs; one side where it is not there."""
    if words.count(VERSUS) > 1:
        raise WmError(f"{VERSUS} came {words.count(VERSUS)} times: there are two sides")
    at = words.index(VERSUS) if VERSUS in words else None
    groups = [words] if at is None else [words[:at], words[at + 1 :]]
    if not all(groups):
        raise WmError("no results came: name their folders, such as runs/reacher/eval/ahead-mpc")
    return [[find(word) for word in group] for group in groups]
