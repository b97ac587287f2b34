"""`wmpc report seeds`: how much of a rate is the training's seed, the planner's, and the cases?"""

from typing import Any

from wmpc.errors import WmpcError
from wmpc.evaluation.evidence.conclusions import points
from wmpc.evaluation.evidence.grid import arrange_results
from wmpc.evaluation.evidence.result import VERSUS, Result
from wmpc.evaluation.statistics.seeds import split


def split_by_seeds(results: list[list[Result]]) -> dict[str, Any]:
    """Split the variance of a rate into its trainings', its planner seeds' and its cases'.

    Args:
        results: one side, of results of one method that differ by their seeds.

    Returns:
        Plain JSON values: `rates` [training][planner seed], `rate` (their mean), `variance` by
        source (None where it was not varied) and its `total`, `words`, and what they are of.

    Raises:
        WmpcError: there are two sides, or fewer than two results, or they do not belong together.
    """
    if len(results) > 1 or len(results[0]) < 2:
        raise WmpcError(
            f"seeds takes two or more results of one method that differ by their seeds, without "
            f"{VERSUS}"
        )
    outcomes, rows = arrange_results(results[0])
    found, n = split(outcomes), outcomes.shape[2]
    whose, known = rows[0][0].seed_of, all(row[0].checkpoint for row in rows)
    parts = {"training": found.training, "planner": found.planner, "cases": found.cases}
    return {
        "manifest": results[0][0].manifest,
        "cases": n,
        "rate": found.rate,
        "rates": [[r.rate for r in row] for row in rows],
        "trainings": [_training(row[0]) for row in rows],
        "training_seeds": [row[0].training_seed for row in rows],
        "planner_seeds": [[result.planner_seed for result in row] for row in rows],
        "seed_of": whose,
        "variance": parts,
        "total": found.total,
        "clipped": list(found.clipped),
        "estimator": f"ANOVA mean squares, {whose} seeds nested in trainings, crossed with cases; "
        "cases binomial; estimates below zero set to zero",
        "words": _about_split(parts, found.total, len(rows) if known else 0, n, whose),
    }


def _training(result: Result) -> str:
    """What to call the training of a result."""
    if result.training_seed is not None:
        return f"seed {result.training_seed}"
    return (result.checkpoint or "")[:8] or "no checkpoint"


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
