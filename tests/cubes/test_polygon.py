import numpy as np
import pytest

from cubeview.cubes.polygon import polygon_shares
from cubeview.cubes.region import Circle

STAR = np.array([(2.3, 3.1), (9.7, 4.2), (6.0, 7.5), (12.2, 11.9), (4.4, 9.0), (3.0, 14.3)])


def area(corners):
    y, x = corners.T
    return 0.5 * abs(np.dot(y, np.roll(x, 1)) - np.dot(x, np.roll(y, 1)))


@pytest.mark.parametrize("turn", [0, 1])
def test_each_voxel_holds_what_fine_points_say(turn):
    corners = STAR[::-1] if turn else STAR
    rows, columns, share = polygon_shares(corners, (20, 20))
    assert share.sum() == pytest.approx(area(STAR), rel=1e-12)
    fine = 40
    grid = (np.arange(20 * fine) + 0.5) / fine - 0.5
    y, x = np.meshgrid(grid, grid, indexing="ij")
    inside = np.zeros(y.shape, bool)
    for (y0, x0), (y1, x1) in zip(STAR, np.roll(STAR, -1, axis=0), strict=True):
        crossed = (y0 > y) != (y1 > y)
        inside ^= crossed & (x < x0 + (x1 - x0) * (y - y0) / (y1 - y0))
    expected = inside.reshape(20, fine, 20, fine).mean(axis=(1, 3))
    whole = np.zeros((20, 20))
    whole[rows, columns] = share
    np.testing.assert_allclose(whole, expected, atol=0.02)


def test_edges_along_voxels_are_exact_and_the_rest_of_the_plane_is_cut_off():
    square = np.array([(0.5, 1.5), (0.5, 3.5), (2.5, 3.5), (2.5, 1.5)])
    rows, columns, share = polygon_shares(square, (10, 10))
    inside = np.zeros((10, 10))
    inside[rows, columns] = share
    expected = np.zeros((10, 10))
    expected[1:3, 2:4] = 1.0
    assert np.array_equal(inside, expected)
    beyond = np.array([(-5.0, -5.0), (-5.0, 20.0), (20.0, 20.0), (20.0, -5.0)])
    assert polygon_shares(beyond, (4, 3))[2] == pytest.approx(np.ones((4, 3)))
    assert polygon_shares(square + 30, (10, 10))[2].size == 0


def test_what_lies_behind_the_projection_covers_nothing():
    nowhere = np.array([[np.nan, 1.0], [2.0, 1.0], [2.0, 3.0]])
    assert polygon_shares(nowhere, (6, 6))[2].size == 0
    assert Circle(np.nan, 2.0, 1.5).cover((1, 6, 6))[2].size == 0
    assert Circle(2.0, 2.0, np.inf).cover((1, 6, 6))[2].size == 0
