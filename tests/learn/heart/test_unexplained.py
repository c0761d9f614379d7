"""What a fit leaves unexplained: it points to where the wall is, and tells a heart that moved."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import shift as shifted

from cubeview.learn.heart import finder
from cubeview.learn.heart.image import blank_image, heart_image
from cubeview.learn.heart.unexplained import SIGNS, moved, unexplained
from tests.learn.heart.phantom import mm_cube, plant

pytestmark = pytest.mark.usefixtures("hearts_once")

VOXEL_MM = 6.6


def in_two_places(planted, way_mm, share):
    """The planted scan of a heart that spent a share of the time further on."""
    values = planted.cube.pixels.read()
    there = shifted(values, np.array(way_mm) / VOXEL_MM, order=1, mode="nearest")
    return mm_cube((1 - share) * values + share * there, VOXEL_MM)


@pytest.mark.parametrize("seed", [4, 8])
@pytest.mark.parametrize("way", [24.0, -24.0])
def test_a_heart_that_moved_is_found_where_it_was_on_average(seed, way):
    planted = plant(seed, turn_deg=5.0)
    image = heart_image(in_two_places(planted, (0.0, way, 0.0), 0.4))
    still = finder.fit_one(planted.cube).wall
    mean = still.centre + np.array([0.0, 0.4 * way, 0.0])
    # As a fit finds it that lets the second place count less.
    found = moved(image, still)
    assert np.linalg.norm(found.fit.wall.centre - mean) < 5
    # Which place was first cannot be told where they are about equal.
    assert abs(abs(found.shift_mm[1]) - 24) < 6
    assert 0.3 < found.share <= 0.5


@pytest.mark.parametrize("settings", [{}, {"defect": 0.33}, {"mask_mm": 85}, {"hot": 1.5}])
def test_a_heart_that_lay_still_is_left_alone(settings):
    for seed in (12, 13):
        planted = plant(seed, **settings)
        assert moved(heart_image(planted.cube), finder.fit_one(planted.cube).wall) is None


def test_the_step_points_back_to_where_the_wall_is():
    planted = plant(12, turn_deg=5.0)
    image, wall = heart_image(planted.cube), finder.fit_one(planted.cube).wall
    for axis in range(3):
        off = replace(wall, centre=wall.centre + 4.0 * wall.axes[axis])
        step = unexplained(image, off)[:3] - unexplained(image, wall)[:3]
        assert step[axis] < -0.2  # 2 of 4 mm at least
        assert np.abs(np.delete(step, axis)).max() < -step[axis]


def test_nothing_can_be_said_of_an_image_without_counts():
    cube = mm_cube(np.zeros((20, 20, 20)), VOXEL_MM)
    wall = finder.fit_one(plant(12).cube).wall
    for image in (blank_image(cube), heart_image(cube)):
        assert moved(image, wall) is None
        assert (unexplained(image, wall) == 0).all()
        assert unexplained(image, wall).shape == (SIGNS,)
