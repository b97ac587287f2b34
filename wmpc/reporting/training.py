"""What a training log says, as charts with the names of their lines."""

from collections.abc import Mapping, Sequence
from typing import Any

from wmpc.reporting import charts, facts


def training_charts(
    steps: Sequence[Mapping[str, Any]], watched: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Draw the loss terms and RankMe by step, and the rollout error by horizon.

    Args:
        steps: lines of the training log of kind "step".
        watched: lines of kind "eval".

    Returns:
        Of `loss`, `rankme` and `rollout`, as far as they are known: the chart and its lines' names.
    """
    found: dict[str, Any] = {}
    if terms := facts.curves(steps, "loss/") or facts.curves(steps, "loss"):
        words = ("step", "loss (log)", "Loss terms by training step")
        found["loss"] = charts.lines(terms, *words, log=True), list(terms)
    ranks = facts.curves(watched, "rankme")
    if ranks and len(watched) > 1:
        words = ("step", "RankMe", "Effective rank of the latent by step")
        found["rankme"] = charts.lines({"RankMe": ranks[""]}, *words), ["RankMe"]
    last = watched[-1] if watched else {}
    if error := last.get("rollout_error"):
        ahead = range(1, len(error) + 1)
        series = {
            "model": (ahead, error),
            "last latent repeated": (ahead, last["rollout_baseline"]),
        }
        words = ("blocks ahead", "mean squared error", "Rollout error by horizon")
        found["rollout"] = charts.lines(series, *words), list(series)
    return found
