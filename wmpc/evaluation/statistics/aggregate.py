"""One number for several tasks, with the interval that few runs a task allow.

The definitions of Agarwal et al., "Deep reinforcement learning at the edge of the statistical
precipice" (NeurIPS 2021, arXiv 2108.13264), as their library rliable has them.
"""

import numpy as np

from wmpc.errors import WmpcError
from wmpc.evaluation.statistics.comparison import DRAWS


def iqm(scores: np.ndarray) -> float:
    """The interquartile mean of scores (runs, tasks): the mean of the middle half of all of them.

    The lowest and the highest quarter are left out, of runs and tasks together; of a number that
    four does not divide, whole scores only.

    Args:
        scores: (runs, tasks), finite, such as rates from 0 to 1.

    Returns:
        The mean, in the unit of the scores.

    Raises:
        WmpcError: they are of another shape, none, or not finite.
    """
    from scipy.stats import trim_mean  # slow to import, so where it is needed

    return float(trim_mean(_checked(scores).ravel(), 0.25))


def stratified_draws(
    scores: np.ndarray, rng: np.random.Generator, draws: int = DRAWS
) -> np.ndarray:
    """Interquartile means (draws,) of runs drawn anew within each task: tasks are the strata.

    The tasks are fixed, so nothing is said about others. Of a single run a task there is nothing to
    draw, and all draws are the same.

    Args:
        scores: (runs, tasks), finite.
        rng: what draws.
        draws: how many.

    Returns:
        (draws,) float64.

    Raises:
        WmpcError: the scores are of another shape, none, or not finite.
    """
    from scipy.stats import trim_mean  # slow to import, so where it is needed

    scores = _checked(scores)
    runs, tasks = scores.shape
    chosen = rng.integers(0, runs, (draws, runs, tasks))
    again = np.take_along_axis(np.broadcast_to(scores, chosen.shape), chosen, 1)
    return trim_mean(again.reshape(draws, -1), 0.25, axis=1)


def _checked(scores: np.ndarray) -> np.ndarray:
    scores = np.asarray(scores, np.float64)
    if scores.ndim != 2 or not scores.size or not np.isfinite(scores).all():
        raise WmpcError(
            f"Scores of shape {scores.shape} came; they are finite and (runs, tasks), with as "
            "many runs of every task."
        )
    return scores
