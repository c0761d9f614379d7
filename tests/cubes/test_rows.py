import numpy as np
import pytest

from cubeview.cubes.rows import CUTS, grid, place_of, slices, voxel_at
from cubeview.cubes.ventricle import Ventricle, to_role

SPACING = (3.0, 4.0, 5.0)  # no two alike: a mixed-up axis would show
SHAPE = (44, 34, 28)
SA, VLA, HLA = CUTS


def turned(about=(0.5, -0.8, 0.4), centre=(64.0, 66.0, 70.0), radii=(45.0, 30.0, 30.0)):
    """A ventricle oblique in its cube, as in a transaxial scan."""
    a, b, c = about
    ca, sa, cb, sb, cc, sc = np.cos(a), np.sin(a), np.cos(b), np.sin(b), np.cos(c), np.sin(c)
    turn = (
        np.array([[1, 0, 0], [0, ca, -sa], [0, sa, ca]])
        @ np.array([[cb, 0, sb], [0, 1, 0], [-sb, 0, cb]])
        @ np.array([[cc, -sc, 0], [sc, cc, 0], [0, 0, 1]])
    )
    return Ventricle(np.array(centre), turn, np.array(radii))


def planted(ventricle, to_base, inferior, lateral):
    """A cube with a blob at a place in the ventricle's own mm, written by its definition."""
    at = ventricle.centre + np.array([to_base, inferior, lateral]) @ ventricle.axes
    mm = np.stack(np.indices(SHAPE), axis=-1) * SPACING - at
    return np.exp(-((mm**2).sum(axis=-1)) / 60.0).astype(np.float32)


@pytest.mark.parametrize(
    ("cut", "place", "half", "at"),
    [  # what a reader looks for: which half of the row, and where in the slice
        (SA, (-30, 0, 0), "first", "middle"),  # apex
        (SA, (0, -20, 0), "", "top"),  # anterior wall
        (SA, (0, 0, -20), "", "left"),  # septum
        (VLA, (0, 0, -20), "first", "middle"),  # septum
        (VLA, (-30, 0, 0), "", "right"),  # apex
        (VLA, (0, -20, 0), "", "top"),  # anterior wall
        (HLA, (0, 20, 0), "first", "middle"),  # inferior wall
        (HLA, (-30, 0, 0), "", "top"),  # apex
        (HLA, (0, 0, 20), "", "right"),  # lateral wall
    ],
)
def test_a_planted_wall_stands_where_readers_look_for_it(cut, place, half, at):
    ventricle = turned()
    where = grid({"heart": ventricle}, cut, 11, 3.0)
    row = slices(planted(ventricle, *place), ventricle, SPACING, where)
    number, down, right = np.unravel_index(np.nanargmax(row), row.shape)
    middle = (where.side - 1) / 2
    away = np.array([down - middle, right - middle])
    assert {"first": number < 4, "": abs(number - 5) <= 1}[half]
    lies = {"top": (-1, 0), "left": (0, -1), "right": (0, 1), "middle": (0, 0)}[at]
    np.testing.assert_allclose(away, np.multiply(lies, abs(away).max() if any(lies) else 0), atol=1)
    assert abs(away).max() >= 6 if any(lies) else abs(away).max() <= 1


@pytest.mark.parametrize("cut", CUTS)
def test_a_click_on_a_slice_is_the_voxel_planted_there_and_back(cut):
    ventricle = turned()
    values = planted(ventricle, 8, -12, 15)
    where = grid({"heart": ventricle}, cut, 61, 1.5)
    row = slices(values, ventricle, SPACING, where)
    brightest = np.unravel_index(np.nanargmax(row), row.shape)
    voxel = voxel_at(ventricle, SPACING, where, brightest)
    truth = (ventricle.centre + np.array([8, -12, 15]) @ ventricle.axes) / SPACING
    np.testing.assert_allclose(voxel, truth, atol=0.8)  # the peak stands on a voxel
    assert place_of(ventricle, SPACING, where, voxel) == pytest.approx(brightest, abs=1e-6)


def test_slices_hold_what_an_even_slope_has_at_their_places():
    ventricle = turned()
    z, y, x = np.indices(SHAPE)
    slope = (2 * z + 3 * y - x).astype(np.float32)  # trilinear is exact here
    where = grid({"heart": ventricle}, VLA, 3, 5.0)
    row = slices(slope, ventricle, SPACING, where)
    for place in [(0, 9, 14), (2, 16, 8)]:
        z, y, x = voxel_at(ventricle, SPACING, where, place)
        assert row[place] == pytest.approx(2 * z + 3 * y - x, abs=1e-3)


def test_states_that_lie_apart_show_the_same_anatomy_in_the_same_slice():
    stress, rest = turned(), turned((-0.3, 0.2, 0.1), (60.0, 70.0, 66.0), (38.0, 27.0, 27.0))
    both = {"stress": stress, "rest": rest}
    where = grid(both, SA, 9, 3.0)
    places = [
        np.unravel_index(np.nanargmax(row), row.shape)
        for row in (slices(planted(v, 10, 12, -18), v, SPACING, where) for v in both.values())
    ]
    np.testing.assert_allclose(*places, atol=1)
    # From the apex to where the wall ends, 0.7 semi-axes beyond the centre.
    assert where.offsets[0] - 4.25 == pytest.approx(-45)
    assert where.offsets[-1] + 4.25 == pytest.approx(0.7 * 45)

    # The cursor of the session is carried from state to state the same way.
    class Flat:
        spacing, shape = SPACING, SHAPE

    voxel = voxel_at(stress, SPACING, where, (2.0, 9.0, 14.0))
    carried = to_role(Flat, Flat, voxel, both, "stress", "rest")
    np.testing.assert_allclose(carried, voxel_at(rest, SPACING, where, (2.0, 9.0, 14.0)))


def test_off_the_cube_there_is_nothing():
    ventricle = turned(centre=(10.0, 66.0, 70.0))
    row = slices(np.ones(SHAPE), ventricle, SPACING, grid({"": ventricle}, SA, 5, 3.0))
    assert np.isnan(row).any()
    assert np.nanmin(row) == np.nanmax(row) == 1
