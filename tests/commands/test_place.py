"""A place typed with units is the same as one typed in the units of the cube."""

import argparse
from dataclasses import replace

import pytest

from cubeview.commands.place import add_at, value, world_of
from cubeview.cubes.axes import Axis
from cubeview.errors import CubeviewError
from cubeview.simulate.sky.field import simulate_field


@pytest.fixture(scope="module")
def cube():
    made = simulate_field(3, (16, 16, 16)).case.main
    first = made.axes[0]
    axis = Axis("Velocity", "spectral", "m/s", 1.6e6 + 1e4 * (first.values - first.values[0]))
    return replace(made, axes=(axis, *made.axes[1:]))


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (("1650000", "-2", "150"), (1.65e6, -2.0, 150.0)),
        (("1650km/s", "-2", "150"), (1.65e6, -2.0, 150.0)),
        (("1650 km/s", "−2", "10 hourangle"), (1.65e6, -2.0, 150.0)),
        (("1.65e6m/s", "-2", "540000arcsec"), (1.65e6, -2.0, 150.0)),
    ],
)
def test_units_are_turned_into_those_of_the_axes(cube, typed, meant):
    assert world_of(cube, [value(text) for text in typed]) == pytest.approx(meant)


def test_a_wavelength_may_be_given_as_frequency(cube):
    axis = Axis("Wavelength", "spectral", "Angstrom", 5000.0 + cube.axes[0].values * 0)
    waves = replace(cube, axes=(axis, *cube.axes[1:]))
    given = world_of(waves, [value("599584.916 GHz"), value("0"), value("0")])
    assert given[0] == pytest.approx(5000.0, abs=1e-3)


@pytest.mark.parametrize("typed", ["500 GHz", "3 km/s/Mpc", "7 bananas"])
def test_what_is_no_place_on_the_axis_is_said(cube, typed):
    with pytest.raises(CubeviewError, match=r"no place along Velocity, which is in m/s"):
        world_of(cube, [value(typed), value("0"), value("0")])


@pytest.mark.parametrize("typed", ["here", "nan", "inf", "1e999", ""])
def test_what_is_no_number_is_refused_while_it_is_read(typed, capsys):
    parser = argparse.ArgumentParser()
    add_at(parser, "a place")
    with pytest.raises(SystemExit):
        parser.parse_args(["--at", typed, "0", "0"])
    assert "is no number" in capsys.readouterr().err
