"""Everything about a run on one HTML page that needs no network."""

from pathlib import Path

from wmpc.evaluation.read_results import task_name
from wmpc.reporting import evaluation, facts
from wmpc.reporting.diagnosis import diagnosis
from wmpc.reporting.template import render
from wmpc.reporting.training import training_charts


def page(folder: Path, evaluation_name: str | None = None, data: str | None = None) -> str:
    """The page of the run in `folder`. WmpcError where that, or what is asked for, is not there."""
    config = facts.config_of(folder)
    results, others = facts.results_of(folder, evaluation_name)
    steps, watched = facts.training_log(folder)
    dataset = facts.dataset_of(config, data)
    known = {"id": None} if config is None else config["data"]["env"]
    env = results["env"]["id"] if results else known.get("id")
    said = {
        "agent": evaluation.agent_name,
        "standings": evaluation.standings,
        "unmeasured": evaluation.unmeasured,
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
        name=task_name(env or folder.name),
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
