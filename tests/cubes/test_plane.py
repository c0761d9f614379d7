import numpy as np
import pytest
from astropy.wcs import WCS

from cubeview.cubes.axes import Axis, plain_axis
from cubeview.cubes.case import Case
from cubeview.cubes.cube import ArrayPixels, Cube
from cubeview.cubes.plane import compass_words, edge_letters, frame_of, heart_region, sky_turn
from cubeview.cubes.ventricle import Ventricle

# Patient directions (L, P, H) of a usual short-axis stack: slices to the base, rows to the
# inferior wall, columns to the lateral wall.
TO_BASE, DOWN, LATERAL = (-0.62, 0.70, 0.35), (0.33, -0.17, -0.93), (0.71, 0.69, 0.13)


def heart(directions=(TO_BASE, DOWN, LATERAL), steps=(6.0, 4.0, 4.0), shape=(10, 20, 20)):
    affine = np.eye(4)
    for axis, (direction, step) in enumerate(zip(directions, steps, strict=True)):
        affine[:3, axis] = np.array(direction) / np.linalg.norm(direction) * step
    axes = tuple(
        Axis(name, "space", "mm", np.arange(n) * step)
        for name, n, step in zip(("Slice", "Row", "Column"), shape, steps, strict=True)
    )
    pixels = ArrayPixels(np.zeros(shape))
    return Cube(axes, pixels, "heart", affine=affine, view="short axis")


def sky(turn=0.0, flip=-1.0):
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = "RA---TAN", "DEC--TAN"
    wcs.wcs.crval, wcs.wcs.crpix = (150.0, 40.0), (11, 11)
    c, s = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    wcs.wcs.cd = np.array([[flip * c, -s], [flip * s, c]]) * 0.5 / 3600
    wcs.wcs.set()
    axes = (
        Axis("Wavelength", "spectral", "Angstrom", 5000 + np.arange(30) * 1.25),
        Axis("Dec", "celestial", "deg", np.linspace(39.9, 40.1, 21)),
        Axis("RA", "celestial", "deg", np.linspace(150.1, 149.9, 21)),
    )
    return Cube(axes, ArrayPixels(np.zeros((30, 21, 21))), "sky", wcs=wcs)


def test_short_axis_slices_are_shown_as_stored():
    cube = heart()
    frame = frame_of(cube, 0)
    assert (frame.across, frame.up, frame.leftward, frame.downward) == (2, 1, False, True)
    assert not frame.transposed
    assert frame.name == "short axis"
    assert edge_letters(cube, frame) == {
        "left": "SEP",
        "right": "LAT",
        "top": "ANT",
        "bottom": "INF",
    }


@pytest.mark.parametrize("turned", [False, True])
def test_the_apex_is_right_in_vertical_and_up_in_horizontal_long_axis(turned):
    slices = tuple(-np.array(TO_BASE)) if turned else TO_BASE
    cube = heart((slices, DOWN, LATERAL))
    vertical, horizontal = frame_of(cube, 2), frame_of(cube, 1)
    assert edge_letters(cube, vertical) == {
        "left": "BASE",
        "right": "APEX",
        "top": "ANT",
        "bottom": "INF",
    }
    assert edge_letters(cube, horizontal) == {
        "left": "SEP",
        "right": "LAT",
        "top": "APEX",
        "bottom": "BASE",
    }
    assert vertical.aspect == pytest.approx(6 / 4)
    assert horizontal.aspect == pytest.approx(4 / 6)


def test_the_sky_has_north_up_and_east_left():
    cube = sky()
    frame = frame_of(cube, 0)
    assert (frame.leftward, frame.downward, frame.aspect) == (False, False, pytest.approx(1))
    assert edge_letters(cube, frame) == {"top": "N", "left": "E"}
    assert edge_letters(sky(flip=1.0), frame) == {"top": "N", "right": "E"}


def test_a_turned_cube_gets_arrows_instead_of_letters():
    cube = sky(turn=40)
    assert edge_letters(cube, frame_of(cube, 0)) == {}
    north, east = sky_turn(cube)
    assert abs((east - north + 180) % 360 - 180) == pytest.approx(90, abs=0.1)
    assert len(compass_words(cube)) == 2


def test_wavelength_runs_to_the_right_and_fills_the_view():
    for axis in (1, 2):
        frame = frame_of(sky(), axis)
        assert frame.across == 0
        assert frame.aspect is None
        assert frame.name in ("λ–RA", "λ–Dec")


def test_a_cube_without_any_geometry_lies_as_its_file_has_it():
    axes = tuple(plain_axis(n, name) for n, name in zip((4, 5, 6), "zyx", strict=True))
    cube = Cube(axes, ArrayPixels(np.zeros((4, 5, 6))), "volume")
    frame = frame_of(cube, 0)
    assert (frame.across, frame.up, frame.downward, frame.aspect) == (2, 1, False, 1)
    assert not any(edge_letters(cube, frame).values())


def test_all_states_are_shown_at_one_scale():
    case = Case("h", "heart", {"stress": heart(), "rest": heart()})
    small = Ventricle(np.array([30, 40, 40.0]), np.eye(3), np.array([40, 30, 30.0]))
    large = Ventricle(np.array([28, 41, 42.0]), np.eye(3), np.array([50, 35, 35.0]))
    region = heart_region(case, {"stress": large, "rest": small})
    assert region["stress"][1] == region["rest"][1] == pytest.approx(65)
    assert region["rest"][0] == pytest.approx(small.centre)
    assert set(heart_region(case, {})) == {"stress", "rest"}
