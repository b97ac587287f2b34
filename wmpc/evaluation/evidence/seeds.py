"""`wmpc report seeds`: how much of a rate is the training's seed, the planner's, and the cases?"""

from typing import Any

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from wmpc.errors import WmpcError
from wmpc.evaluation.evidence.conclusions import percent, points
from wmpc.evaluation.evidence.results import VERSUS, Result, grid
from wmpc.evaluation.statistics.seeds import split


def seeds(results: list[list[Result]], console: Console) -> dict[str, Any]:
    """Print the split of the variance and return it."""
    if len(results) > 1 or len(results[0]) < 2:
        raise WmpcError(
            f"seeds takes two or more results of one method that differ by their seeds, without "
            f"{VERSUS}"
        )
    outcomes, rows = grid(results[0])
    found, n = split(outcomes), outcomes.shape[2]
    seeds_of = [[result.planner_seed for result in row] for row in rows]
    alike = all(seeds == seeds_of[0] for seeds in seeds_of)
    whose, known = rows[0][0].seed_of, all(row[0].checkpoint for row in rows)
    names = [
        escape(f"{whose} seed {s if alike else f'no. {i}'}") for i, s in enumerate(seeds_of[0], 1)
    ]
    table = Table("training", *names, "mean", box=None)
    for row in rows:
        seed, mean = row[0].training_seed, np.mean([r.rate for r in row])
        checkpoint = (row[0].checkpoint or "")[:8] or "no checkpoint"
        name = checkpoint if seed is None else f"seed {seed}"
        table.add_row(escape(name), *(percent(r.rate) for r in row), percent(float(mean)))
    console.print(table)
    parts = {"training": found.training, "planner": found.planner, "cases": found.cases}
    labels = {
        "training": "between trainings"
        + ("" if found.planner is not None else f" (with {whose}s)"),
        "planner": f"between {whose} seeds",
        "cases": f"which {n} cases were drawn",
    }
    variances = Table("one result varies", "by (deviation)", "share", box=None)
    for name, variance in parts.items():
        if variance is None:
            variances.add_row(labels[name], "not varied", "")
            continue
        zero = " (estimate below 0, set to 0)" if name in found.clipped else ""
        share = percent(variance / found.total) if found.total else "-"
        variances.add_row(labels[name], points(variance**0.5) + zero, share)
    console.print(variances)
    told = _about_split(parts, found.total, len(rows) if known else 0, n, whose)
    console.print(f"\n[bold]{percent(found.rate)}[/]: {told}", soft_wrap=True)
    return {
        "manifest": results[0][0].manifest,
        "cases": n,
        "rate": found.rate,
        "rates": [[r.rate for r in row] for row in rows],
        "training_seeds": [row[0].training_seed for row in rows],
        "planner_seeds": seeds_of,
        "variance": parts,
        "clipped": list(found.clipped),
        "estimator": f"ANOVA mean squares, {whose} seeds nested in trainings, crossed with cases; "
        "cases binomial; estimates below zero set to zero",
        "words": told,
    }


def _about_split(
    parts: dict[str, float | None], total: float, trainings: int, n: int, whose: str
) -> str:
    """In words; 0 `trainings` are those that results without a checkpoint tell nothing of."""
    largest = max(parts, key=lambda name: parts[name] or 0.0)
    told = f"one such result has a standard deviation of {points(total**0.5)}. "
    if not total:
        return told + "All results are the same: harder cases would tell more."
    remedy = {
        "training": "the seed of training, so more trainings tell more than more cases do",
        "planner": f"the seed of the {whose}, so average over several of them",
        "cases": f"which cases were drawn, so more than {n} cases tell most",
    }
    told += f"Most of it is {remedy[largest]}."
    if trainings == 0:
        told += " Without a checkpoint, nothing is known of trainings."
    elif trainings == 1:
        told += " With one training, nothing is known of others."
    elif trainings < 5:
        told += f" Variances from {trainings} trainings are rough."
    return told
