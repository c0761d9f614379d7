"""Contours: against contourpy, and a circle."""

import numpy as np
import pytest
from contourpy import contour_generator

from cubeview.cubes.contour import segments


def length(pieces):
    return np.hypot(*(pieces[:, 1] - pieces[:, 0]).T).sum()


def test_a_circle_is_as_long_as_it_is():
    y, x = np.mgrid[:101, :101]
    cone = np.hypot(y - 50, x - 50)
    found = segments(-cone, -30.0)
    assert length(found) == pytest.approx(2 * np.pi * 30, rel=2e-3)
    np.testing.assert_allclose(np.hypot(*(found - 50).reshape(-1, 2).T), 30, atol=0.01)


def test_lines_are_those_of_contourpy_also_around_what_is_unknown():
    plane = np.random.default_rng(0).normal(size=(40, 50))
    plane[10:13, 20] = np.nan
    judge = contour_generator(z=np.ma.masked_invalid(plane), corner_mask=False).lines(0.4)
    theirs = sum(np.hypot(*np.diff(line, axis=0).T).sum() for line in judge)
    assert length(segments(plane, 0.4)) == pytest.approx(theirs, rel=0.01)
    assert not len(segments(plane, 99.0))
