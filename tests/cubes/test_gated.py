"""The volume of a planted ventricle, gate by gate."""

import numpy as np
import pytest

from cubeview.cubes.axes import Axis
from cubeview.cubes.cube import ArrayPixels, Cube, Gate
from cubeview.cubes.gated import count_curve, midwall_volume, volume_curve
from cubeview.cubes.ventricle import Ventricle

SHAPE, VOXEL_MM = (40, 40, 40), 4.0
CENTRE = np.array([80.0, 78.0, 82.0])
TURN = np.array([[0.8, 0.6, 0.0], [-0.6, 0.8, 0.0], [0.0, 0.0, 1.0]])


def shell(long_mm, short_mm, wall_mm=10.0, noise=0.0):
    """Return an ellipsoidal wall whose middle has these radii, open beyond 0.7 of its length."""
    place = np.stack(np.indices(SHAPE), axis=-1) * VOXEL_MM - CENTRE
    own = place @ TURN.T
    radii = np.array([long_mm, short_mm, short_mm])
    depth = (np.linalg.norm(own / radii, axis=-1) - 1.0) * short_mm
    values = 100 * np.exp(-0.5 * (depth / (wall_mm / 2.355)) ** 2)
    values[own[..., 0] > 0.75 * long_mm] = 0
    return np.random.default_rng(1).poisson(values + noise).astype(np.float32)


def fitted(long_mm, short_mm):
    return Ventricle(CENTRE, TURN, (long_mm + 6, short_mm + 6, short_mm + 6))


def true_volume(long_mm, short_mm, fit):
    heights = np.linspace(-long_mm, 0.7 * fit.radii[0], 2000)
    square = np.clip(1 - (heights / long_mm) ** 2, 0, None) * short_mm**2
    return np.pi * np.trapezoid(square, heights) / 1000


@pytest.mark.parametrize("short", [20.0, 25.0, 30.0])
def test_the_volume_of_a_planted_wall(short):
    fit = fitted(45.0, 30.0)
    found = midwall_volume(shell(45.0, short, noise=5), (VOXEL_MM,) * 3, fit)
    assert found == pytest.approx(true_volume(45.0, short, fit), rel=0.12)


def test_the_curve_follows_the_beat():
    shorts = 25 + 5 * np.cos(np.linspace(0, 2 * np.pi, 8, endpoint=False))
    states = [shell(45.0, short, noise=5) for short in shorts]
    axes = tuple(
        Axis(name, "space", "mm", VOXEL_MM * np.arange(40)) for name in ("Slice", "Row", "Column")
    )
    gates = tuple(Gate(f"time slot {n}", ArrayPixels(v)) for n, v in enumerate(states, 1))
    cube = Cube(axes, ArrayPixels(np.sum(states, axis=0)), "heart", "counts", gates=gates)
    curve = volume_curve(cube, fitted(45.0, 30.0))
    assert curve.argmax() == 0
    assert curve.argmin() == 4
    assert np.corrcoef(curve, shorts**2)[0, 1] > 0.98
    np.testing.assert_allclose(count_curve(cube), [v.sum() for v in states], rtol=1e-6)
