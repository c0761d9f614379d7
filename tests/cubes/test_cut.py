import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from cubeview.cubes.ventricle import Ventricle, cut, inside

SPACING = (4.0, 3.0, 2.0)


def tilted():
    axes = Rotation.from_euler("xyz", [25, -35, 50], degrees=True).as_matrix()
    return Ventricle(np.array([50, 45, 40.0]), axes, np.array([45, 35, 30.0]))


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("offset", [-4, 0, 5])
def test_the_outline_lies_on_the_ellipsoid(axis, offset):
    ventricle = tilted()
    index = ventricle.centre[axis] / SPACING[axis] + offset
    outline = cut(ventricle, SPACING, axis, index)
    points = np.insert(outline, axis, index, axis=1) * SPACING - ventricle.centre
    assert np.linalg.norm(points @ ventricle.axes.T / ventricle.radii, axis=1) == pytest.approx(1)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_the_outline_encloses_the_voxels_inside(axis):
    ventricle, shape = tilted(), (30, 36, 50)
    index = int(ventricle.centre[axis] / SPACING[axis])
    plane = np.take(inside(ventricle, shape, SPACING), index, axis=axis)
    u, v = cut(ventricle, SPACING, axis, index, points=720).T
    area = 0.5 * abs(np.dot(u, np.roll(v, 1)) - np.dot(v, np.roll(u, 1)))
    assert plane.sum() == pytest.approx(area, rel=0.03)


def test_a_plane_beside_the_ellipsoid_has_no_outline():
    ventricle = Ventricle(np.array([50, 45, 40.0]), np.eye(3), np.array([20, 10, 10.0]))
    assert cut(ventricle, SPACING, 0, 71 / 4) is None
    assert cut(ventricle, SPACING, 0, 69 / 4) is not None
    assert cut(ventricle, SPACING, 1, 30 / 3) is None


def test_a_ball_is_cut_in_a_circle():
    ball = Ventricle(np.array([50, 50, 50.0]), np.eye(3), np.array([10, 10, 10.0]))
    outline = cut(ball, (1, 1, 1), 0, 56)
    assert np.hypot(*(outline - 50).T) == pytest.approx(8)
