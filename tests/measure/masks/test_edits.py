"""A label is changed as a whole, and the others stay as they are."""

import numpy as np
import pytest

from cubeview.errors import CubeviewError
from cubeview.measure.masks.edits import EDITS, edited


def after(values, how, number=1):
    box, changed = edited(values, number, how)
    whole = values.copy()
    whole[box] = changed
    return whole


@pytest.fixture
def ball():
    z, y, x = np.indices((16, 20, 24))
    return ((z - 8) ** 2 + (y - 10) ** 2 + (x - 11) ** 2 <= 25).astype(np.uint8)


@pytest.mark.parametrize("how", EDITS)
def test_other_labels_and_far_voxels_stay(ball, how):
    values = ball.copy()
    values[:, 13:, :] = np.where(ball[:, 13:, :], 2, 0)
    values[10, 10, 11], values[8, 9, 4] = 0, 1  # a hole, and a piece beside
    values[2, 0, 0] = 2
    values[6] = 0
    values[7] = np.where(values[7] == 1, 0, values[7])
    changed = after(values, how)
    np.testing.assert_array_equal(changed == 2, values == 2)
    assert not (changed[:, :3] == 1).any()
    assert (changed != values).any()
    assert set(np.unique(changed)) <= {0, 1, 2}


def test_the_largest_piece_stays_and_touching_corners_are_one(ball):
    values = ball.copy()
    values[1, 1, 1] = values[14, 18, 22] = 1
    np.testing.assert_array_equal(after(values, "largest piece"), ball)
    values = np.zeros((4, 4, 4), np.uint8)
    values[1, 1, 1] = values[2, 2, 2] = values[0, 3, 3] = 1
    kept = after(values, "largest piece")
    assert kept[1, 1, 1] == kept[2, 2, 2] == 1
    assert kept[0, 3, 3] == 0


def test_a_step_is_a_voxel_and_the_edge_of_the_cube_is_no_border():
    values = np.zeros((9, 9, 9), np.uint8)
    values[4, 4, 4] = 1
    assert after(values, "grow").sum() == 7
    values = np.zeros((9, 9, 9), np.uint8)
    values[:4] = 1
    np.testing.assert_array_equal(after(values, "shrink")[:3], values[:3])
    assert not after(values, "shrink")[3:].any()


def test_holes_are_filled_and_a_spike_is_smoothed_away(ball):
    hollow = ball.copy()
    hollow[8, 10, 11] = 0
    np.testing.assert_array_equal(after(hollow, "fill holes"), ball)
    spike = ball.copy()
    spike[8, 10, 17:20] = 1
    smoothed = after(spike, "smooth")
    assert not smoothed[8, 10, 18:].any()
    assert np.count_nonzero(smoothed[ball > 0]) > 0.85 * ball.sum()


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_planes_between_discs_follow_a_cone(axis):
    z, y, x = np.indices((12, 32, 32))
    cone = ((y - 16) ** 2 + (x - 16) ** 2 <= (4 + z) ** 2).astype(np.uint8)
    drawn = np.where(np.isin(z, (0, 11)), cone, 0).astype(np.uint8)
    filled = np.moveaxis(after(np.moveaxis(drawn, 0, axis), "fill between planes"), axis, 0)
    overlap = 2 * np.sum(filled & cone) / (filled.sum() + cone.sum())
    assert overlap > 0.97
    np.testing.assert_array_equal(filled[[0, 11]], cone[[0, 11]])


@pytest.mark.parametrize(
    ("values", "how", "said"),
    [
        (np.zeros((4, 4, 4), np.uint8), "grow", "Nothing is painted"),
        (np.ones((4, 4, 4), np.uint8), "fill between planes", "No plane is left out"),
        (np.ones((4, 4, 4), np.uint8), "largest piece", "changes nothing"),
    ],
)
def test_nothing_to_do_is_said(values, how, said):
    with pytest.raises(CubeviewError, match=said):
        edited(values, 1, how)
