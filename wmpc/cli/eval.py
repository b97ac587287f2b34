"""`wmpc eval`: how often an agent reaches goals, beside honest floors, or what recordings say."""

import shlex
import sys
from collections import Counter
from typing import Any

from omegaconf import OmegaConf
from rich.console import Console
from rich.markup import escape

from wmpc.api.evaluate import Evaluation, evaluate
from wmpc.api.report import report
from wmpc.cli.progress import shown
from wmpc.errors import WmpcError
from wmpc.evaluation.read_results import RESULTS
from wmpc.evaluation.sweep import format_curve


def run(cfg: Any) -> None:
    """Evaluate, write results.json with its pictures, and print the headline.

    Args:
        cfg: the verb's configuration, composed and checked.

    Raises:
        WmpcError: a page is asked for of an agent without a run.
    """
    console = Console(highlight=False)
    config: dict[str, Any] = OmegaConf.to_container(cfg, resolve=True)  # type: ignore[assignment]
    page, ran = config.pop("page"), config["run"]
    if page and ran is None:
        raise WmpcError("page=true draws the page of a run: give run=FOLDER, or leave it out")
    with shown(console) as progress:
        found = evaluate(**config, command=shlex.join(["wmpc", *sys.argv[1:]]), progress=progress)
    say(found, console)
    if page:
        drawn = report(ran, eval=found.folder.name, data=config["data"])
        console.print(escape(str(drawn)), soft_wrap=True)


def say(found: Evaluation, console: Console) -> None:
    """Print what came out of an evaluation.

    Args:
        found: the evaluation.
        console: where.

    Raises:
        WmpcError: no case could be tried.
    """
    results, file = found.content, found.folder / RESULTS
    for note in results["notes"]:
        console.print(f"note: {note}", markup=False)
    console.print(f"[bold]{escape(found.headline)}[/]", soft_wrap=True)
    for line in format_curve(results["shift"]) if results.get("shift") else []:
        console.print(line, markup=False)
    if results.get("diagnosis"):
        console.print(results["diagnosis"]["verdict"]["sentence"], soft_wrap=True)
    console.print(f"{file}", soft_wrap=True)
    reasons = [row.failure for row in found.rows]
    if reasons and None not in reasons:
        reason, often = Counter(reasons).most_common(1)[0]
        raise WmpcError(
            f"every case failed, which says nothing of the agent; {often} of {len(reasons)}: "
            f"{reason}; {file} has them all"
        )
