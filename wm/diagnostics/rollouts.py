"""How far imagined rollouts stray from what happened, and whether they heed the actions."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from wmpc.wm.diagnostics.finding import Finding
from wmpc.wm.diagnostics.sample import Sample
from wmpc.wm.models.world_model import WorldModel
from wmpc.wm.probe import Probe


@torch.no_grad()
def imagine(model: WorldModel, sample: Sample, actions: Tensor | None = None) -> Tensor:
    """Roll windows out from their first h frames, fed by actions only.

    Args:
        model: what imagines.
        sample: n windows of L frames.
        actions: (n, L - 1, A), standardised, instead of the recorded ones after the context; None:
            the recorded.

    Returns:
        Latents (n, L - h, K, D).
    """
    h = model.context
    a = sample.actions if actions is None else actions
    dynamics = model.dynamics(sample.latents[:, :h], sample.actions[:, : h - 1])
    return dynamics.rollout(a[:, None, h - 1 :])[:, 0]


def latent_error(model: WorldModel, sample: Sample, imagined: Tensor) -> Finding:
    """Compute the squared error of the latent by horizon, over that of repeating the last one seen.

    Args:
        model: what imagined.
        sample: n windows of L frames.
        imagined: what `imagine` gave.

    Returns:
        The share at the longest horizon.
    """
    h = model.context
    truth, last = sample.latents[:, h:], sample.latents[:, h - 1 : h]
    error, still = (_mean(truth - guess) for guess in (imagined, last))
    relative = error / np.maximum(still, 1e-12)
    blocks = list(range(1, len(error) + 1))
    return Finding(
        "rollout_error",
        "Open-loop rollout error",
        float(relative[-1]),
        "of standing still",
        f"Squared error of the latent {len(error)} blocks ahead, as a share of the error of "
        "guessing that nothing changes: 0 is perfect, 1 has learnt nothing.",
        _lines("error / standing still", {"model": relative, "standing still": still / still}),
        {"blocks": blocks, "error": error.tolist(), "standing_still": still.tolist()},
    )


def state_error(
    model: WorldModel,
    sample: Sample,
    imagined: Tensor,
    probe: Probe,
    variables: np.ndarray,
    unit: str = "tolerances",
) -> Finding:
    """Compute the error of rollouts in units of the state, which a probe reads off the latents.

    Args:
        model: what imagined.
        sample: n windows of L frames.
        imagined: what `imagine` gave.
        probe: latents (..., K, D) -> (..., V), in units in which lengths compare.
        variables: (n, L, V), the truth.
        unit: of the variables.

    Returns:
        The root mean squared distance at the longest horizon.
    """
    h = model.context
    truth = variables[:, h:]
    series = {
        "imagined": _length(_read(probe, imagined) - truth),
        "the probe's own error": _length(_read(probe, sample.latents[:, h:]) - truth),
        "standing still": _length(variables[:, h - 1 : h] - truth),
    }
    return Finding(
        "rollout_state_error",
        "Open-loop rollout error in units of the state",
        float(series["imagined"][-1]),
        unit,
        f"Root mean squared distance between imagined and true state, {truth.shape[1]} blocks "
        "ahead; what lies below the probe's own error cannot be told.",
        _lines(unit, series),
        {name: values.tolist() for name, values in series.items()},
    )


def action_sensitivity(
    model: WorldModel, sample: Sample, imagined: Tensor, seed: int = 0
) -> Finding:
    """Compute the error with the actions of another window, over that with the true ones, by
    horizon.

    Args:
        model: what imagined.
        sample: n windows of L frames.
        imagined: what `imagine` gave.
        seed: of which other window each is given.

    Returns:
        The ratio at the longest horizon.
    """
    order = torch.randperm(len(sample.actions), generator=torch.Generator().manual_seed(seed))
    others = imagine(model, sample, sample.actions[order.to(sample.actions.device)])
    truth = sample.latents[:, model.context :]
    wrong, right = _mean(truth - others), _mean(truth - imagined)
    ratio = wrong / np.maximum(right, 1e-12)
    return Finding(
        "action_sensitivity",
        "Sensitivity to actions",
        float(ratio[-1]),
        "times the error",
        "How many times larger the error becomes with the actions of another recording: 1 means "
        "that the dynamics ignore actions.",
        _lines("error", {"true actions": right, "another's actions": wrong}),
        {"ratio": ratio.tolist()},
    )


def _mean(error: Tensor) -> np.ndarray:
    """Mean square (H,) of errors (n, H, K, D)."""
    return error.double().square().mean((0, 2, 3)).cpu().numpy()


def _read(probe: Probe, latents: Tensor) -> np.ndarray:
    return probe(latents.float()).double().cpu().numpy()


def _length(offset: np.ndarray) -> np.ndarray:
    """Root mean squared length (H,) of offsets (n, H, V)."""
    return np.sqrt((offset**2).sum(-1).mean(0))


def _lines(y: str, series: dict[str, np.ndarray]) -> dict[str, Any]:
    """A figure over blocks ahead."""
    return {
        "kind": "lines",
        "x": "blocks ahead",
        "y": y,
        "series": {
            name: [list(range(1, len(values) + 1)), values.tolist()]
            for name, values in series.items()
        },
        "log": False,
    }
