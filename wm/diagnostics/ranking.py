"""Whether a cost ranks things as the truth does. A planner sees nothing of a cost but its ranks."""

from collections.abc import Callable
from typing import Any

import numpy as np
from torch import Tensor

from wmpc.wm.diagnostics.finding import Finding

POINTS = 400
"""Of a scatter plot."""


def kendall(cost: np.ndarray, truth: np.ndarray) -> float:
    """Compute Kendall's tau-b.

    Args:
        cost: (n,).
        truth: (n,).

    Returns:
        -1 to 1; 0 where either is constant, which ranks nothing.
    """
    from scipy.stats import kendalltau  # slow to import, so where it is needed

    return _finite(kendalltau(cost, truth)[0])


def spearman(cost: np.ndarray, truth: np.ndarray) -> float:
    """Compute Spearman's rank correlation.

    Args:
        cost: (n,).
        truth: (n,).

    Returns:
        -1 to 1; 0 where either is constant.
    """
    if np.ptp(cost) == 0 or np.ptp(truth) == 0:
        return 0.0
    from scipy.stats import spearmanr  # slow to import, so where it is needed

    return _finite(spearmanr(cost, truth)[0])


def pair_ranking(
    latents: Tensor,
    states: np.ndarray,
    cost: Callable[[Tensor, Tensor], Tensor],
    distance: Callable[[np.ndarray, np.ndarray], float],
    *,
    pairs: int = 2000,
    seed: int = 0,
) -> Finding:
    """Compare latent cost with true distance over pairs of recorded frames, as far as each other as
    start and goal: half within a window, half between any two.

    Args:
        latents: windows (n, L, K, D).
        states: (n, L, S), of their frames.
        cost: latents (p, K, D), goals (p, K, D) -> (p,).
        distance: states (S,), (S,) -> in tolerances.
        pairs: drawn.
        seed: of the draw.

    Returns:
        Kendall's tau over all pairs.
    """
    rng = np.random.default_rng(seed)
    n, L = states.shape[:2]
    i, j = rng.integers(n, size=(2, pairs))
    j[: pairs // 2] = i[: pairs // 2]
    s, t = rng.integers(L, size=(2, pairs))
    apart = (i != j) | (s != t)
    i, j, s, t = (x[apart] for x in (i, j, s, t))
    costs = cost(latents[i, s], latents[j, t]).double().cpu().numpy()
    truth = np.array([distance(a, b) for a, b in zip(states[i, s], states[j, t], strict=True)])
    near = i == j
    shown = rng.permutation(len(costs))[:POINTS]
    points = {
        name: [truth[shown][mask].tolist(), costs[shown][mask].tolist()]
        for name, mask in (("within a window", near[shown]), ("any two frames", ~near[shown]))
    }
    return Finding(
        "pair_ranking",
        "Latent cost against true distance",
        kendall(costs, truth),
        "Kendall's tau",
        "Whether of two pairs of recorded frames the one that is farther apart also costs more: "
        "1 always, 0 as often as not.",
        {"kind": "scatter", "x": "distance (tolerances)", "y": "latent cost", "points": points},
        {
            "spearman": spearman(costs, truth),
            "kendall_near": kendall(costs[near], truth[near]),
            "kendall_far": kendall(costs[~near], truth[~near]),
        },
    )


def _finite(value: Any) -> float:
    return float(value) if np.isfinite(value) else 0.0
