"""The histogram of the levels, between whatever numbers a file may hold."""

import numpy as np
import pytest

from cubeview.gui.widgets.histogram import Histogram


@pytest.mark.parametrize("ends", [(-3e38, 3e38), (0.0, 1e-44), (1e30, 1e30), (5.0, 5.0000005)])
def test_values_are_counted_between_any_two_numbers(qtbot, ends):
    made = Histogram()
    qtbot.addWidget(made)
    low, high = (float(np.float32(end)) for end in ends)
    made.set_values(np.array([low, high, low / 2 + high / 2], np.float32), (low, high))
    assert np.expm1(made._counts).sum() == pytest.approx(3)
