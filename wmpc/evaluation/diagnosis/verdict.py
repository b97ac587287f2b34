"""From the ladder and the findings to one sentence: what to look at first, and why."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from wmpc.evaluation.diagnosis.bottleneck import CULPRITS, Ladder
from wmpc.evaluation.diagnosis.pool import Pool
from wmpc.wm.diagnostics import Finding
from wmpc.wm.diagnostics.latents import lacking

LADDER_READING = (
    "True distance reached when one part of the agent after another is replaced by the truth; "
    "where the bar falls most is the bottleneck."
)


def verdict(ladder: Ladder, findings: Sequence[Finding], rate: float | None) -> dict[str, Any]:
    """Name the likely bottleneck, and the evidence for it.

    Data come before all else: a model cannot be right about actions recorded beside other frames.

    Args:
        ladder: its culprit is the verdict's, unless the data are.
        findings: those of the recordings and decisions.
        rate: the share of cases that the agent solved; None where it is not known.

    Returns:
        `culprit`, `sentence`, `evidence` (sentences) and `ladder` (the distance of each rung and
        the start's, in tolerances), in plain JSON values.
    """
    known = {finding.name: finding for finding in findings}
    shift = known["action_alignment"].value
    culprit = "data" if shift else ladder.culprit
    evidence = [_fall(ladder), *EVIDENCE[culprit](known)]
    if rate is not None:
        evidence.append(f"In the evaluation it reached {100 * rate:.0f}% of its goals.")
    if ladder.rungs["representation"] > 1:
        evidence.append(
            f"Even the choice by the true state ends {ladder.rungs['representation']:.1f} "
            "tolerances away: the horizon, or actions held so long, reach no nearer."
        )
    return {
        "culprit": culprit,
        "sentence": _sentence(culprit, known, ladder),
        "evidence": evidence,
        "ladder": {**ladder.rungs, "start": float(ladder.start.mean())},
    }


def ladder_finding(ladder: Ladder, pools: Sequence[Pool]) -> Finding:
    """Draw the ladder.

    Args:
        ladder: the distances.
        pools: of its cases.

    Returns:
        The finding `ladder`: tolerances by which the best rung comes nearer than the agent.
    """
    search = [(float(pool.predicted[0]), float(pool.predicted.min())) for pool in pools]
    bars = {"start": float(ladder.start.mean()), **ladder.rungs, "best of all": ladder.best.mean()}
    return Finding(
        "ladder",
        "The ladder of substitutions",
        ladder.rungs["agent"] - min(ladder.rungs.values()),
        "tolerances",
        LADDER_READING,
        {
            "kind": "bars",
            "x": "distance reached (tolerances)",
            "groups": ["mean of the cases"],
            "bars": {name: [float(value)] for name, value in bars.items()},
            "range": [0, max(map(float, bars.values()))],
        },
        {
            "gains": ladder.gains,
            "search_cost": np.mean(search, 0).tolist(),
            "by_case": ladder.reached.tolist(),
        },
    )


def _sentence(culprit: str, known: Mapping[str, Finding], ladder: Ladder) -> str:
    shift = known["action_alignment"].value or 0
    missing = lacking(known["probe_r2_coordinates"].details)
    return {
        "none": "No part stands out: the agent's own plans come about as near as any choice could.",
        "data": f"The data: actions are recorded {abs(shift):.0f} step(s) "
        f"{'after' if shift > 0 else 'before'} the frames they belong to.",
        "representation": "The representation: "
        + (
            f"its latents hold little of {_listed(missing)}."
            if missing
            else "its latents tell states apart less finely than the goal needs."
        ),
        "dynamics": "The dynamics: "
        + (
            "the predictor hardly heeds its actions."
            if (known["action_sensitivity"].value or 0) < 1.1
            else "imagined outcomes rank plans wrongly where true ones rank them rightly."
        ),
        "cost": "The cost: the latents hold the state, yet their distance to the goal's ranks true "
        "outcomes wrongly.",
        "planner": "The planner: a stronger search of the same model and cost comes nearer.",
    }[culprit]


def _fall(ladder: Ladder) -> str:
    rungs = ladder.rungs
    words = ", ".join(f"{rungs[rung]:.2f} with its {CULPRITS[rung]} replaced" for rung in CULPRITS)
    return (
        f"From {ladder.start.mean():.1f} tolerances away the agent's plans come within "
        f"{rungs['agent']:.2f}; from one pool of sequences, one part after another replaced by the "
        f"truth: {words}."
    )


def _data(known: Mapping[str, Finding]) -> list[str]:
    error = known["action_alignment"].details["error"]
    shift = f"{known['action_alignment'].value:.0f}"
    return [
        f"Replayed in the simulator, recorded actions miss the next state by {error['0']:.2f} of "
        f"its change, those at a shift of {shift} recorded steps by {error[shift]:.2f}."
    ]


def _representation(known: Mapping[str, Finding]) -> list[str]:
    worst = sorted(
        (max(values), name)
        for name, values in known["probe_r2_coordinates"].figure["bars"].items()  # type: ignore[index]
    )
    told = ", ".join(f"{name} {score:.2f}" for score, name in worst[:4])
    return [f"The best R² of a probe, on held-out episodes, from the worst variable on: {told}."]


def _dynamics(known: Mapping[str, Finding]) -> list[str]:
    ratio, error = known["action_sensitivity"].value, known["rollout_error"]
    return [
        f"Imagined {len(error.details['blocks'])} blocks ahead the latent's error is "
        f"{error.value:.2f} of standing still, and {ratio:.1f} times as large with another "
        "recording's actions.",
        _ranks(known),
    ]


def _cost(known: Mapping[str, Finding]) -> list[str]:
    pair = known["pair_ranking"]
    return [
        f"Over pairs of recorded frames latent distance ranks as the true distance does with a "
        f"Kendall's tau of {pair.value:.2f}; over encoded true outcomes the agent's cost does with "
        f"{known['candidate_ranking'].details['kendall_encoded']:.2f}.",
        *_representation(known),
    ]


def _ranks(known: Mapping[str, Finding]) -> str:
    ranking = known["candidate_ranking"]
    encoded = ranking.details["kendall_encoded"]
    return (
        f"The predicted cost ranks the planner's candidates as the truth does with a Kendall's tau "
        f"of {ranking.value:.2f}; that of true outcomes, encoded, with {encoded:.2f}."
    )


def _planner(known: Mapping[str, Finding]) -> list[str]:
    gap = known["ladder"].details["search_cost"]
    return [
        f"The agent's cost of its own plans is {gap[0]:.3g}, that of the plans a stronger search "
        f"finds in the same model {gap[1]:.3g}.",
    ]


def _none(known: Mapping[str, Finding]) -> list[str]:
    rung, gain = max(known["ladder"].details["gains"].items(), key=lambda item: item[1])
    return [
        f"What is left to gain is most in the {CULPRITS[rung]}: {gain:.2f} tolerances.",
        f"The best of the planner's candidates by truth would come "
        f"{known['elite_regret'].value:.2f} tolerances nearer than the best by the model.",
    ]


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


EVIDENCE = {
    "data": _data,
    "representation": _representation,
    "dynamics": _dynamics,
    "cost": _cost,
    "planner": _planner,
    "none": _none,
}
