"""Surprise: how badly the next frame was predicted, by the standard of ordinary frames.

Whether it tells violations of physics from what really happened is the intuitive-physics test
(Piloto et al., Nature Human Behaviour 6, 2022; Garrido et al., arXiv 2502.11831).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from wmpc.errors import WmpcError
from wmpc.wm.data import Episodes, Windows
from wmpc.wm.diagnostics.finding import Finding
from wmpc.wm.models.world_model import LearnedModel

RIDGE = 1e-3
"""Share of the errors' mean variance added to each: a latent may have dead directions."""


@dataclass(frozen=True, eq=False)
class Spread:
    """Mean (D,) and inverse covariance (D, D) of ordinary prediction errors."""

    mean: np.ndarray
    precision: np.ndarray


@torch.no_grad()
def errors(model: LearnedModel, seen: Mapping[str, np.ndarray], action: np.ndarray) -> np.ndarray:
    """Compute the errors of predicting each frame from the h true ones before it.

    Only the pictures' tokens count: what the body feels is not part of the test.

    Args:
        model: what predicts.
        seen: columns (B, T, ...) that it reads.
        action: (B, T - 1, n, A), in the environment's units.

    Returns:
        (B, T - h, k * D) float64, of frames h to T - 1.

    Raises:
        WmpcError: the clips are shorter than h + 1 frames.
    """
    return latent_errors(model, model.encode(seen), model.normalise(action))


@torch.no_grad()
def latent_errors(model: LearnedModel, z: Tensor, a: Tensor) -> np.ndarray:
    """Compute the same errors of clips that are encoded already.

    Args:
        model: what predicts.
        z: (B, T, K, D), the clips' latents.
        a: (B, T - 1, A), the standardised blocks between them.

    Returns:
        (B, T - h, k * D) float64, of frames h to T - 1.

    Raises:
        WmpcError: the clips are shorter than h + 1 frames.
    """
    h = model.context
    if a.shape[1] < h:
        raise WmpcError(f"a clip of {a.shape[1] + 1} frames came; surprise needs {h + 1}")
    valid = torch.ones(z.shape[0], z.shape[1] - 1, dtype=torch.bool, device=z.device)
    predicted = model.predict(z[:, :-1], a, valid)
    error = model.layout.of((z[:, 1:] - predicted)[:, h - 1 :], "pixels")
    return error.flatten(2).double().cpu().numpy()


def ordinary(
    model: LearnedModel, episodes: Episodes, ids: np.ndarray, frames: int = 4000
) -> Spread:
    """Measure the spread of errors on recorded episodes.

    Args:
        model: what predicts.
        episodes: the recordings.
        ids: the episodes to take.
        frames: how many, about.

    Returns:
        Mean and inverse covariance of the errors.
    """
    length = model.context + 4
    windows = Windows(episodes, ids, length, model.spec.stride, model.columns)
    found = [
        errors(model, batch, batch["action"]) for batch in windows.all(256, max(1, frames // 4))
    ]
    return spread_of(np.concatenate([x.reshape(-1, x.shape[-1]) for x in found]))


def spread_of(e: np.ndarray) -> Spread:
    """Measure the spread of errors.

    Args:
        e: (n, D), of ordinary frames.

    Returns:
        Their mean and inverse covariance.
    """
    covariance = np.cov(e, rowvar=False, ddof=1) if len(e) > 1 else np.eye(e.shape[1])
    covariance = np.atleast_2d(covariance)
    ridge = RIDGE * np.trace(covariance) / e.shape[1] + 1e-12
    return Spread(e.mean(0), np.linalg.inv(covariance + ridge * np.eye(e.shape[1])))


def surprise(e: np.ndarray, spread: Spread) -> np.ndarray:
    """Compute the squared Mahalanobis length over D: s = (e - m)^T C^-1 (e - m) / D.

    Args:
        e: errors (..., D).
        spread: m and C^-1, of ordinary errors.

    Returns:
        (...); 1 for an ordinary frame.
    """
    e = e - spread.mean
    return np.einsum("...i,ij,...j->...", e, spread.precision, e) / e.shape[-1]


def auroc(violated: np.ndarray, intact: np.ndarray) -> float:
    """Estimate the chance that a violated clip scores above an intact one, ties counted half.

    The Mann-Whitney U over n m (Hanley and McNeil, Radiology 143, 1982).

    Args:
        violated: scores (n,).
        intact: scores (m,).

    Returns:
        0 to 1; NaN where there are no clips.
    """
    if not len(violated) or not len(intact):
        return float("nan")
    ahead = violated[:, None] - intact[None]
    return float((ahead > 0).mean() + 0.5 * (ahead == 0).mean())


def finding(
    violation: str, things: Sequence[str], violated: np.ndarray, intact: np.ndarray, moment: int
) -> Finding:
    """Say how well surprise tells one violation.

    A clip's score is its largest surprise from the violation on, its twin's over the same frames.

    Args:
        violation: its name, such as `teleport`.
        things: which object each clip is about, (n,).
        violated: surprise (n, F) of the clips' frames.
        intact: the same of their twins'.
        moment: index in F of the first frame that shows the violation.

    Returns:
        The AUROC.
    """
    scores = [x[:, moment:].max(1) for x in (violated, intact)]
    value = auroc(*scores)
    which = np.array(things)
    each = {thing: auroc(*(s[which == thing] for s in scores)) for thing in dict.fromkeys(things)}
    time = list(range(-moment, violated.shape[1] - moment))
    medians = {"violated": np.median(violated, 0), "intact": np.median(intact, 0)}
    words = violation.replace("_", " ")
    return Finding(
        name=f"surprise_{violation}",
        title=f"Surprise: {words}",
        value=value,
        unit="AUROC",
        reading=(
            f"How often a clip with the violation ({words}) surprises the model more than one "
            "without: 1 always, 0.5 is chance; in the picture, the violated curve should rise "
            "above the intact one at 0."
        ),
        figure={
            "kind": "lines",
            "x": "frames after the violation",
            "y": "surprise (1: an ordinary frame)",
            "series": {name: [time, y.tolist()] for name, y in medians.items()},
            "log": True,
        },
        details={
            "clips": len(things),
            "interval": _interval(*scores),
            "by_object": each,
            "score": "largest surprise from the violation on, the same frames of both",
        },
    )


def _interval(violated: np.ndarray, intact: np.ndarray, draws: int = 1000) -> list[float]:
    """95% bootstrap interval of the AUROC; a clip and its twin are drawn together."""
    rng = np.random.default_rng(0)
    picks = rng.integers(len(violated), size=(draws, len(violated)))
    low, high = np.quantile([auroc(violated[i], intact[i]) for i in picks], [0.025, 0.975])
    return [float(low), float(high)]
