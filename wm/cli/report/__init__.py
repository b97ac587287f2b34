"""`wmpc report`: everything about a run on one HTML page that needs no network."""

import importlib
import os
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from wm.cli.compose import unknown
from wm.cli.place import in_or_instead
from wm.cli.report import evaluation, facts
from wm.cli.report.damage import damaged
from wm.cli.report.diagnosis import diagnosis
from wm.cli.report.template import render
from wm.cli.report.training import training_charts
from wm.disk import replace_file
from wm.errors import WmError

SEVERAL = ("compare", "seeds", "tasks")
"""What `wm.cli.evidence` does with several results."""


def run(cfg: Any) -> None:
    """Write the page and print where it is, or do what `cfg.do` names instead."""
    if cfg.do in SEVERAL:
        return importlib.import_module("wm.cli.evidence").run(cfg)
    if cfg.do != "page":
        raise unknown("wmpc report verb", cfg.do, ["page", *SEVERAL])
    if cfg.run is None or cfg.of:
        raise WmError("run=... must be given, and only one; see wmpc report --help")
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


def page(folder: Path, evaluation_name: str | None = None, data: str | None = None) -> str:
    """The page of the run in `folder`. WmError where that, or what is asked for, is not there."""
    config = facts.config_of(folder)
    results, others = facts.results_of(folder, evaluation_name)
    steps, watched = facts.training_log(folder)
    dataset = facts.dataset_of(config, data)
    known = {"id": None} if config is None else config["data"]["env"]
    env = results["env"]["id"] if results else known.get("id")
    said = {
        "agent": evaluation.agent_name,
        "standings": evaluation.standings,
        "strata": evaluation.strata,
        "failures": evaluation.failures,
        "media": evaluation.media,
        "shift": evaluation.shift,
        "pace": evaluation.pace,
        "diagnosis": diagnosis,
        "cases": evaluation.asked,
        "again": evaluation.again,
    }
    return render(
        "page.html",
        name=facts.task_name(env or folder.name),
        run=folder.name,
        folder=folder,
        config=config,
        results=results,
        others=[other for other in others if results and other["name"] != results["name"]],
        training=training_charts(steps, watched),
        last=watched[-1] if watched else None,
        log=steps[-1] if steps else None,
        coverage=facts.embed(dataset, "coverage.png") if dataset else None,
        dataset=dataset.name if dataset else None,
        sources=facts.sources(dataset) if dataset else [],
        **{name: function(results) if results else None for name, function in said.items()},
    )
