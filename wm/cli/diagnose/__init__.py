"""`wmpc eval diagnose=true`: every diagnostic of a model that plans, and the likely bottleneck."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from envs.evaluate import Row
from envs.manifest import Manifest
from envs.simulator import Simulator
from wm.cli.agents import Entrant
from wm.cli.diagnose import candidates, ladder, pool, verdict
from wm.cli.diagnose.decision import Decision
from wm.cli.diagnose.landscape import landscape
from wm.cli.diagnose.recordings import examine
from wm.data import Episodes

CASES = 20


def diagnose(
    entrant: Entrant,
    drawn: Manifest,
    task: Any,
    episodes: Episodes,
    rows: Sequence[Row] = (),
    *,
    cases: int = CASES,
    seed: int = 0,
) -> dict[str, Any]:
    """All findings and the verdict, in plain JSON values.

    Args:
        entrant: an agent that plans; its model, planner and cost are what is diagnosed.
        drawn, task: the manifest and its task.
        episodes: the recordings that the model was trained on.
        rows: of the evaluation, whose rate of success is part of the evidence.
        cases: how many decisions are looked at, spread over the manifest.

    WmError where the agent does not plan, or the recordings hold no states.
    """
    simulator = Simulator(task)
    try:
        chosen = np.linspace(0, len(drawn.cases) - 1, min(cases, len(drawn.cases))).round()
        indices = sorted(set(chosen.astype(int).tolist()))
        first = Decision(entrant, drawn, drawn.cases[indices[0]], task, simulator)
        findings, probe = examine(
            first.agent.model, episodes, task, simulator, drawn.action_block, seed
        )
        generator = torch.Generator().manual_seed(seed)
        pools, starts, rescored = [], [], []
        for index in indices:
            decision = Decision(entrant, drawn, drawn.cases[index], task, simulator)
            if index == indices[0]:
                findings.append(landscape(decision))
            rescored.append(candidates.rescore(decision, generator))
            pools.append(pool.gather(decision, probe, seed=seed + index))
            starts.append(decision.row.distance_start)
    finally:
        simulator.close()
    climbed = ladder.climb(pools, starts)
    findings += [
        *candidates.rescored(rescored, pools),
        candidates.exploitation(pools),
        verdict.ladder_finding(climbed, pools),
    ]
    rate = float(np.mean([row.success for row in rows])) if len(rows) else None
    found = verdict.verdict(climbed, findings, rate)
    return {"findings": [finding.as_dict() for finding in findings], "verdict": found}
