"""The spectral axis as other quantities, against WCSLIB and known lines."""

from dataclasses import replace

import numpy as np
import pytest
from astropy import units
from astropy.wcs import WCS

from cubeview.cubes.axes import Axis, plain_axis
from cubeview.cubes.cube import ArrayPixels, Cube
from cubeview.cubes.spectral import SHOWN, refractive_index, with_spectral
from cubeview.errors import CubeviewError


def cube_of(values, unit, **fields):
    axis = Axis("Wavelength", "spectral", unit, np.asarray(values, float), **fields)
    pixels = ArrayPixels(np.zeros((len(axis), 2, 2)))
    return Cube((axis, plain_axis(2, "y"), plain_axis(2, "x")), pixels, "sky")


def test_air_and_vacuum_are_those_of_wcslib():
    # WCSLIB converts a linear AWAV axis to vacuum with the algorithm code -A2W.
    wcs = WCS(naxis=1)
    wcs.wcs.ctype, wcs.wcs.cunit = ["WAVE-A2W"], ["m"]
    wcs.wcs.crval, wcs.wcs.cdelt, wcs.wcs.crpix = [6564.6e-10], [1e-10], [1]
    vacuum = wcs.wcs_pix2world(np.arange(400), 0)[0] * 1e10
    cube = cube_of(vacuum, "Angstrom", medium="vacuum")
    air = with_spectral(cube, "air wavelength").axes[0]
    assert air.medium == "air"
    # Linear in air, to a millionth of a step.
    assert np.ptp(np.diff(air.values)) < 1e-6
    assert air.values[0] == pytest.approx(6562.79, abs=0.01)
    back = with_spectral(replace(cube, axes=(air, *cube.axes[1:])), "wavelength").axes[0]
    np.testing.assert_allclose(back.values, vacuum, rtol=1e-12)


def test_h_alpha_in_air_and_vacuum():
    cube = cube_of([6562.79, 6562.80], "Angstrom", medium="air")
    assert with_spectral(cube, "wavelength").axes[0].values[1] == pytest.approx(6564.61, abs=0.01)
    assert refractive_index(0.5876) == pytest.approx(1.000277, abs=1e-6)


def test_hydrogen_at_its_rest_frequency_stands_still():
    cube = cube_of([1.421e9, 1420405751.77, 1.419e9], "Hz")
    for convention in ("radio", "optical", "relativistic"):
        axis = with_spectral(
            cube, "velocity", rest="1420.40575177 MHz", convention=convention
        ).axes[0]
        assert axis.values[1] == pytest.approx(0, abs=1e-6)
        assert (np.diff(axis.values) > 0).all()
        assert (axis.unit, axis.convention, axis.name) == ("km / s", convention, "Velocity")
    radio = with_spectral(cube, "velocity", rest="1420.40575177 MHz").axes[0].values[2]
    assert radio == pytest.approx(299792.458 * (1 - 1.419e9 / 1420405751.77), rel=1e-9)


@pytest.mark.parametrize(
    "rest", ["6562.80 Angstrom", "6562.8 A", "6562.8A", "6562.8 Å", "6562.8 ang", "656.28 nm"]
)
def test_a_rest_wavelength_is_one_in_the_medium_of_the_axis(rest):
    cube = cube_of([6562.80, 6600.0], "Angstrom", medium="air")
    axis = with_spectral(cube, "velocity", rest=rest, convention="optical").axes[0]
    assert axis.values[0] == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("way", SHOWN)
def test_there_and_back_changes_nothing(way):
    start = cube_of(np.linspace(4750, 9350, 50), "Angstrom", medium="vacuum")
    there = with_spectral(start, way, rest="5000 Angstrom", convention="relativistic")
    back = with_spectral(there, "wavelength")
    np.testing.assert_allclose(back.axes[0].values, start.axes[0].values, rtol=1e-12)
    assert back.axes[0].unit == "Angstrom"
    assert len([note for note in back.notes if "shown as" in note.text]) == 1
    assert back.pixels is start.pixels


@pytest.mark.parametrize(
    ("hertz", "way", "unit"),
    [
        (1.42e9, "frequency", "GHz"),
        (4.0e8, "frequency", "MHz"),
        (1.42e9, "wavelength", "cm"),
        (3e11, "wavelength", "mm"),
        (1.4e14, "wavelength", "um"),
        (5e14, "wavelength", "Angstrom"),
        (5e14, "energy", "eV"),
        (1.5e18, "energy", "keV"),
    ],
)
def test_units_are_the_usual_ones(hertz, way, unit):
    axis = with_spectral(cube_of([hertz, hertz * 1.001], "Hz"), way).axes[0]
    assert axis.unit == unit
    there = units.Quantity(axis.values[0], axis.unit).to_value(units.Hz, units.spectral())
    assert there == pytest.approx(hertz)


