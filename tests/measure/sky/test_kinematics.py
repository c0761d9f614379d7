"""How gas moves: planted motions come back, and what is none of them is said to be unlike."""

from dataclasses import replace

import numpy as np
import pytest
from astropy.wcs import WCS

from cubeview.cubes.axes import Axis, plain_axis
from cubeview.cubes.cube import ArrayPixels, Cube
from cubeview.errors import CubeviewError
from cubeview.measure.sky.kinematics import UNLIKE, kinematics, maps_of, numbers_of
from cubeview.simulate.sky.gas import CLASSES, simulate_gas


def cube_of(values, velocities, unit="km/s", sky=False):
    axis = Axis("Velocity", "spectral", unit, velocities, type="VRAD")
    axes = (axis, *(plain_axis(n, name) for n, name in zip(values.shape[1:], "yx", strict=True)))
    wcs = None
    if sky:
        wcs = WCS(naxis=2)
        wcs.wcs.ctype, wcs.wcs.crval = ("RA---TAN", "DEC--TAN"), (150.0, 2.0)
        wcs.wcs.crpix, wcs.wcs.cdelt = (16, 16), (-1 / 3600, 1 / 3600)
        wcs.wcs.set()
    return Cube(axes, ArrayPixels(values), "sky", "K", wcs=wcs)


def ring(turn_deg, speed=150.0, sigma=15.0):
    """A cube without noise to speak of: a disc whose velocity grows along a direction."""
    y, x = np.mgrid[:32, :32] - 15.5
    turn = np.radians(turn_deg)
    along = np.cos(turn) * x + np.sin(turn) * y
    light = np.exp(-np.hypot(x, y) / 4)
    velocities = (np.arange(32) - 15.5) * 20.0
    shift = speed * np.tanh(along / 4)
    values = 40 * light * np.exp(-((velocities[:, None, None] - shift) ** 2) / (2 * sigma**2))
    return values + 0.3 * np.random.default_rng(0).normal(size=values.shape), velocities


@pytest.mark.parametrize("turn", [0.0, 70.0, 200.0])
def test_a_rotator_its_speed_and_its_direction(turn):
    values, velocities = ring(turn)
    found = kinematics(cube_of(values, velocities))
    assert found.kind == "rotator"
    assert abs((found.angle_deg - turn + 180) % 360 - 180) < 3
    assert found.numbers["v/sigma"] > 4
    assert 10 ** found.numbers["dispersion"] == pytest.approx(15.0, rel=0.4)
    assert abs(found.systemic_kms) < 8


def test_the_position_angle_is_from_north_through_east():
    values, velocities = ring(180.0)  # recedes to the left, which is east
    found = kinematics(cube_of(values, velocities, sky=True))
    assert found.angle_deg == pytest.approx(90.0, abs=3)
    values, velocities = ring(90.0)  # and to the top, which is north
    angle = kinematics(cube_of(values, velocities, sky=True)).angle_deg
    assert min(angle, 360 - angle) < 3


def test_units_are_kept():
    values, velocities = ring(0.0)
    here, there = (
        kinematics(cube_of(values, velocities * factor, unit))
        for factor, unit in ((1.0, "km/s"), (1000.0, "m/s"))
    )
    assert dict(here.numbers) == pytest.approx(dict(there.numbers), rel=1e-6)


def test_each_class_is_told_on_cubes_of_another_seed():
    right = 0
    for number in range(24):
        gas = simulate_gas(CLASSES[number % 3], np.random.default_rng([31, number]), (25.0, 35.0))
        right += kinematics(cube_of(gas.values, gas.velocities_kms)).kind == gas.label
    assert right >= 22


def test_what_is_neither_is_unlike():
    values, velocities = ring(0.0)
    narrow = kinematics(cube_of(values, velocities * 0.02))  # a cloud of our own galaxy
    assert narrow.kind == UNLIKE
    assert "dispersion" in narrow.why


def test_a_window_of_velocities():
    values, velocities = ring(0.0)
    values[:4] += 30.0  # another line at the edge
    whole = kinematics(cube_of(values, velocities))
    inside = kinematics(cube_of(values, velocities), between=(-230, 400))
    assert inside.kind == "rotator"
    assert inside.numbers["dispersion"] < whole.numbers["dispersion"]
    with pytest.raises(CubeviewError, match="fewer than three channels"):
        kinematics(cube_of(values, velocities), between=(1000, 2000))


def test_noise_and_other_axes_are_refused():
    noise = np.random.default_rng(1).normal(size=(32, 24, 24))
    with pytest.raises(CubeviewError, match="places have a line"):
        maps_of(noise, np.arange(32.0))
    values, velocities = ring(0.0)
    cube = cube_of(values, velocities)
    with pytest.raises(CubeviewError, match="--rest"):
        kinematics(replace(cube, axes=(plain_axis(32, "z"), *cube.axes[1:])))


def test_two_discs_are_less_even_than_one():
    one = numbers_of(maps_of(*ring(0.0)))[0]
    values, velocities = ring(0.0)
    other, _ = ring(120.0)
    values = values + np.roll(other, (5, 9, 4), axis=(0, 1, 2))
    two = numbers_of(maps_of(values, velocities))[0]
    for name in ("velocity asymmetry", "flux asymmetry", "residual of a plane"):
        assert two[name] > one[name]
