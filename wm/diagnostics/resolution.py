"""Whether the latent tells apart what the goal does, and what moves rather than where it is."""

from collections.abc import Callable

import numpy as np
from torch import Tensor

from wmpc.wm.diagnostics.finding import Finding

FRAMES = 600
"""Frames whose neighbours are looked at."""
ALIKE = (0.75, 1.25)
"""Tolerances by which two frames that are one tolerance apart may differ."""
FEWEST = 20
"""Such pairs, before they say anything."""


def resolution(
    latents: Tensor,
    imagined: Tensor,
    states: np.ndarray,
    coordinates: np.ndarray,
    distance: Callable[[np.ndarray, np.ndarray], float],
    *,
    seed: int = 0,
) -> Finding | None:
    """Compare the error of imagined latents with the distance of frames one tolerance apart.

    Args:
        latents: windows (n, L, K, D).
        imagined: of their last frames, (n, H, K, D), one block ahead to H.
        states: (n, L, S), of the frames.
        coordinates: (n, L, C), in tolerances; whoever is near in them is looked at.
        distance: states (S,), (S,) -> in tolerances.
        seed: of the frames that are drawn.

    Returns:
        Mean squared error one block ahead over the mean squared distance of such frames; None where
        there are fewer than `FEWEST`.
    """
    from scipy.spatial import KDTree  # slow to import, so where it is needed

    H = imagined.shape[1]
    error = (imagined - latents[:, -H:]).double().square().mean((0, 2, 3)).cpu().numpy()
    flat = states.reshape(-1, states.shape[-1])
    places = coordinates.reshape(-1, coordinates.shape[-1])
    some = np.random.default_rng(seed).permutation(len(places))[:FRAMES]
    around = KDTree(places).query_ball_point(places[some], 2 * ALIKE[1])
    pairs = [
        (one, other)
        for one, others in zip(some.tolist(), around, strict=True)
        for other in others[:50]
        if ALIKE[0] <= distance(flat[one], flat[other]) <= ALIKE[1]
    ]
    if len(pairs) < FEWEST:
        return None
    first, second = (
        latents.flatten(0, 1)[list(side)].double() for side in zip(*pairs, strict=True)
    )
    apart = float((first - second).square().mean())
    blocks = list(range(1, H + 1))
    return Finding(
        "resolution",
        "Error of imagined latents against one tolerance",
        float(error[0]) / max(apart, 1e-12),
        "of frames a tolerance apart",
        "Squared error of the latent one block ahead, as a share of the squared distance of frames "
        "that are one tolerance apart: above 1 plans that reach the goal and plans that just miss "
        "it look alike.",
        {
            "kind": "lines",
            "x": "blocks ahead",
            "y": "mean squared difference",
            "series": {
                "imagined from what happened": [blocks, error.tolist()],
                "frames a tolerance apart": [blocks, [apart] * H],
            },
            "log": False,
        },
        {"error": error.tolist(), "apart": apart, "pairs": len(pairs)},
    )


def within_share(latents: Tensor, coordinates: np.ndarray) -> Finding:
    """Compute which share of the latents' variance lies within windows, not between them.

    Args:
        latents: windows (n, L, K, D).
        coordinates: (n, L, C), of the same frames, for comparison.

    Returns:
        The share, 0 to 1, of all dimensions together.
    """
    z = latents.flatten(2).double().cpu().numpy()
    within, total = _variances(z)
    order, dimensions = np.argsort(-total), list(range(1, len(total) + 1))
    share, moving = (
        float(part.sum() / max(float(whole.sum()), 1e-12))
        for part, whole in ((within, total), _variances(np.asarray(coordinates, np.float64)))
    )
    return Finding(
        "within_share",
        "Variance of the latents within windows",
        share,
        "of all of it",
        f"How much of the latents' variance is within the {z.shape[1]} frames of a window; of the "
        f"task's coordinates it is {moving:.2f}. Much less "
        "means that the latents describe the scene, such as a target that nobody moves, and not "
        "what the actions move.",
        {
            "kind": "lines",
            "x": "dimension, by its variance",
            "y": "variance",
            "series": {
                "in all": [dimensions, total[order].tolist()],
                "within windows": [dimensions, within[order].tolist()],
            },
            "log": False,
        },
        {"coordinates": moving},
    )


def _variances(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of windows (n, L, V) the mean variance within one, and that of all frames, (V,) each."""
    return x.var(1).mean(0), x.reshape(-1, x.shape[-1]).var(0)
