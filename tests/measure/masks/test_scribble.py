"""Strokes grow into the thing they were drawn in."""

import numpy as np
import pytest

from cubeview.errors import CubeviewError
from cubeview.measure.masks.compare import dice
from cubeview.measure.masks.scribble import OUTSIDE, UNKNOWN, room_of, spread


def picture(noise=0.3):
    truth = np.zeros((24, 26, 28), bool)
    truth[8:16, 8:18, 9:19] = True
    values = truth + noise * np.random.default_rng(2).standard_normal(truth.shape)
    strokes = np.full(truth.shape, UNKNOWN)
    strokes[12, 13, 10:18] = 1
    strokes[12, 4, 4:24] = strokes[4:20, 22, 14] = OUTSIDE
    return values, truth, strokes


def test_three_strokes_find_a_block():
    values, truth, strokes = picture()
    found = spread(values, strokes)
    assert dice(found == 1, truth) >= 0.9
    assert (found[strokes == 1] == 1).all()
    assert (found[strokes == OUTSIDE] == 0).all()


def test_two_things_of_one_brightness_are_kept_apart():
    values, truth, strokes = picture()
    values[6:18, 6:20, 22:26] += 1.0
    strokes[12, 9:18, 23:25] = 2
    found = spread(values, strokes)
    assert dice(found == 1, truth) >= 0.85
    assert (found[8:17, 8:18, 22:26] == 2).mean() > 0.9


def test_what_no_stroke_touches_is_left_out():
    values, _, strokes = picture(0.05)
    values[2:5, 2:5, 22:26] = 1.0
    assert not spread(values, strokes)[2:5, 2:5, 22:26].any()


def test_strokes_of_one_kind_or_none_are_refused():
    values, _, strokes = picture()
    with pytest.raises(CubeviewError, match="two kinds"):
        spread(values, np.where(strokes == OUTSIDE, UNKNOWN, strokes))
    with pytest.raises(CubeviewError, match="nothing was painted"):
        room_of(np.full((4, 4, 4), UNKNOWN))


def test_the_room_is_that_of_the_strokes_with_a_margin():
    strokes = np.full((40, 40, 40), UNKNOWN)
    strokes[20, 20, 20] = 1
    assert room_of(strokes) == (slice(14, 27),) * 3
