"""The number of cases a claim needs, against published values and enumeration."""

import pytest
from scipy.stats import multinomial

from wmpc.errors import WmpcError
from wmpc.evaluation.statistics.comparison import Table, mcnemar
from wmpc.evaluation.statistics.power import (
    cases_beside_seeds,
    connor,
    detectable,
    mcnemar_power,
    paired_cases,
    unpaired_cases,
)


@pytest.mark.parametrize(
    ("only_a", "only_b", "n"),
    [(0.45, 0.05, 23), (0.05, 0.45, 23), (0.30, 0.15, 155)],  # published calculators, power 80%
)
def test_connors_formula(only_a, only_b, n):
    assert connor(only_a, only_b) == n


def test_unpaired_cases_agree_with_r():
    # power.prop.test: n = 76.7 and 387.3
    assert unpaired_cases(0.5, 0.75, power=0.9) == 77
    assert unpaired_cases(0.5, 0.6) == unpaired_cases(0.6, 0.5) == 388
    assert unpaired_cases(0.9, 0.9) is None


@pytest.mark.parametrize(("only_a", "only_b"), [(0.3, 0.1), (0.2, 0.2), (0.5, 0.0)])
def test_power_is_the_enumerated_one(only_a, only_b):
    n, found = 25, 0.0
    for a in range(n + 1):
        for b in range(n + 1 - a):
            if mcnemar(Table(0, a, b, n - a - b)) <= 0.05:
                found += multinomial.pmf(
                    [a, b, n - a - b], n, [only_a, only_b, 1 - only_a - only_b]
                )
    assert mcnemar_power(n, only_a, only_b) == pytest.approx(found, abs=1e-9)


@pytest.mark.parametrize(("only_a", "only_b"), [(0.45, 0.05), (0.30, 0.15), (0.08, 0.03)])
def test_as_many_cases_as_advised_suffice_and_not_many_fewer(only_a, only_b):
    n = paired_cases(only_a, only_b)
    assert mcnemar_power(n, only_a, only_b) >= 0.8
    assert mcnemar_power(int(0.85 * n), only_a, only_b) < 0.8


def test_no_number_of_cases_shows_nothing():
    assert paired_cases(0.1, 0.1) is None and paired_cases(0.1, 0.09999) is None
    assert mcnemar_power(5, 0.5, 0.0) == 0.0  # five cases are no evidence, whatever they say


def test_what_is_detectable_is_detected():
    d = detectable(100, 0.3)
    assert mcnemar_power(100, (0.3 + d) / 2, (0.3 - d) / 2) >= 0.8
    d -= 0.01
    assert mcnemar_power(100, (0.3 + d) / 2, (0.3 - d) / 2) < 0.8
    assert detectable(1000, 0.3) < detectable(100, 0.3) < detectable(5, 0.3) == 1.0


def test_more_cases_do_not_outweigh_the_seeds():
    alone = cases_beside_seeds(0.1, 0.3, 0.0)
    assert alone == 236  # (1.959964 + 0.841621)² 0.3 / 0.01 = 235.5
    assert cases_beside_seeds(0.1, 0.3, 0.0005) > alone
    assert cases_beside_seeds(0.1, 0.3, 0.01) is None


def test_impossible_probabilities_are_refused():
    for only_a, only_b in ((-0.1, 0.2), (0.6, 0.5)):
        with pytest.raises(WmpcError, match="at most 1 together"):
            mcnemar_power(10, only_a, only_b)
    with pytest.raises(WmpcError, match="Rates of"):
        unpaired_cases(1.2, 0.5)
    with pytest.raises(WmpcError, match="power"):
        paired_cases(0.3, 0.1, power=80)
