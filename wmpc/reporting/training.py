"""What a training log says, as charts with the names of their lines."""

from collections.abc import Mapping, Sequence
from typing import Any

from wmpc.reporting import charts, facts


def training_charts(
    steps: Sequence[Mapping[str, Any]], watched: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Loss terms and RankMe by step, rollout error by horizon."""
    found: dict[str, Any] = {}
    terms = facts.curves(steps, "loss/") or facts.curves(steps, "loss")
    if terms:
        chart = charts.lines(terms, "step", "loss (log)", "Loss terms by training step", log=True)
        found["loss"] = (chart, list(terms))
    ranks = facts.curves(watched, "rankme")
    if ranks and len(watched) > 1:
        series = {"RankMe": ranks[""]}
        chart = charts.lines(series, "step", "RankMe", "Effective rank of the latent by step")
        found["rankme"] = (chart, list(series))
    last = watched[-1] if watched else {}
    if last.get("rollout_error"):
        ahead = range(1, len(last["rollout_error"]) + 1)
        series = {
            "model": (ahead, last["rollout_error"]),
            "last latent repeated": (ahead, last["rollout_baseline"]),
        }
        chart = charts.lines(
            series, "blocks ahead", "mean squared error", "Rollout error by horizon"
        )
        found["rollout"] = (chart, list(series))
    return found
