"""What latents hold: which state variables can be read off them, and how many dimensions live."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from wmpc.wm.diagnostics.finding import Finding
from wmpc.wm.probe import Probe, fit_latents
from wmpc.wm.regression import r_squared, ridge, with_ones
from wmpc.wm.training.monitor import rankme


def probes(
    train: tuple[Tensor, np.ndarray],
    held_out: tuple[Tensor, np.ndarray],
    names: Sequence[str],
    *,
    steps: int = 1000,
    seed: int = 0,
) -> tuple[Finding, Probe]:
    """Compute R² of a linear and of a small network's probe, for every variable.

    Args:
        train: windows of latents (n, h, K, D) and the variables (n, V) of their last frames. The
            probes see the last frame; a third, a network, all h, which a velocity needs.
        held_out: the same, of other episodes.
        names: of the V variables.
        steps: of each network's fit.
        seed: of each network.

    Returns:
        R² of the variable that is read worst, with all the others, and the network on one frame,
        for latents (..., K, D).
    """
    (z, y), (seen, truth) = train, held_out
    probe = fit_latents(z[:, -1], y, steps=steps, seed=seed)
    scores = {
        "linear": _linear_r2(z[:, -1], y, seen[:, -1], truth),
        "network": r_squared(probe(seen[:, -1].float()).double().cpu().numpy(), truth),
    }
    if z.shape[1] > 1:
        several = fit_latents(z.flatten(1, 2), y, steps=steps, seed=seed)
        guess = several(seen.flatten(1, 2).float()).double().cpu().numpy()
        scores[f"network, {z.shape[1]} frames"] = r_squared(guess, truth)
    bars = {
        name: [_number(scores[group][i]) for group in scores]
        for i, name in enumerate(names)
        if np.isfinite(scores["network"][i])
    }
    best = {name: max(v for v in values if v is not None) for name, values in bars.items()}
    finding = Finding(
        "probe_r2",
        "What can be read off the latents",
        min(best.values()) if best else None,
        "R² of the worst variable",
        "Share of each variable's variance that a probe reads off the latents of episodes it was "
        "not fitted on: 1 is all, 0 nothing.",
        {"kind": "bars", "x": "R²", "groups": list(scores), "bars": bars, "range": [0, 1]},
        {group: dict(zip(names, map(_number, s), strict=True)) for group, s in scores.items()},
    )
    return finding, probe


def spectrum(z: Tensor) -> Finding:
    """Compute how many dimensions of the latent are in use: RankMe, and the singular values.

    Args:
        z: latents (n, K, D).

    Returns:
        RankMe, 1 to K * D.
    """
    flat = z.flatten(1)
    sigma = torch.linalg.svdvals((flat - flat.mean(0)).double()).cpu().numpy()
    share = sigma / max(float(sigma[0]), 1e-12)
    return Finding(
        "rankme",
        "Effective rank of the latents",
        rankme(flat),
        f"of {flat.shape[1]} dimensions",
        "How many dimensions of the latent are in use (RankMe); a steep fall of the singular "
        "values means that the rest has collapsed.",
        {
            "kind": "lines",
            "x": "dimension",
            "y": "singular value / largest",
            "series": {"latents": [list(range(1, len(share) + 1)), share.tolist()]},
            "log": True,
        },
        {"singular_values": sigma.tolist()},
    )


def lacking(scores: Mapping[str, Any], below: float = 0.5) -> list[str]:
    """Name the variables that no probe reads.

    Args:
        scores: R² by variable, by probe: the details of what `probes` gives.
        below: share of the variance, R², that would count as read.

    Returns:
        The variables whose best R² is less.
    """
    names = next(iter(scores.values()))
    best = {name: [s[name] for s in scores.values() if s[name] is not None] for name in names}
    return [name for name, values in best.items() if values and max(values) < below]


def _linear_r2(z: Tensor, y: np.ndarray, seen: Tensor, truth: np.ndarray) -> np.ndarray:
    scale = y.std(0).clip(min=1e-6)
    fit, test = (x.flatten(1).double().cpu().numpy() for x in (z, seen))
    return r_squared(with_ones(test) @ ridge(fit, y / scale) * scale, truth)


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
