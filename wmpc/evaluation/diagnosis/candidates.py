"""What the planner made of the model: its own candidates, executed in the true simulator."""

from collections.abc import Sequence

import numpy as np
import torch

from wmpc.evaluation.diagnosis.decision import Decision
from wmpc.evaluation.diagnosis.pool import Pool
from wmpc.wm.diagnostics import Finding
from wmpc.wm.diagnostics.ranking import kendall, spearman

MOST = 256
"""Candidates of one decision that are re-scored."""


def rescored(
    decisions: Sequence[tuple[torch.Tensor, np.ndarray, torch.Tensor]], pools: Sequence[Pool]
) -> tuple[Finding, Finding]:
    """Compare how the model ranks the planner's candidates with how the truth does.

    Args:
        decisions: what `rescore` gives, of each case.
        pools: of the same cases; they say how the true outcomes rank once encoded.

    Returns:
        The findings `candidate_ranking` (the mean of Kendall's tau) and `elite_regret` (tolerances
        that the candidate best by the model ends farther away than the one best by truth).
    """
    tau = [kendall(p.numpy(), t.numpy()) for p, _, t in decisions]
    rho = [spearman(p.numpy(), t.numpy()) for p, _, t in decisions]
    picked = np.array([d[int(p.argmin())] for p, d, _ in decisions])
    best = np.array([d.min() for _, d, _ in decisions])
    points = {}
    for i, (p, d, _) in enumerate(decisions[:3]):
        points[f"case {i + 1}"] = [d.tolist(), p.tolist()]
    ranking = Finding(
        "candidate_ranking",
        "Predicted cost of the planner's candidates against the truth",
        float(np.mean(tau)),
        "Kendall's tau",
        "Whether the model ranks what the planner tried as the true simulator does: 1 entirely, "
        "0 not at all; only the cheap end, at the bottom, decides.",
        {"kind": "scatter", "x": "true distance (tolerances)", "y": "cost", "points": points},
        {
            "spearman": float(np.mean(rho)),
            "kendall_encoded": float(
                np.mean([kendall(p.realised.numpy(), p.true.numpy()) for p in pools])
            ),
            "kendall_by_case": tau,
        },
    )
    regret = Finding(
        "elite_regret",
        "Regret of the chosen candidate",
        float((picked - best).mean()),
        "tolerances",
        "How much nearer the goal the planner's best candidate by truth comes than its best by "
        "the model: what a perfect ranking of the same candidates would gain.",
        {
            "kind": "scatter",
            "x": "best by truth (tolerances)",
            "y": "best by the model",
            "points": {"cases": [best.tolist(), picked.tolist()]},
        },
        {"by_model": float(picked.mean()), "by_truth": float(best.mean())},
    )
    return ranking, regret


def rescore(
    decision: Decision, generator: torch.Generator
) -> tuple[torch.Tensor, np.ndarray, torch.Tensor]:
    """Execute candidates of the planner in the true simulator.

    Args:
        decision: the decision that they were candidates of.
        generator: draws those that are executed, where there are more than `MOST`.

    Returns:
        Predicted cost, distance reached (tolerances) and true cost, (N,) each.
    """
    some = decision.candidates
    some = some[torch.randperm(len(some), generator=generator)[:MOST]]
    outcomes = decision.simulate(some)
    return decision.predicted(some), decision.reached(outcomes), decision.true_cost(outcomes)


def exploitation(pools: Sequence[Pool]) -> Finding:
    """Measure by how much the plans chosen are more hopeful than ordinary candidates.

    Args:
        pools: of several cases.

    Returns:
        The finding `exploitation`: predicted minus realised cost of the plans, as a share of the
        realised.
    """
    plans = np.array([[float(p.predicted[0]), float(p.realised[0])] for p in pools])
    others = np.concatenate(
        [torch.stack([p.predicted, p.realised], 1).numpy()[p.own][1:] for p in pools]
    )
    gap, usual = ((x[:, 0] - x[:, 1]).mean() for x in (plans, others))
    scale = max(float(plans[:, 1].mean()), 1e-12)
    return Finding(
        "exploitation",
        "Exploitation of the model by the planner",
        float(gap / scale),
        "of the realised cost",
        "Predicted minus realised cost of the plans, over the realised: below 0 the planner found "
        "where the model is too hopeful, at -1 all that it promised was an error.",
        {
            "kind": "scatter",
            "x": "realised cost",
            "y": "predicted cost",
            "points": {
                "candidates": others[:: max(1, len(others) // 300), ::-1].T.tolist(),
                "plans": plans[:, ::-1].T.tolist(),
            },
        },
        {"plans": float(gap), "candidates": float(usual), "realised": scale},
    )
