"""The second Fourier term finds a planted bar, and neither a plain disc nor spiral arms."""

import numpy as np
import pytest

from cubeview.measure.picture.fourier import bar_strength


def galaxy(bar=0.0, arms=0.0, cos_i=1.0, turn=0.5, side=64):
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    x, y = np.cos(turn) * x + np.sin(turn) * y, (np.cos(turn) * y - np.sin(turn) * x) / cos_i
    radius, angle = np.hypot(x, y), np.arctan2(y, x)
    light = np.exp(-radius / 10) / (1 + np.exp((radius - 26) / 1.5))
    along, across = np.cos(0.9) * x + np.sin(0.9) * y, np.cos(0.9) * y - np.sin(0.9) * x
    light += bar * np.maximum(1 - (along / 12) ** 2 - (across / 3.5) ** 2, 0)
    ridge = np.cos(2 * (angle - np.log(np.maximum(radius, 1)) / np.tan(0.3)))
    return light * (1 + arms * ridge * (radius > 4))


@pytest.mark.parametrize("cos_i", [1.0, 0.6])
def test_a_bar_stands_out(cos_i):
    plain, barred = bar_strength(galaxy(cos_i=cos_i)), bar_strength(galaxy(bar=0.5, cos_i=cos_i))
    assert plain < 0.15
    assert barred > plain + 0.2


def test_arms_turn_and_a_bar_does_not():
    assert bar_strength(galaxy(arms=0.4)) < bar_strength(galaxy(bar=1.0)) / 1.5


def test_nothing_has_no_bar():
    assert bar_strength(np.zeros((30, 40))) == 0.0
