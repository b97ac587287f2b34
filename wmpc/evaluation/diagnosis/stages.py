"""Whether the model still ranks plans rightly where a search has narrowed them down."""

from collections.abc import Sequence

import numpy as np
import torch

from wmpc.evaluation.diagnosis.decision import Decision
from wmpc.wm.diagnostics import Finding
from wmpc.wm.diagnostics.ranking import spearman

DRAWN, ELITES = 48, 16
"""Candidates of an iteration that are executed: at random, and the cheapest by the model."""


def rank_by_stage(decision: Decision, generator: torch.Generator) -> list[tuple[float, float]]:
    """Compare, iteration by iteration, how the model and the truth rank what was rolled out.

    Args:
        decision: whose planner rolled it out.
        generator: draws the candidates that are executed.

    Returns:
        For each iteration that tried more than `ELITES` sequences, Spearman's correlation between
        predicted and true cost, among `DRAWN` of them and among the `ELITES` cheapest.
    """
    found = []
    for tried in decision.rounds:
        if len(tried) <= ELITES:
            continue
        predicted = decision.predicted(tried)
        drawn = torch.randperm(len(tried), generator=generator)[:DRAWN]
        chosen = torch.cat([drawn, predicted.argsort()[:ELITES]])
        true = decision.true_cost(decision.simulate(tried[chosen])).numpy()
        cost, n = predicted[chosen].numpy(), len(drawn)
        found.append((spearman(cost[:n], true[:n]), spearman(cost[n:], true[n:])))
    return found


def stage_ranking(decisions: Sequence[Sequence[tuple[float, float]]]) -> list[Finding]:
    """Draw how the correlation falls from one iteration of a search to the next.

    Args:
        decisions: what `rank_by_stage` gives, of each case.

    Returns:
        The finding `stage_ranking`: the mean correlation among the cheapest of the last iteration.
        No finding where the planner rolls out too few sequences at a time, as those that follow
        gradients do, or its number of iterations varies.
    """
    if len({len(one) for one in decisions}) != 1 or not decisions[0]:
        return []
    every, elites = np.mean(decisions, 0).T
    iterations = list(range(1, len(every) + 1))
    return [
        Finding(
            "stage_ranking",
            "Predicted against true cost, iteration by iteration",
            float(elites[-1]),
            "Spearman's correlation",
            "Whether more search can help: where the model ranks the cheapest no better than "
            "chance (0), further iterations choose among plans by its errors. The number is that "
            "of the cheapest in the last one.",
            {
                "kind": "lines",
                "x": "iteration of the planner",
                "y": "correlation with the true cost",
                "series": {
                    "all that was tried": [iterations, every.tolist()],
                    f"the cheapest {ELITES}": [iterations, elites.tolist()],
                },
                "log": False,
            },
            {"all": every.tolist(), "elites": elites.tolist()},
        )
    ]
