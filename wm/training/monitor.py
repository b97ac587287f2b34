"""What a training run watches on held-out episodes: numbers that tell a good latent from a bad."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from wmpc.wm.models.world_model import TrainableModel
from wmpc.wm.objectives.moving_share import find_places, moving_share
from wmpc.wm.regression import r_squared, ridge, with_ones


def rankme(z: Tensor) -> float:
    """Compute the effective rank of latents, RankMe (arXiv 2210.02885).

    It is the exponential of the entropy of the singular values, which are divided by their sum;
    the mean latent is subtracted first.

    Args:
        z: (n, D), one latent a row.

    Returns:
        About 1 where one direction holds all that varies, at most about min(n, D).
    """
    return _effective_rank(torch.linalg.svdvals((z - z.mean(0)).double()))


def lidar(z: Tensor, delta: float = 1e-4) -> float:
    """Compute LiDAR (arXiv 2312.04000), where frames of one window are of one class.

    It is the effective rank of Sigma_w^(-1/2) Sigma_b Sigma_w^(-1/2): of what tells windows apart,
    in units of what varies within one. Unlike RankMe it hardly changes with a linear map of the
    latents that loses nothing.

    Args:
        z: windows of latents (n, L, D), L > 1.
        delta: added to the diagonal of Sigma_w, as a share of its mean.

    Returns:
        About 1 where one direction tells all windows apart, at most D.
    """
    z = z.double()
    mu = z.mean(1)
    between = (mu - mu.mean(0)).T @ (mu - mu.mean(0)) / len(mu)
    off = (z - mu[:, None]).flatten(0, 1)
    within = off.T @ off / len(off)
    floor = (delta * within.diagonal().mean()).clamp(min=1e-30)
    within = within + floor * torch.eye(z.shape[-1], dtype=z.dtype, device=z.device)
    inverse = torch.linalg.inv(torch.linalg.cholesky(within))  # of a square root of Sigma_w
    return _effective_rank(torch.linalg.eigvalsh(inverse @ between @ inverse.T).clamp(min=0))


def _effective_rank(values: Tensor) -> float:
    """The exponential of the entropy of values >= 0 (D,), divided by their sum."""
    p = values / values.sum().clamp(min=1e-12) + 1e-7
    return float(torch.exp(-(p * p.log()).sum()))


def probe_r2(z: np.ndarray, y: np.ndarray, episode: np.ndarray) -> np.ndarray:
    """Score a linear probe (`ridge`) that is fitted on even episodes on the odd ones.

    Args:
        z: (n, X), what the probe reads.
        y: (n, V), the variables that it predicts.
        episode: (n,) int, a number for each row: of its episode, or of its half of the rows.

    Returns:
        R² by variable, (V,) float64, at most 1. NaN for a variable that does not vary on the odd
        episodes, and for all of them where either side has fewer than two rows.
    """
    fit, test = episode % 2 == 0, episode % 2 == 1
    if fit.sum() < 2 or test.sum() < 2:
        return np.full(y.shape[1], np.nan)
    return r_squared(with_ones(z[test]) @ ridge(z[fit], y[fit]), y[test])


@torch.no_grad()
def evaluate(
    model: TrainableModel, batches: Iterable[Mapping[str, np.ndarray]], describe: Any = None
) -> dict[str, Any]:
    """Score a model on held-out windows.

    Args:
        model: it is in evaluation mode meanwhile, without gradients, and left in the mode that it
            came in.
        batches: columns (B, L, ...) of windows of L > h frames and, where there are actions, the
            L - 1 blocks between them, in the order of their episodes; with `describe`, `state` is
            one of the columns.
        describe: maps states (B, S) to {name: (B,)}, what the probes predict; None: no probes.

    Returns:
        In plain values: `rankme`, see there, and `spread`, the standard deviation of each number,
        both of the `pixels` tokens of all frames, each frame's as one vector; `lidar`, see there,
        of the mean of a frame's tokens, so that D x D matrices are cheap; `moving_share`, the share
        of variance within windows (see there) of the `latents`, those tokens, and of the places in
        the `pictures`; `rollout_error` and `rollout_baseline`, for each of the L - h blocks ahead
        the mean squared error of the whole latent, of the model's rollout from h frames and of
        repeating the last frame, where there are actions. With `describe`, `probe_r2`, which reads
        the last of the h frames, and `probe_r2_context`, which reads all h: R² by name of what is
        described there, of a probe that is fitted on the first half of the windows and scored on
        the second; names without an R² are left out.
    """
    training, h = model.training, model.context
    model.eval()
    windows, pooled, pictures, contexts, errors, baselines = [], [], [], [], [], []
    described, last = [], []
    for batch in batches:
        z = model.encode(batch)
        pictures.append(find_places(batch, model.spec.cameras).cpu())
        if "action" in batch:
            a = model.normalise(batch["action"])
            imagined = model.dynamics(z[:, :h], a[:, : h - 1]).rollout(a[:, None, h - 1 :])[:, 0]
            errors.append((imagined - z[:, h:]).square().mean((2, 3)))
            baselines.append((z[:, h - 1 : h] - z[:, h:]).square().mean((2, 3)))
        seen = model.layout.of(z, "pixels")
        windows.append(seen.flatten(2))
        pooled.append(seen.mean(2))
        contexts.append(z[:, :h].flatten(1))
        if describe is not None:
            described.append(describe(batch["state"][:, h - 1]))
            last.append(z[:, h - 1].flatten(1))
    model.train(training)
    z = torch.cat(windows)
    frames = z.flatten(0, 1)
    places = torch.cat(pictures).unbind(-1)
    shares = {"latents": moving_share(z), "pictures": moving_share(*places)}
    result: dict[str, Any] = {
        "rankme": rankme(frames),
        "lidar": lidar(torch.cat(pooled)),
        "spread": frames.std(0).tolist(),
        "moving_share": {name: float(share) for name, share in shares.items()},
    }
    if errors:
        result["rollout_error"] = torch.cat(errors).mean(0).tolist()
        result["rollout_baseline"] = torch.cat(baselines).mean(0).tolist()
    if describe is not None:
        names = list(described[0])
        y = np.stack([np.concatenate([d[name] for d in described]) for name in names], 1)
        half = np.arange(len(y)) * 2 // len(y)  # windows come in order of their episodes
        for key, x in (("probe_r2", last), ("probe_r2_context", contexts)):
            r2 = probe_r2(torch.cat(x).cpu().numpy(), y, half)
            result[key] = {n: float(r) for n, r in zip(names, r2, strict=True) if np.isfinite(r)}
    return result
