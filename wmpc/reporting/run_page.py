"""Everything about a run on one HTML page that needs no network."""

from pathlib import Path

from wmpc.collecting.environment import NOWHERE
from wmpc.evaluation.offline.headline import is_offline
from wmpc.evaluation.read_results import task_name
from wmpc.reporting import evaluation, facts
from wmpc.reporting.diagnosis import diagnosis
from wmpc.reporting.offline import offline
from wmpc.reporting.template import render
from wmpc.reporting.training import training_charts


def page(
    folder: Path,
    evaluation_name: str | None = None,
    data: str | None = None,
    beside: Path | None = None,
) -> str:
    """Write the page of a run.

    Args:
        folder: of the run, or one that holds results alone.
        evaluation_name: of the evaluation to show; None for the latest.
        data: the dataset's folder; None for that of the evaluation, or the run's.
        beside: where results of a run are that nobody may write to.

    Returns:
        HTML that needs no other file.

    Raises:
        WmpcError: the folder, the evaluation or the dataset is not there, or cannot be read.
    """
    config = facts.config_of(folder)
    results, others = facts.results_of(folder, evaluation_name, beside)
    steps, watched = facts.training_log(folder)
    dataset = facts.dataset_of(config, results, data)
    shared = {
        "run": folder.name,
        "folder": folder,
        "config": config,
        "results": results,
        "others": [other for other in others if results and other["name"] != results["name"]],
        "training": training_charts(steps, watched),
        "last": watched[-1] if watched else None,
        "log": steps[-1] if steps else None,
        "coverage": facts.embed(dataset, "coverage.png") if dataset else None,
        "dataset": dataset.name if dataset else None,
        "sources": facts.sources(dataset) if dataset else [],
    }
    if results and is_offline(results):
        home = results["env"]["id"]
        name = task_name(folder.name if home == NOWHERE else home)
        return render("offline.html", name=name, offline=offline(results), **shared)
    known = {"id": None} if config is None else config["data"]["env"]
    env = results["env"]["id"] if results else known.get("id")
    named = env if env != NOWHERE else None
    parts = (*evaluation.PARTS, diagnosis)
    return render(
        "page.html",
        name=task_name(named or folder.name),
        **shared,
        **{part.__name__: part(results) if results else None for part in parts},
    )
