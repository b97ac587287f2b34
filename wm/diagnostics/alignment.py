"""Whether each recorded action is the one that led from its frame to the next.

A recording that is off by a step trains a model that is wrong about every action, and no number of
its training says so.
"""

from collections.abc import Callable, Sequence

import numpy as np
from torch import Tensor

from wmpc.wm.diagnostics.finding import Finding
from wmpc.wm.regression import held_out_errors, with_ones

SHIFTS = (-2, -1, 0, 1, 2)
FOLDS = 5
Replay = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""states (n, S), actions (n, N, m, A) -> variables (n, N, V) after each of N actions."""


def replayed(
    states: np.ndarray,
    actions: np.ndarray,
    variables: np.ndarray,
    replay: Replay,
    shifts: Sequence[int] = SHIFTS,
) -> Finding:
    """Find which recorded action takes a state to the next in the true simulator.

    Args:
        states: (n, L, S), recorded.
        actions: (n, L - 1, m, A), in the environment's units.
        variables: (n, L, V), what is compared; each counts by the spread of its change.
        replay: the simulator.
        shifts: recorded steps by which actions are moved against states.

    Returns:
        The shift s whose action[t + s] leads best from state[t] to state[t + 1]: it should be 0.
    """
    first, last = max(0, -min(shifts)), actions.shape[1] - max(0, *shifts)
    times = np.arange(first, last)
    chosen = np.stack([actions[:, times + s] for s in shifts], 2)  # (n, T, N, m, A)
    reached = replay(
        states[:, times].reshape(-1, states.shape[-1]), chosen.reshape(-1, *chosen.shape[2:])
    )
    before, after = (variables[:, times + s].reshape(-1, variables.shape[-1]) for s in (0, 1))
    scale = np.sqrt(((after - before) ** 2).mean(0))
    moving = scale > 1e-9
    error = ((reached - after[:, None]) / np.where(moving, scale, 1))[..., moving]
    error = np.sqrt((error**2).mean((0, 2)))
    best = shifts[int(error.argmin())]
    return Finding(
        "action_alignment",
        "Alignment of the recorded actions",
        float(best),
        "recorded steps",
        "Which action, so many recorded steps later, takes a recorded state to the next in the "
        "true simulator: it should be the action recorded beside it, at 0, with an error of 0.",
        {
            "kind": "lines",
            "x": "shift of the actions (recorded steps)",
            "y": "error / spread of the change",
            "series": {"replay": [list(shifts), error.tolist()]},
            "log": False,
        },
        {"error": dict(zip(map(str, shifts), error.tolist(), strict=True))},
    )


def regressed(
    latents: Tensor,
    actions: np.ndarray,
    shifts: Sequence[int] = SHIFTS,
    least: float = 0.03,
    dimensions: int = 8,
) -> Finding:
    """Find which recorded action drives the step of the latents, without a simulator.

    An action matters from the step that it drives on. So: of the variance of the next latent that
    the last three latents and the actions before action[t + s] leave unexplained, which share does
    action[t + s] explain, in windows it was not fitted on? The last shift to explain at least
    `least` is the action that drives the step; an earlier one may explain more, where a body has
    momentum. Linear in actions and in their products with the latent.

    Args:
        latents: (n, L, K, D).
        actions: (n, L - 1, m, A).
        shifts: recorded steps by which actions are moved against latents, in ascending order.
        least: share explained from which an action counts.
        dimensions: of the latent, those that vary most, which count.

    Returns:
        That shift, which should be 0; None where no action explains anything.
    """
    z = latents.flatten(2).double().cpu().numpy()
    z = _principal(z, dimensions)
    a = actions.mean(2)
    first, last = max(2, -min(shifts)), a.shape[1] - max(0, *shifts)
    times = np.arange(first, last)

    def rows(x: np.ndarray) -> np.ndarray:
        return x.reshape(-1, x.shape[-1])

    past = [rows(z[:, times - k]) for k in range(3)]
    features, target = with_ones(np.concatenate(past, 1)), rows(z[:, times + 1] - z[:, times])
    window = np.arange(len(z)).repeat(len(times))
    left, gains = _unexplained(features, target, window), []
    for s in shifts:
        now = rows(a[:, times + s])
        bent = (now[:, :, None] * past[0][:, None, :]).reshape(len(now), -1)
        features = np.concatenate([features, now, bent], 1)
        before, left = left, _unexplained(features, target, window)
        gains.append(1 - left / max(before, 1e-12))
    driving = [s for s, gain in zip(shifts, gains, strict=True) if gain >= least]
    return Finding(
        "latent_alignment",
        "Alignment of the actions with the pictures",
        float(driving[-1]) if driving else None,
        "recorded steps",
        "What each action adds to a prediction of the next latent from all before it; the last "
        "that adds anything drives the step, and should be the one at 0.",
        {
            "kind": "lines",
            "x": "shift of the actions (recorded steps)",
            "y": "share explained",
            "series": {"actions": [list(shifts), gains]},
            "log": False,
        },
        {"explained": dict(zip(map(str, shifts), gains, strict=True))},
    )


def _principal(z: np.ndarray, dimensions: int) -> np.ndarray:
    """(n, L, X) -> (n, L, at most `dimensions`), along the directions that vary most."""
    flat = z.reshape(-1, z.shape[-1])
    _, _, axes = np.linalg.svd(flat - flat.mean(0), full_matrices=False)
    z = (z - flat.mean(0)) @ axes[:dimensions].T
    return z / z.std((0, 1)).clip(min=1e-9)


def _unexplained(x: np.ndarray, y: np.ndarray, window: np.ndarray) -> float:
    """Squared error of a ridge regression in windows that it was not fitted to."""
    return float((held_out_errors(x, y, window, 1e-2, FOLDS) ** 2).sum())
