"""What a linear probe reads off the latents of held-out frames; it needs no actions."""

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from wmpc.evaluation.offline.seen import Seen
from wmpc.evaluation.statistics.episodes import Estimate, Resampled
from wmpc.wm.regression import ridge, with_ones

COLUMNS = ("proprio", "state")
"""What is read, the first that was recorded."""
WIDEST = 2048
"""Numbers that a probe reads; a latent with more is read by the mean of its tokens."""


@dataclass(frozen=True, eq=False)
class LinearProbe:
    """A ridge regression from latents to the variables of a column that vary."""

    column: str
    names: tuple[str, ...]
    varies: np.ndarray
    """(P,) bool, which numbers of the column are read."""
    middle: np.ndarray
    """(V,), their mean over training frames."""
    scale: np.ndarray
    """(V,), their standard deviation there."""
    inputs: tuple[np.ndarray, np.ndarray]
    """Mean and standard deviation of what is read off, (X,) each."""
    weights: np.ndarray
    """(X + 1, V)."""

    def read(self, latents: Tensor) -> np.ndarray:
        """Read the variables.

        Args:
            latents: (..., K, D).

        Returns:
            (..., V) float64, in standard deviations from the training mean.
        """
        x = (_flat(latents) - self.inputs[0]) / self.inputs[1]
        return (with_ones(x.reshape(-1, x.shape[-1])) @ self.weights).reshape(*x.shape[:-1], -1)

    def truth(self, seen: Seen) -> np.ndarray:
        """Look up what should be read.

        Args:
            seen: F frames.

        Returns:
            (F, V) float64, in the same units.
        """
        return (seen.column(self.column)[:, self.varies] - self.middle) / self.scale


def fit_linear_probe(train: Seen) -> LinearProbe | None:
    """Fit the probe to training frames.

    Args:
        train: the frames.

    Returns:
        The probe; None where no column of `COLUMNS` was recorded, or nothing in it varies.
    """
    for name in COLUMNS:
        column = train.episodes.columns.get(name)
        if column is None or column.rows != "frames" or len(column.shape) != 1:
            continue
        values = train.column(name)
        varies = values.std(0) > 1e-6
        if not varies.any():
            continue
        y, x = values[:, varies], _flat(train.latents)
        middle, scale = y.mean(0), y.std(0)
        inputs = x.mean(0), np.maximum(x.std(0), 1e-6)
        weights = ridge((x - inputs[0]) / inputs[1], (y - middle) / scale)
        names = tuple(f"{name} {i}" for i in np.flatnonzero(varies))
        return LinearProbe(name, names, varies, middle, scale, inputs, weights)
    return None


@dataclass(frozen=True)
class Readout:
    """How well the probe reads held-out frames: 1 is all of the variance, 0 no more than the mean
    knows."""

    column: str
    r2: Estimate
    """Mean of the variables."""
    variables: dict[str, Estimate]
    """R² of each."""


def score_readout(held: Seen, probe: LinearProbe, seed: int = 0) -> Readout | None:
    """Compute R² of the probe on held-out frames.

    Args:
        held: the frames.
        probe: fitted to others.
        seed: of the bootstrap.

    Returns:
        R² by variable and in the mean, over variables that vary there; None where none does.
    """
    truth = probe.truth(held)
    varies = truth.std(0) > 1e-6
    if not varies.any():
        return None
    error, spread = (probe.read(held.latents) - truth) ** 2, (truth - truth.mean(0)) ** 2
    drawn = Resampled(held.episode, seed=seed)
    r2 = 1 - drawn.means(error[:, varies], spread[:, varies])
    names = [name for name, there in zip(probe.names, varies, strict=True) if there]
    each = {name: drawn.estimate(r2[:, i]) for i, name in enumerate(names)}
    return Readout(probe.column, drawn.estimate(r2.mean(1)), each)


def _flat(latents: Tensor) -> np.ndarray:
    """(..., X) float64 of latents (..., K, D)."""
    wide = latents.shape[-2] * latents.shape[-1] > WIDEST
    return (latents.mean(-2) if wide else latents.flatten(-2)).double().cpu().numpy()
