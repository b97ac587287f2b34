"""What a training run watches on held-out episodes: numbers that tell a good latent from a bad."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from wmpc.wm.models.world_model import TrainableModel
from wmpc.wm.regression import r_squared, ridge, with_ones


def rankme(z: Tensor) -> float:
    """Effective rank of z (n, D): exp of the entropy of its singular values (arXiv 2210.02885)."""
    sigma = torch.linalg.svdvals((z - z.mean(0)).double())
    p = sigma / sigma.sum().clamp(min=1e-12) + 1e-7
    return float(torch.exp(-(p * p.log()).sum()))


def probe_r2(z: np.ndarray, y: np.ndarray, episode: np.ndarray) -> np.ndarray:
    """R^2 (V,) of a linear probe from z (n, X) to y (n, V), fitted on even, scored on odd episodes.

    A variable that does not vary has no R^2: NaN.
    """
    fit, test = episode % 2 == 0, episode % 2 == 1
    if fit.sum() < 2 or test.sum() < 2:
        return np.full(y.shape[1], np.nan)
    return r_squared(with_ones(z[test]) @ ridge(z[fit], y[fit]), y[test])


@torch.no_grad()
def evaluate(
    model: TrainableModel, batches: Iterable[Mapping[str, np.ndarray]], describe: Any = None
) -> dict[str, Any]:
    """Score the model on held-out windows of more than h frames.

    Returns rankme, spread (D,), rollout_error and rollout_baseline by horizon (mean squared error
    of the latent, of the model and of repeating the last frame), and with `describe` (state
    columns (..., S) -> {name: (...)}) probe_r2 from one frame and probe_r2_context from h frames.
    """
    training, h = model.training, model.context
    model.eval()
    frames, contexts, errors, baselines, described, last = [], [], [], [], [], []
    for batch in batches:
        z = model.encode(batch)
        a = model.normalise(batch["action"])
        imagined = model.dynamics(z[:, :h], a[:, : h - 1]).rollout(a[:, None, h - 1 :])[:, 0]
        errors.append((imagined - z[:, h:]).square().mean((2, 3)))
        baselines.append((z[:, h - 1 : h] - z[:, h:]).square().mean((2, 3)))
        frames.append(model.layout.of(z, "pixels").flatten(0, 1).flatten(1))
        contexts.append(z[:, :h].flatten(1))
        if describe is not None:
            described.append(describe(batch["state"][:, h - 1]))
            last.append(z[:, h - 1].flatten(1))
    model.train(training)
    z = torch.cat(frames)
    result: dict[str, Any] = {
        "rankme": rankme(z),
        "spread": z.std(0).tolist(),
        "rollout_error": torch.cat(errors).mean(0).tolist(),
        "rollout_baseline": torch.cat(baselines).mean(0).tolist(),
    }
    if describe is not None:
        names = list(described[0])
        y = np.stack([np.concatenate([d[name] for d in described]) for name in names], 1)
        half = np.arange(len(y)) * 2 // len(y)  # windows come in order of their episodes
        for key, x in (("probe_r2", last), ("probe_r2_context", contexts)):
            r2 = probe_r2(torch.cat(x).cpu().numpy(), y, half)
            result[key] = {n: float(r) for n, r in zip(names, r2, strict=True) if np.isfinite(r)}
    return result
