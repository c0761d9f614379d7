import numpy as np
import pytest
from astropy import units
from astropy.wcs import WCS

from cubeview.cubes.axes import Axis
from cubeview.cubes.case import Case
from cubeview.cubes.cube import ArrayPixels, Cube
from cubeview.gui.desk.session import Session
from cubeview.gui.desk.units import shown_axis
from cubeview.gui.desk.words import (
    coordinate_text,
    place_text,
    sexagesimal,
    value_text,
    values_text,
    values_unit,
)


@pytest.mark.parametrize(
    ("ra", "dec", "text"),
    [
        (53.16125, -27.77889, "03ʰ32ᵐ38.70ˢ −27°46′44.0″"),
        (0.0, 0.0, "00ʰ00ᵐ00.00ˢ +00°00′00.0″"),
        (359.999999, 89.99999, "00ʰ00ᵐ00.00ˢ +90°00′00.0″"),
        (-0.5, -0.001, "23ʰ58ᵐ00.00ˢ −00°00′03.6″"),
    ],
)
def test_sky_positions(ra, dec, text):
    assert sexagesimal(ra, dec) == text


def test_base_units_are_read_in_larger_ones():
    velocity = Axis("Velocity", "spectral", "m/s", 557481 + 4122.0 * np.arange(9))
    assert coordinate_text(velocity, 557481.0) == "Velocity 557.5 km/s"
    assert shown_axis(velocity).values[0] == pytest.approx(557.481)
    wave = Axis("Wavelength", "spectral", "m", 4.75e-7 + 1.25e-10 * np.arange(9))
    assert coordinate_text(wave, 4.75e-7) == "Wavelength 4750.0 Å"
    sun = Axis("Solar X", "celestial", "deg", 0.136 + 0.0001 * np.arange(9))
    assert coordinate_text(sun, 0.136) == "Solar X 489.60 ″"
    plain = Axis("Wavelength", "spectral", "Angstrom", 4750.0 + np.arange(3))
    assert shown_axis(plain) is plain


def test_coordinates_have_the_figures_their_step_deserves():
    wave = Axis("Wavelength", "spectral", "Angstrom", 4750 + 1.25 * np.arange(9), medium="air")
    assert coordinate_text(wave, 6724.5) == "Wavelength 6724.5 Å (air)"
    fine = Axis("Frequency", "spectral", "GHz", 345 + 0.0004 * np.arange(9))
    assert coordinate_text(fine, 345.00042) == "Frequency 345.00042 GHz"
    assert coordinate_text(Axis("Slice", "index", "", np.arange(4)), 3.0) == "Slice 3"
    wide = Axis("Frequency", "spectral", "Hz", 86751e6 + 1e5 * np.arange(9))
    assert coordinate_text(wide, 86751151951.0) == "Frequency 86.75115 GHz"
    assert coordinate_text(wave, float("nan")) == "Wavelength –"


def test_values_have_four_figures_and_no_letter_e():
    assert value_text(412.26, "counts") == "412.3 counts"
    assert value_text(-1.234e-18, "W") == "−1.234×10⁻¹⁸ W"
    assert value_text(float("nan"), "Jy") == "no data"


def sky_session():
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval = [53.16125, -27.77889]
    wcs.wcs.crpix = [3, 3]
    wcs.wcs.cdelt = [-0.2 / 3600, 0.2 / 3600]
    axes = (
        Axis("Wavelength", "spectral", "Angstrom", 4750 + 1.25 * np.arange(5), medium="air"),
        Axis("Dec", "celestial", "deg", np.arange(5) * 0.2 / 3600),
        Axis("RA", "celestial", "deg", np.arange(5) * -0.2 / 3600),
    )
    values = np.full((5, 5, 5), 41.2)
    values[0] = np.nan
    unit = units.Unit("10**(-20) erg s-1 cm-2 Angstrom-1")
    cube = Cube(
        axes,
        ArrayPixels(values),
        "sky",
        "10**(-20)*erg/s/cm**2/Angstrom",
        quantity_unit=unit,
        uncertainty=ArrayPixels(np.full((5, 5, 5), 6.3)),
        wcs=wcs,
    )
    session = Session()
    session.set_case(Case("udf", "sky", {"flux": cube}))
    return session


def test_the_cursor_line_of_a_sky_cube(qapp):
    session = sky_session()
    assert place_text(session) == "03ʰ32ᵐ38.70ˢ −27°46′44.0″ · Wavelength 4752.5 Å (air)"
    assert values_text(session).startswith("41.2 ± 6.3 ×10⁻²⁰ erg")
    session.set_cursor(0, 2, 2)
    assert values_text(session).startswith("no data")


def test_a_unit_nobody_understands_is_shown_as_written():
    axes = tuple(Axis(n, "index", "", np.arange(2)) for n in "zyx")
    assert values_unit(Cube(axes, ArrayPixels(np.zeros((2, 2, 2))), "volume", "furlongs")) == (
        "furlongs"
    )
