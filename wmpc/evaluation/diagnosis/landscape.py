"""The cost around a plan, along two directions of the actions: the model's beside the truth's."""

import numpy as np
import torch

from wmpc.evaluation.diagnosis.decision import Decision
from wmpc.planners.problem import Box
from wmpc.wm.diagnostics import Finding
from wmpc.wm.diagnostics.ranking import spearman

POINTS = 11
"""Along each direction."""


def landscape(decision: Decision) -> Finding:
    """Draw the cost around a plan, by the model and by the simulator.

    Every action of the plan is moved along the first two of its numbers, by up to the half range.
    Where an action is one number, the first half of the horizon is moved against the second.

    Args:
        decision: its plan is the middle.

    Returns:
        The finding `cost_landscape`: Spearman's correlation between the agent's cost of what the
        model imagines and of what really follows, encoded; the picture shows both.
    """
    box = decision.problem.actions
    assert isinstance(box, Box)
    half = (box.high - box.low) / 2
    size = len(half)
    axes = torch.eye(size)[[0, min(1, size - 1)]].to(half) * half
    steps = torch.linspace(-1, 1, POINTS).to(half)
    if size == 1:  # one number: the first half of the horizon against the second
        H = len(decision.plan)
        first = (torch.arange(H) < (H + 1) // 2).to(half)[:, None]
        directions = [first * axes[0], (1 - first) * axes[0]]
    else:
        directions = [axes[0].expand_as(decision.plan), axes[1].expand_as(decision.plan)]
    moved = torch.stack(
        [decision.plan + x * directions[0] + y * directions[1] for y in steps for x in steps]
    )
    moved = box.clamp(moved)
    model = decision.predicted(moved).numpy()
    truth = decision.realised(decision.encode(decision.simulate(moved)), moved).numpy()
    ticks = np.round(steps.cpu().numpy().astype(np.float64), 3).tolist()
    return Finding(
        "cost_landscape",
        "The cost around a plan",
        spearman(model, truth),
        "Spearman's correlation",
        "Cost when every action of the plan (the middle) is moved along two directions: where the "
        "pictures differ, the model's valleys are not the simulator's.",
        {
            "kind": "heatmap",
            "x": "first action moved (half ranges)",
            "y": "second action moved",
            "xs": ticks,
            "ys": ticks,
            "panels": {
                "model": model.reshape(POINTS, POINTS).tolist(),
                "simulator": truth.reshape(POINTS, POINTS).tolist(),
            },
        },
    )
