"""How much of a success rate is the training's seed, how much the planner's, how much the cases?"""

from dataclasses import dataclass

import numpy as np

from wmpc.errors import WmpcError


@dataclass(frozen=True)
class Split:
    """Variances of the success rate of one result: one training, one planner seed, n cases."""

    rate: float
    """Mean over all results."""
    training: float | None
    """Between trainings; None of one. Of one planner seed each, what that adds is in here."""
    planner: float | None
    """Between planner seeds of one training; None where each has only one."""
    cases: float
    """Which cases were drawn: binomial, rate (1 - rate) / n."""
    clipped: tuple[str, ...]
    """Which of them came out negative and were set to zero."""

    @property
    def total(self) -> float:
        return (self.training or 0.0) + (self.planner or 0.0) + self.cases


def split(outcomes: np.ndarray) -> Split:
    """The ANOVA estimates of outcomes (T, P, n): T trainings, P planner seeds of each, n cases.

    x_tpi = rate + training_t + planner_tp + case_i + (training x case)_ti + (planner x case)_tpi,
    all random: planner seeds nested in trainings, both crossed with the cases, which are the same
    for all. Mean squares set equal to their expectations (Searle, Casella and McCulloch, Variance
    Components, 1992, ch. 4) give, with r_tp the rate of a result and x_t.i a training's mean of a
    case over its planner seeds,

        planner:   mean_t [ var_p(r_tp) - MS_t(planner x case) / n ]
        training:  var_t(r_t.) - MS(training x case) / n - planner / P

    with MS_t the residual mean square of x_tpi over p and i, MS that of x_t.i over t and i. The
    cases being shared, what they do alike for all seeds moves no difference between results, so
    only the residual is taken off and not the whole binomial variance. Estimates below
    zero are set to zero and named in `clipped`.

    Args:
        outcomes: (T, P, n) bool, or means of several, 0 to 1.

    Returns:
        The rate, the variances, and which of them were set to zero.

    Raises:
        WmpcError: there are fewer than two results or two cases.
    """
    x = np.asarray(outcomes, np.float64)
    if x.ndim != 3 or x.shape[0] * x.shape[1] < 2 or x.shape[2] < 2:
        raise WmpcError(
            f"Outcomes of shape {x.shape} came; a variance takes (trainings, planner seeds, "
            "cases) with at least two results and two cases."
        )
    trainings, planners, n = x.shape
    rate = float(x.mean())
    found: dict[str, float | None] = {"training": None, "planner": None}
    if planners > 1:
        found["planner"] = float(np.mean([_above_noise(results) for results in x]))
    if trainings > 1:
        between = _above_noise(x.mean(1))
        found["training"] = between - (found["planner"] or 0.0) / planners
    clipped = tuple(name for name, value in found.items() if value is not None and value < 0)
    kept = {name: None if value is None else max(0.0, value) for name, value in found.items()}
    return Split(rate, kept["training"], kept["planner"], rate * (1 - rate) / n, clipped)


def _above_noise(x: np.ndarray) -> float:
    """Variance of the means of the rows of x (R, n), less the residual's: var_r - MS / n."""
    rows, n = x.shape
    residual = x - x.mean(1, keepdims=True) - x.mean(0) + x.mean()
    noise = (residual**2).sum() / ((rows - 1) * (n - 1))
    return float(x.mean(1).var(ddof=1) - noise / n)
