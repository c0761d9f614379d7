"""A layer is painted, filled and undone, step by step."""

import numpy as np
import pytest

from cubeview.cubes.cube import ArrayPixels, Cube
from cubeview.cubes.mask import Mask, named
from cubeview.errors import CubeviewError
from cubeview.measure.masks.layer import Layer
from tests.measure.masks.test_compare import body


@pytest.fixture
def layer():
    plain = body((6, 20, 24))
    values = np.broadcast_to(np.arange(24.0), plain.shape)
    return Layer(Cube(plain.axes, ArrayPixels(values), "volume", affine=plain.affine))


def test_a_dab_is_round_and_in_its_plane_only(layer):
    assert layer.stroke(0, 2, ((10.0, 12.0), (10.0, 12.0)), 3.0, 1)
    y, x = np.indices((20, 24))
    disc = (y - 10) ** 2 + (x - 12) ** 2 <= 2.5**2
    np.testing.assert_array_equal(layer.values[2], disc)
    assert layer.values.sum() == disc.sum()


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_stroke_joins_its_ends_in_every_plane(layer, axis):
    layer.stroke(axis, 3, ((3.0, 4.0), (4.0, 15.0)), 1.0, 2)
    plane = np.take(layer.values, 3, axis)
    assert plane[3, 4] == plane[4, 15] == 2
    assert (plane.max(axis=0)[4:16] == 2).all(), "no gap"
    assert layer.values.astype(bool).sum() == plane.astype(bool).sum()


def test_a_stroke_outside_changes_nothing_and_is_no_step(layer):
    layer.begin()
    assert not layer.stroke(0, 2, ((-50.0, -50.0), (-40.0, -50.0)), 3.0, 1)
    layer.end()
    assert not layer.changed


def test_a_drag_is_one_step_and_steps_are_undone_in_turn(layer):
    layer.begin()
    for x in range(4, 9):
        layer.stroke(0, 2, ((5.0, x), (5.0, x + 1)), 1.0, 1)
    layer.end()
    first = layer.values.copy()
    layer.stroke(0, 2, ((5.0, 6.0), (5.0, 6.0)), 2.0, 0)
    assert layer.undo()
    np.testing.assert_array_equal(layer.values, first)
    assert layer.undo()
    assert not layer.values.any()
    assert not layer.undo()


def test_fill_stops_at_what_is_painted_otherwise(layer):
    layer.values[1, 5:15, 5:15] = 2
    layer.values[1, 7:13, 7:13] = 0
    assert layer.fill(0, 1, (9.0, 9.0), 1)
    assert (layer.values[1, 7:13, 7:13] == 1).all()
    assert (layer.values == 1).sum() == 36


def test_a_threshold_keeps_within_the_label(layer):
    layer.values[1, 2:4, 2:20], layer.values[4, 10, 10] = 1, 1
    layer.values[1, 8:10, 2:20] = 2
    assert layer.keep_above(1, 12.0 / 19.0)
    assert layer.values[1, 2, 12] == 1
    assert not layer.values[1, 2, 11]
    assert (layer.values[1, 8:10, 2:20] == 2).all()


def test_a_mask_from_elsewhere_is_one_step_and_must_fit(layer):
    values = np.zeros(layer.values.shape, np.uint8)
    values[0, 0, 0] = 3
    layer.take(Mask(values, named(["a"]), layer.cube))
    assert layer.values[0, 0, 0] == 3
    layer.undo()
    assert not layer.values.any()
    with pytest.raises(CubeviewError):
        layer.take(Mask(np.zeros((2, 2, 2)), (), body((2, 2, 2), affine=np.eye(4) * 3)))
    values = values.astype(np.uint16) * 100
    with pytest.raises(CubeviewError, match="255 labels"):
        layer.take(Mask(values, (), layer.cube))


def test_names_and_colours_stay_with_numbers(layer):
    layer.name(2, "scar")
    layer.name(2, "old scar")
    assert [(one.number, one.name) for one in layer.labels] == [(1, "label 1"), (2, "old scar")]
    kept = layer.mask()
    layer.stroke(0, 0, ((1.0, 1.0), (1.0, 1.0)), 1.0, 2)
    assert not kept.values.any(), "a mask taken before does not change"
