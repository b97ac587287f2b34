"""Ridge regression, and how much of a variance it explains; without torch."""

import numpy as np


def with_ones(x: np.ndarray) -> np.ndarray:
    """Append a column of ones, whose weight in a regression is the bias.

    Args:
        x: (n, X).

    Returns:
        (n, X + 1) float64, the ones last.
    """
    return np.concatenate([x, np.ones((len(x), 1))], 1).astype(np.float64)


def ridge(x: np.ndarray, y: np.ndarray, strength: float = 1e-3) -> np.ndarray:
    """Fit the weights W that minimise |y - with_ones(x) W|² + n * strength * |W|².

    Args:
        x: (n, X), what explains.
        y: (n, V), what is explained.
        strength: of the penalty, for each of the n rows.

    Returns:
        W (X + 1, V) float64, the last row its bias.
    """
    x = with_ones(x)
    gram = x.T @ x + strength * len(x) * np.eye(x.shape[1])
    return np.linalg.solve(gram, x.T @ y)


def held_out_errors(
    x: np.ndarray, y: np.ndarray, group: np.ndarray, strength: float = 1e-3, folds: int = 8
) -> np.ndarray:
    """Predict each row of y by a ridge regression fitted without the fold that its group is in.

    Args:
        x: (n, X), what explains; standardised.
        y: (n, V), what is explained; standardised.
        group: (n,) int, the episode of each row, counted from 0; group g is in fold g % folds.
        strength: of the penalty, for each row that is fitted, see `ridge`.
        folds: how many regressions are fitted.

    Returns:
        (n, V) float64, y less its prediction.
    """
    x, fold = with_ones(x), group % folds
    grams = [(x[fold == f].T @ x[fold == f], x[fold == f].T @ y[fold == f]) for f in range(folds)]
    gram, cross = (sum(parts) for parts in zip(*grams, strict=True))
    errors = np.empty_like(y)
    for f, (own, crossed) in enumerate(grams):
        here = fold == f
        if here.any():
            penalty = strength * max(1, int((~here).sum())) * np.eye(x.shape[1])
            weights = np.linalg.solve(gram - own + penalty, cross - crossed)
            errors[here] = y[here] - x[here] @ weights
    return errors


def r_squared(guess: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Compute R², one less the mean squared error over the variance.

    Args:
        guess: (n, V).
        truth: (n, V).

    Returns:
        (V,) float64, at most 1; NaN for what does not vary.
    """
    spread = truth.var(0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(spread > 1e-10, 1 - ((guess - truth) ** 2).mean(0) / spread, np.nan)