def test_velocities_need_to_know_what_they_mean():
    cube = cube_of([1000.0, 2000.0], "km/s")
    with pytest.raises(CubeviewError, match="unknown definition"):
        with_spectral(cube, "frequency")
    known = cube_of([0.0, 2000.0], "km/s", convention="radio", rest=1.42e9, rest_unit="Hz")
    axis = with_spectral(known, "frequency").axes[0]
    assert axis.values[0] == pytest.approx(1.42)
    optical = with_spectral(known, "velocity", convention="optical").axes[0]
    assert optical.values[1] > 2000


@pytest.mark.parametrize(
    "rest", ["", "x", "5", "5 kg", "-1 GHz", "nan GHz", "[1,2] GHz", "1e999 m"]
)
def test_a_bad_rest_value_is_refused_in_words(rest):
    with pytest.raises(CubeviewError, match=r"rest value"):
        with_spectral(cube_of([5e14, 6e14], "Hz"), "velocity", rest=rest)


def test_what_is_no_spectrum_is_refused():
    cube = cube_of([1.0, 2.0], "adu")
    with pytest.raises(CubeviewError, match="cannot be converted"):
        with_spectral(cube, "frequency")
    plain = replace(cube, axes=(plain_axis(2, "z"), *cube.axes[1:]))
    with pytest.raises(CubeviewError, match="no spectral axis"):
        with_spectral(plain, "frequency")


@pytest.mark.parametrize("way", ["wavelength", "frequency", "energy"])
def test_the_rest_frame_and_back(way):
    observed = cube_of([6000.0, 6600.0], "Angstrom", medium="vacuum")
    rest = with_spectral(observed, way, redshift="0.1").axes[0]
    there = units.Quantity(rest.values, rest.unit).to_value(units.Angstrom, units.spectral())
    assert there == pytest.approx([6000 / 1.1, 6000.0])
    assert rest.redshift == 0.1
    kept = with_spectral(with_spectral(observed, way, redshift="0.1"), "wavelength").axes[0]
    assert kept.values == pytest.approx([6000 / 1.1, 6000.0])
    back = with_spectral(with_spectral(observed, way, redshift="0.1"), "wavelength", redshift="0")
    assert back.axes[0].values == pytest.approx([6000.0, 6600.0])
    assert back.axes[0].redshift == 0


def test_air_is_left_before_the_source_is_moved():
    """H-alpha of 6562.80 in air is 6564.61 in vacuum, wherever the source is."""
    observed = cube_of([6564.614 * 1.2, 9000.0], "Angstrom", medium="vacuum")
    axis = with_spectral(observed, "air wavelength", redshift="0.2").axes[0]
    assert axis.values[0] == pytest.approx(6562.80, abs=0.01)


def test_velocities_in_the_rest_frame_are_those_in_the_galaxy():
    observed = cube_of([656.28 * 1.05, 657.0 * 1.05], "nm", medium="vacuum")
    made = with_spectral(
        observed, "velocity", rest="656.28 nm", convention="optical", redshift="0.05"
    )
    assert made.axes[0].values[0] == pytest.approx(0, abs=1e-6)
    assert "rest frame of redshift 0.05" in made.notes[-1].text


@pytest.mark.parametrize("text", ["", "x", "-1", "nan", "inf", "5000"])
def test_what_is_no_redshift_is_refused(text):
    with pytest.raises(CubeviewError, match="no redshift"):
        with_spectral(cube_of([5e14, 6e14], "Hz"), "frequency", redshift=text)


def test_velocities_of_a_file_count_from_its_own_rest_value():
    values = np.array([1450.0, 1500.0, 1550.0])
    hertz = 115.271202e9 * (1 - values / 299792.458)
    axis = Axis("Velocity", "spectral", "km/s", values, type="VRAD", convention="radio",
                rest=115.271202e9, rest_unit="Hz")  # fmt: skip
    cube = cube_of(values, "km/s")
    cube = replace(cube, axes=(axis, *cube.axes[1:]))
    shown = with_spectral(cube, "frequency", rest="110.2 GHz").axes[0]
    np.testing.assert_allclose(shown.values * units.Unit(shown.unit).to("Hz"), hertz, rtol=1e-9)
    other = with_spectral(cube, "velocity", rest="110.2 GHz")
    wanted = (1 - hertz / 110.2e9) * 299792.458
    np.testing.assert_allclose(other.axes[0].values, wanted, rtol=1e-9)
    assert any("count from 115.2712" in note.text for note in other.notes)
