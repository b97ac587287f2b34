"""Axes of the report's charts."""

import pytest

from wmpc.reporting.axes import Axis, number


def test_axes_have_round_ticks():
    assert Axis(0, 1, 0, 100).ticks() == [0, 0.25, 0.5, 0.75, 1]
    assert Axis(0, 50, 0, 100).ticks() == [0, 20, 40]
    assert Axis(0.02, 3, 0, 100, log=True).ticks() == pytest.approx([0.01, 0.1, 1, 10])
    assert Axis(3, 3, 0, 100)(3) == 0
    assert number(12000) == "12k" and number(0.001) == "10⁻³"
