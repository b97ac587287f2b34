"""Ridge regression whose errors are those on episodes that it was not fitted to."""

import numpy as np

FOLDS, FAR, DRAWS = 8, 6.0, 400


def quadratic(x: np.ndarray) -> np.ndarray:
    """(n, d) to (n, d(d+1)/2): all products of two entries."""
    rows, columns = np.triu_indices(x.shape[1])
    return x[:, rows] * x[:, columns]


def standard(x: np.ndarray) -> np.ndarray:
    """(n, d) with median 0 and about deviation 1 in every column, cut off at `FAR`.

    Robust, so that a few episodes in other units, or a few jumps, do not hide all else.
    """
    x = np.asarray(x, np.float64)
    some = x[:: max(1, len(x) // 5000)]
    low, middle, high = np.quantile(some, [0.05, 0.5, 0.95], axis=0)
    spread = (high - low) / 3.3
    spread = np.where(spread > 1e-9, spread, x.std(0))
    return np.where(spread > 1e-9, (x - middle) / np.where(spread > 1e-9, spread, 1), 0.0).clip(
        -FAR, FAR
    )


def held_out_errors(
    x: np.ndarray, y: np.ndarray, group: np.ndarray, ridge: float = 1e-3
) -> np.ndarray:
    """(n, D) errors of y (n, D) explained by x (n, d), each fitted without its group's fold.

    `group` (n,) counts the episodes from 0; `ridge` is relative to the number of rows. x and y
    should be standardised.
    """
    x = np.concatenate([x, np.ones((len(x), 1))], 1)
    fold = group % FOLDS
    grams = [(x[fold == f].T @ x[fold == f], x[fold == f].T @ y[fold == f]) for f in range(FOLDS)]
    gram, cross = (sum(parts) for parts in zip(*grams, strict=True))
    errors = np.empty_like(y)
    for f, (own, crossed) in enumerate(grams):
        here = fold == f
        if not here.any():
            continue
        penalty = ridge * max(1, int((~here).sum())) * np.eye(x.shape[1])
        weights = np.linalg.solve(gram - own + penalty, cross - crossed)
        errors[here] = y[here] - x[here] @ weights
    return errors


def by_group(values: np.ndarray, group: np.ndarray, groups: int) -> np.ndarray:
    """(groups,) sums of (n,) values."""
    return np.bincount(group, values, groups)


def bootstrap(errors: np.ndarray, total: np.ndarray) -> np.ndarray:
    """(DRAWS, S) draws of R², groups drawn with replacement, from the squared errors (G, S) of
    each group and its squared spread, (G, S) or (G, 1)."""
    groups = len(errors)
    weights = np.random.default_rng(0).multinomial(groups, np.full(groups, 1 / groups), DRAWS)
    return 1 - (weights @ errors) / np.maximum(weights @ total, 1e-12)


def components(x: np.ndarray, count: int) -> np.ndarray:
    """(n, count) principal components of x (n, d), each scaled like the first."""
    x = np.asarray(x, np.float64)
    x = x - x.mean(0)
    values, vectors = np.linalg.eigh(x.T @ x / len(x))
    keep = np.argsort(values)[::-1][:count]
    keep = keep[values[keep] > 1e-8 * max(values.max(), 1e-12)]
    return x @ vectors[:, keep] / np.sqrt(max(values.max(), 1e-12))


def ordinary(values: np.ndarray, group: np.ndarray) -> np.ndarray:
    """(n,) bool: rows of groups whose mean square is no more than `FAR` times the usual one.

    Episodes in other units would drown all others.
    """
    rows = np.maximum(np.bincount(group), 1)
    size = np.bincount(group, (values**2).mean(1)) / rows
    return (size <= FAR * np.quantile(size, 0.75) + 1e-12)[group]
