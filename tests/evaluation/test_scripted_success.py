"""The evaluator evaluated: agents that succeed with a known probability."""

import numpy as np
import pytest
from scipy.stats import binom

from wmpc.agents.baselines import ReplayAgent, ZeroAgent
from wmpc.evaluation.draw_cases import draw_manifest
from wmpc.evaluation.run_cases import run_cases
from wmpc.evaluation.statistics.success import rate, wilson

REPETITIONS = 1000


def exact_coverage(n, p):
    """How often the interval of n cases holds p, by the binomial distribution."""
    covered = [low <= p <= high for low, high in (wilson(k, n) for k in range(n + 1))]
    return float(binom.pmf(np.arange(n + 1), n, p) @ covered)


SLOW = [(p, n) for n in (8, 50) for p in (0.0, 0.3, 0.9, 1.0) if (p, n) != (0.9, 8)]


@pytest.mark.parametrize(
    "p, n", [(0.9, 8), *(pytest.param(*case, marks=pytest.mark.slow) for case in SLOW)]
)
def test_intervals_cover_as_often_as_binomial_arithmetic_says(line, n, p):
    rng, task = np.random.default_rng(7), line.Task()
    manifest = draw_manifest(line.Recording(200), task, blocks=1, action_block=2, budget=1, count=n)
    zero = ZeroAgent(1, 2)

    def scripted(case):
        return ReplayAgent(case.replay) if rng.random() < p else zero

    counts = []
    for _ in range(REPETITIONS):
        rows = run_cases(scripted, manifest, task, start="cold", stop_at_success=True)
        counts.append(rate([row.success for row in rows]))
    covered = sum(low <= p <= high for low, high in (found["interval"] for found in counts))
    expected = exact_coverage(n, p)
    low, high = binom.ppf([1e-4, 1 - 1e-4], REPETITIONS, expected)
    assert low <= covered <= high
    total, cases = sum(found["successes"] for found in counts), REPETITIONS * n
    low, high = binom.ppf([1e-4, 1 - 1e-4], cases, p)
    assert low <= total <= high
    if p in (0.0, 1.0):
        assert expected == 1 and covered == REPETITIONS and total == p * cases
