"""Cubes of one sky show one place, and contours of one lie over the other."""

from dataclasses import replace

import numpy as np
import pytest
from astropy.wcs import WCS

from cubeview.cubes.axes import Axis
from cubeview.cubes.case import Case
from cubeview.cubes.spectral import with_spectral
from cubeview.gui.desk.contours import lines_of
from cubeview.gui.desk.display import default_display
from tests.helpers.viewcases import sky_case


def other(shape=(60, 41, 51)):
    """A cube of finer spaxels, turned upside down, of half the channels' width."""
    cube = sky_case(shape).main
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = "RA---TAN", "DEC--TAN"
    wcs.wcs.crval, wcs.wcs.crpix = (150.0, 2.0), (26.0, 21.0)
    wcs.wcs.cdelt = 0.1 / 3600, -0.1 / 3600
    wcs.wcs.set()
    spectral = Axis("Wavelength", "spectral", "Angstrom", 5000 + 0.6 * np.arange(shape[0]),
                    medium="air")  # fmt: skip
    return Case("other", "sky", {"flux": replace(cube, wcs=wcs, axes=(spectral, *cube.axes[1:]))})


@pytest.fixture
def two(desk):
    cases = sky_case(), other()
    desk.session.add_cases(cases)
    desk.session.set_case(cases[0])
    desk.session.set_display(**default_display(cases[0], desk.session))
    return cases


def test_the_place_is_kept_by_sky_and_wavelength(desk, two):
    session, matching = desk.session, desk.matching
    session.set_cursor(20, 12, 10)
    session.set_display(stretch="asinh", levels={"flux": (0.0, 9.0)})
    session.shown.zoom["flux 0"] = (9.0, 15.0, 8.0, 13.0)
    session.set_case(two[1])
    assert session.cursor == (30, 20, 25)  # its own middle, while they do not match
    session.set_case(two[0])
    matching.turn(True)
    session.set_case(two[1])
    world = two[0].main.world(20, 12, 10)
    z, y, x = session.cursor
    assert two[1].main.world(z, y, x) == pytest.approx(world, abs=0.3)
    np.testing.assert_allclose(two[1].main.world(0, y, x)[1:], world[1:], atol=0.06 / 3600)
    assert (session.display.stretch, session.display.levels["flux"]) == ("asinh", (0.0, 9.0))
    left, right, low, high = session.shown.zoom["flux 0"]
    assert (right - left, high - low) == pytest.approx((12, 10), rel=1e-3)  # spaxels half as wide
    assert left < x < right
    assert low < y < high
    # and back, as one blinks
    matching.blink()
    assert session.case is two[0]
    assert session.cursor == (20, 12, 10)
    matching.blink()
    assert session.case is two[1]


def test_velocities_are_matched_with_velocities(desk, two):
    session = desk.session
    shown = []
    for case, rest in zip(two, ("5010 Angstrom", "5012 Angstrom"), strict=True):
        cube = with_spectral(case.main, "velocity", rest=rest, convention="optical")
        shown.append(replace(case, cubes={"flux": cube}))
        session.replace_case(case, shown[-1])
    desk.matching.turn(True)
    session.set_case(shown[0])
    session.set_cursor(12, 10, 15)
    session.set_case(shown[1])
    one, two_ = (case.main.axes[0] for case in shown)
    assert two_.values[session.cursor[0]] == pytest.approx(one.values[12], abs=20)


def test_a_place_beside_the_other_cube_stays(desk, two):
    session = desk.session
    desk.matching.turn(True)
    session.set_cursor(39, 0, 29)  # beside it on the sky, beyond it in wavelength
    session.set_case(two[1])
    assert session.cursor == (30, 20, 25)


def test_contours_lie_where_the_light_does_on_any_cube(desk, two):
    plane = np.random.default_rng(0).normal(0, 0.1, (20, 30))
    y, x = np.mgrid[:20, :30]
    plane += 5 * np.exp(-0.5 * ((y - 8) ** 2 + (x - 12) ** 2) / 4)
    lines = lines_of(two[0].main, plane, "one")
    assert len(lines.levels) == 4  # 3, 6, 12 and 24 of 0.12; 48 is above its peak
    across, up = two[1].main.wcs.wcs_world2pix(lines.longitude, lines.latitude, 0)
    _, latitude, longitude = two[0].main.world(0, 8, 12)
    _, y2, x2 = two[1].main.index(5000.0, latitude, longitude)
    # the brightest level is a circle around the same place of the sky
    assert np.median(across) == pytest.approx(x2, abs=1.0)
    assert np.median(up) == pytest.approx(y2, abs=1.0)
