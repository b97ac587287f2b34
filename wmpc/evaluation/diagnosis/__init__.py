"""`wmpc eval diagnose=true`: every diagnostic of a model that plans, and the likely bottleneck."""

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import torch

from wmpc.agents.entrant import Entrant
from wmpc.envs.goal_env import Walkable
from wmpc.envs.simulator import Simulator
from wmpc.errors import WmpcError
from wmpc.evaluation.diagnosis import bottleneck, candidates, pool, stages, verdict
from wmpc.evaluation.diagnosis.decision import Decision, planning
from wmpc.evaluation.diagnosis.landscape import landscape
from wmpc.evaluation.diagnosis.recordings import examine
from wmpc.evaluation.diagnosis.surprise import surprise_findings
from wmpc.evaluation.draw_cases import Recorded, draw_manifest
from wmpc.evaluation.exclusions import ANY
from wmpc.evaluation.manifest import Manifest
from wmpc.evaluation.run_cases import Row
from wmpc.planners.problem import Planner
from wmpc.wm.data import Episodes
from wmpc.wm.models.world_model import LearnedModel

DECISIONS = 20


def diagnose(
    entrant: Entrant,
    drawn: Manifest,
    task: Any,
    episodes: Episodes,
    rows: Sequence[Row] = (),
    *,
    decisions: int = DECISIONS,
    strong: Planner = pool.STRONG,
    truth: Planner = pool.TRUTH,
    steps: int = 1000,
    seed: int = 0,
) -> dict[str, Any]:
    """Run every diagnostic of an agent that plans, and name the likely bottleneck.

    Args:
        entrant: an agent that plans; its model, planner and cost are what is diagnosed.
        drawn: the manifest, whose cases the decisions are of.
        task: the manifest's.
        episodes: the recordings that the model was trained on.
        rows: of the evaluation, whose rate of success is part of the evidence.
        decisions: how many are looked at, spread over the manifest.
        strong: what searches the model for the ladder's pool.
        truth: what searches the simulator for it.
        steps: of a probe's fit.
        seed: of all that is drawn.

    Returns:
        `findings`, a list, and `verdict` (see there), in plain JSON values.

    Raises:
        WmpcError: the agent does not plan, or the recordings hold no states or are too short.
    """
    simulator = Simulator(task)
    try:
        agent = planning(entrant, drawn.cases[0])
        within = reachable(drawn, agent.horizon, decisions, task, episodes)
        indices = np.linspace(0, len(within.cases) - 1, min(decisions, len(within.cases))).round()
        findings, probe = examine(
            agent.model, episodes, task, simulator, drawn.action_block, steps=steps, seed=seed
        )
        generator = torch.Generator().manual_seed(seed)
        pools, starts, rescored, staged = [], [], [], []
        for index in indices.astype(int).tolist():
            decision = Decision(entrant, within, within.cases[index], task, simulator)
            if not pools:
                findings.append(landscape(decision))
            rescored.append(candidates.rescore(decision, generator))
            staged.append(stages.rank_by_stage(decision, generator))
            pools.append(
                pool.gather(decision, probe, strong=strong, truth=truth, seed=seed + index)
            )
            starts.append(within.cases[index].distance)
    finally:
        simulator.close()
    climbed = bottleneck.climb(pools, starts)
    findings += [
        *candidates.rescored(rescored, pools),
        *stages.stage_ranking(staged),
        candidates.exploitation(pools),
        verdict.ladder_finding(climbed, pools),
    ]
    rate = float(np.mean([row.success for row in rows])) if len(rows) else None
    found = verdict.verdict(climbed, findings, rate)
    if within is not drawn:
        found["evidence"].append(
            f"Its decisions were those of {len(pools)} goals {within.blocks} blocks ahead, not of "
            "the manifest's: beyond the horizon a straight distance says little."
        )
    if isinstance(agent.model, LearnedModel):
        findings += surprise_findings(agent.model, task, episodes, seed=seed)
    return {"findings": [finding.as_dict() for finding in findings], "verdict": found}


def reachable(drawn: Manifest, horizon: int, count: int, task: Any, episodes: Episodes) -> Manifest:
    """Give cases whose goals lie within the horizon.

    Beyond it the true distance that a plan of `horizon` blocks reaches says little: behind a wall
    the way that leads to the goal leads away from it at first, unless the task knows the way.

    Args:
        drawn: the manifest.
        horizon: blocks that the agent plans ahead.
        count: cases to draw, where others are needed.
        task: the manifest's.
        episodes: the recordings to draw from.

    Returns:
        The manifest itself where its goals are within the horizon or the task is `Walkable`; else
        another, of goals at most 5 blocks ahead, with the manifest's filter where enough such cases
        pass it.
    """
    if isinstance(task, Walkable) or (drawn.blocks is not None and drawn.blocks <= horizon):
        return drawn

    def near(filter: str) -> Manifest:
        return draw_manifest(
            cast(Recorded, episodes),
            task,
            filter=filter,
            kind="ahead",
            blocks=min(5, horizon),
            action_block=drawn.action_block,
            budget=horizon,
            count=count,
            seed=drawn.seed,
        )

    try:
        return near(drawn.filter or ANY)
    except WmpcError:  # too few such cases so near
        return near(ANY)
