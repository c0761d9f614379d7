"""Units of values in the spellings of surveys, and what becomes of them in a sum."""

from dataclasses import replace

import numpy as np
import pytest
from astropy import units

from cubeview.cubes.aperture import aperture_spectrum
from cubeview.cubes.cube import ArrayPixels
from cubeview.cubes.region import Circle
from cubeview.cubes.units import parse_unit, summed
from cubeview.simulate.sky.field import simulate_field

FLAM = "erg s-1 cm-2 Angstrom-1"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ergs/s/cm^2/A", FLAM),
        ("erg/s/cm2/ang", FLAM),
        ("ERG/S/CM2/A", FLAM),
        ("1.E-16 ERG/CM2/S/A", f"1e-16 {FLAM}"),
        ("(10**-20)*erg/s/cm**2/Angstrom", f"1e-20 {FLAM}"),
        ("10**(-20)*erg/s/cm**2/Angstrom", f"1e-20 {FLAM}"),
        ("10(-16) erg/s/cm2/A", f"1e-16 {FLAM}"),
        ("10^(-16) erg s^-1 cm^-2 Å^-1", f"1e-16 {FLAM}"),
        ("1e-20erg/s/cm2/A", f"1e-20 {FLAM}"),
        ("(10**(-20)*erg/s/cm**2/Angstrom)**2", "1e-40 erg2 s-2 cm-4 Angstrom-2"),
        ("10^-17 erg/s/cm^2/Ang/arcsec^2", f"1e-17 {FLAM} arcsec-2"),
        ("Jy/Beam", "Jy beam-1"),
        ("mJy/BEAM", "mJy beam-1"),
        ("MJY/SR", "MJy sr-1"),
        ("JY/PIXEL", "Jy pixel-1"),
        ("cts/s", "ct s-1"),
        ("e-/s", "electron s-1"),
        ("electrons/s/A", "electron s-1 Angstrom-1"),
        ("counts/s/A", "ct s-1 Angstrom-1"),
        ("ph/s/cm2/A", "ph s-1 cm-2 Angstrom-1"),
        ("W/m^2/micron", "W m-2 um-1"),
        ("1E-17 erg/s/cm^2/ang/spaxel", f"1e-17 {FLAM}"),
    ],
)
def test_spellings(text, expected):
    assert parse_unit(text).to(units.Unit(expected)) == pytest.approx(1.0)


@pytest.mark.parametrize(
    "text",
    [
        "MJY/BEAM",
        "Corrected DN",
        "10**99999999999",
        "10**-99999999 erg/s",
        "km" + "9" * 300,
        " ",
    ],
)
def test_what_is_none_or_means_two_things_is_left(text):
    assert parse_unit(text) is None


@pytest.fixture(scope="module")
def field():
    """A cube of spaxels of 0.2 arcsec."""
    cube = simulate_field(1, (16, 24, 24), counts={}).case.main
    assert cube.spacing[1] == pytest.approx(cube.spacing[2])
    return cube


@pytest.mark.parametrize(
    ("unit", "factor", "made"),
    [
        ("Jy/beam", lambda area: area / (np.pi / (4 * np.log(2)) * 0.72 * 0.36), "Jy"),
        ("MJy/sr", lambda area: area * units.arcsec.to(units.rad) ** 2, "MJy"),
        ("erg/s/cm2/A/arcsec2", lambda area: area, "erg/(s cm2 Angstrom)"),
        ("Jy/pixel", lambda area: 1.0, "Jy"),
        ("Jy", lambda area: 1.0, "Jy"),
        ("nW/m2/sr", lambda area: area * units.arcsec.to(units.rad) ** 2, "nW/m2"),
    ],
)
def test_a_sum_has_the_unit_it_has(unit, factor, made, field):
    cube = replace(field, unit=unit, quantity_unit=parse_unit(unit), beam=(0.72, 0.36, 0.0))
    area = cube.spacing[1] * cube.spacing[2]
    found, text = summed(cube)
    assert found == pytest.approx(factor(area))
    assert units.Unit(text) == units.Unit(made)


@pytest.mark.parametrize("unit", ["Jy/beam", "K km/s/beam", "funny/beam", "ct per arcsec2 (?)"])
def test_a_sum_of_what_is_not_known_has_no_unit(unit, field):
    cube = replace(field, unit=unit, quantity_unit=parse_unit(unit), beam=None)
    assert summed(cube) == (1.0, "")


@pytest.mark.parametrize("by_rows", [False, True])
def test_a_point_source_of_one_jansky_sums_to_one(by_rows, field):
    rows, columns = np.indices(field.shape[1:])
    beam = 5 * field.spacing[1]
    width = 5 / np.sqrt(8 * np.log(2))
    image = np.exp(-0.5 * ((rows - 12) ** 2 + (columns - 11) ** 2) / width**2)
    cube = replace(
        field, pixels=ArrayPixels(np.broadcast_to(image, field.shape)), unit="Jy/beam",
        quantity_unit=parse_unit("Jy/beam"), beam=(beam, beam, 0.0), uncertainty=None, mask=None,
    )  # fmt: skip
    found = aperture_spectrum(cube, Circle(12, 11, 11), by_rows=by_rows)
    assert found.values == pytest.approx(1.0, rel=1e-3)
    assert found.unit == "Jy"
    mean = aperture_spectrum(cube, Circle(12, 11, 11), "mean", by_rows=by_rows)
    assert mean.unit == "Jy/beam"
    assert mean.values == pytest.approx(image.sum() / (np.pi * 11**2), rel=1e-3)
