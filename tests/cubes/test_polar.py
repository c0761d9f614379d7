import numpy as np

from cubeview.cubes.polar import wall_mean, wall_places
from cubeview.cubes.ventricle import Ventricle

SPACING = (2.0, 2.0, 2.0)
# Apex at small z; rows to inferior, columns to lateral.
VENTRICLE = Ventricle(np.array([40.0, 40.0, 40.0]), np.eye(3), np.array([36.0, 24.0, 24.0]))


def test_the_middle_of_the_disc_is_the_apex_and_its_right_the_lateral_wall():
    places = wall_places(VENTRICLE, SPACING, 65)
    apex = places[-1, 32, 32]
    np.testing.assert_allclose(apex, [(40 - 36) / 2, 20, 20], atol=0.6)
    lateral, inferior = places[-1, 32, 58], places[-1, 58, 32]
    assert lateral[2] > 30 > 21 > lateral[1] > 19
    assert inferior[1] > 30 > 21 > inferior[2] > 19
    assert np.isnan(places[:, 0, 0]).all()
    # The outside of the wall lies on the ellipsoid.
    mm = places[-1][~np.isnan(places[-1]).any(axis=-1)] * 2 - VENTRICLE.centre
    np.testing.assert_allclose(((mm / VENTRICLE.radii) ** 2).sum(axis=-1), 1, rtol=1e-6)


def test_the_mean_over_the_wall_shows_a_planted_place_at_its_place():
    places = wall_places(VENTRICLE, SPACING, 65)
    target = places[3, 40, 20]
    values = np.zeros((30, 40, 40), np.float32)  # of a box that begins at (0, 0, 0)
    z, y, x = np.indices(values.shape)
    near = np.sqrt((z - target[0]) ** 2 + (y - target[1]) ** 2 + (x - target[2]) ** 2) < 2
    values[near] = 7.0
    box = (slice(0, 30), slice(0, 40), slice(0, 40))
    mean = wall_mean(values, box, places)
    row, column = np.unravel_index(np.nanargmax(mean), mean.shape)
    assert abs(row - 40) <= 3
    assert abs(column - 20) <= 3
    assert np.isnan(mean[0, 0])
    assert np.nanmin(mean) == 0


def test_what_the_map_does_not_speak_of_stays_empty():
    places = wall_places(VENTRICLE, SPACING, 33)
    values = np.full((10, 10, 10), np.nan, np.float32)
    assert np.isnan(wall_mean(values, (slice(15, 25),) * 3, places)).all()
    values[:] = 2.0
    mean = wall_mean(values, (slice(15, 25), slice(15, 25), slice(25, 35)), places)
    assert set(np.unique(mean[np.isfinite(mean)])) == {2.0}
    assert np.isnan(mean[16, 2]), "the box covers the lateral wall only"
