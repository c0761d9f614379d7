import numpy as np
import pytest

from cubeview.cubes.axes import plain_axis
from cubeview.cubes.cube import ArrayPixels, Cube
from cubeview.cubes.reduce import (
    STRETCHES,
    VENTRICLE,
    WAYS,
    bright_extent,
    pool_peak,
    sample,
    sample_levels,
    to_steps,
    upsample,
    ventricle_maximum,
)
from cubeview.cubes.ventricle import Ventricle


def cube_of(values, kind="volume"):
    axes = tuple(plain_axis(n, name) for n, name in zip(values.shape, "zyx", strict=True))
    return Cube(axes, ArrayPixels(values), kind)


def test_levels_leave_out_the_given_share():
    values = np.arange(10_000, dtype=float).reshape(10, 20, 50)
    low, high = sample_levels(cube_of(values), "98 %")
    assert low == pytest.approx(100, abs=2)
    assert high == pytest.approx(9899, abs=2)
    assert sample_levels(cube_of(values), "min–max") == (0, 9999)


def test_zscale_follows_the_background_and_not_the_star():
    rng = np.random.default_rng(0)
    values = rng.normal(10, 1, (4, 60, 60))
    values[0, 30:33, 30:33] = 1e6
    low, high = sample_levels(cube_of(values), "zscale")
    assert 0 < low < 10 < high < 100


@pytest.mark.parametrize("how", WAYS)
@pytest.mark.parametrize("fill", [np.nan, 0.0, -5.0, np.inf])
def test_levels_are_in_order_whatever_the_cube_holds(how, fill):
    low, high = sample_levels(cube_of(np.full((4, 5, 6), fill)), how)
    assert np.isfinite((low, high)).all()
    assert low < high


def test_the_ventricle_maximum_leaves_the_gut_out():
    values = np.ones((20, 20, 20))
    values[10, 10, 14] = 50  # wall
    values[1, 18, 18] = 900  # gut
    ventricle = Ventricle(np.array([10, 10, 10.0]), np.eye(3), np.array([5, 5, 5.0]))
    assert ventricle_maximum(cube_of(values, "heart"), ventricle) == 50
    assert sample_levels(cube_of(values, "heart"), VENTRICLE, ventricle) == (0, 50)
    assert ventricle_maximum(cube_of(values, "heart")) < 60


def test_a_large_cube_is_sampled_by_planes(monkeypatch):
    read = []

    class Counted(ArrayPixels):
        def plane(self, axis, index):
            read.append((axis, index))
            return super().plane(axis, index)

    values = np.random.default_rng(0).random((400, 100, 100), dtype=np.float32)
    values[:, :5] = np.nan
    cube = Cube(
        tuple(plain_axis(n, name) for n, name in zip(values.shape, "zyx", strict=True)),
        Counted(values),
        "volume",
    )
    got = sample(cube)
    assert 0 < len(read) <= 24
    assert {axis for axis, _ in read} == {0}
    assert np.isfinite(got).all()
    assert len(got) <= 300_000
    read.clear()
    assert sample(cube) is got
    assert not read


@pytest.mark.parametrize("stretch", STRETCHES)
def test_steps_keep_the_order_the_ends_and_the_holes(stretch):
    plane = np.array([[-9, 0, 0.1, 0.5], [0.9, 1, 9, np.nan]], dtype=np.float32)
    steps = to_steps(plane, 0.0, 1.0, stretch)
    assert steps.dtype == np.uint8
    assert steps[1, 3] == 0
    values = steps.ravel()[:-1].astype(int)
    assert (np.diff(values) >= 0).all()
    assert values[0] == values[1] == 1
    assert values[-1] == values[-2] == 255
    middle = {"linear": 128, "sqrt": 181, "log": 229, "asinh": 197}[stretch]
    assert abs(values[3] - middle) <= 1


@pytest.mark.parametrize("scale", [1e-20, 1e-30, 1e30])
def test_steps_of_very_small_and_large_units(scale):
    plane = np.array([[0, 0.5, 1, np.inf, -np.inf]], dtype=np.float32) * np.float32(scale)
    assert to_steps(plane, 0.0, scale).tolist() == [[1, 128, 255, 255, 1]]


def test_a_narrow_line_survives_pooling():
    plane = np.zeros((3, 100), dtype=np.float32)
    plane[1, 37] = 7
    plane[2] = np.nan
    plane[2, 50] = -3
    pooled = pool_peak(plane, 1, 8)
    assert pooled.shape == (3, 13)
    assert pooled[1].tolist() == [0, 0, 0, 0, 7] + [0] * 8
    assert pooled[2, 6] == -3
    assert np.isnan(pooled[2, 0])
    assert np.array_equal(pool_peak(plane.T, 0, 8), pooled.T, equal_nan=True)


@pytest.mark.parametrize("factor", [1, 2, 3, 4, 6, 8, 12, 31, 32])
def test_a_pooled_voxel_is_the_largest_of_those_it_stands_for(factor):
    plane = np.random.default_rng(factor).standard_normal((5, 101)).astype(np.float32)
    plane[:, 20:60:3] = np.nan
    pooled = pool_peak(plane, 1, factor)
    for column, first in enumerate(range(0, 101, factor)):
        part = plane[:, first : first + factor]
        largest = np.fmax.reduce(part, axis=1)
        assert np.array_equal(pooled[:, column], largest, equal_nan=True)
    assert pooled.shape == (5, column + 1)


def test_upsampling_keeps_values_and_places():
    y, x = np.mgrid[:20, :16].astype(np.float32)
    fine = upsample(2 * x + y, 4)
    assert fine.shape == (80, 64)
    # Voxel i lies in the middle of the fine voxels 4 i to 4 i + 3.
    assert fine[41, 33] + fine[42, 34] == pytest.approx(2 * (2 * 8 + 10), abs=1e-3)
    assert upsample(np.full((5, 6), 3, np.float32), 2) == pytest.approx(3)


def test_the_bright_part_of_a_heart_is_found():
    values = np.zeros((40, 40, 40))
    values[15:25, 12:28, 14:26] = 100
    centre, half = bright_extent(cube_of(values, "heart"))
    assert centre == pytest.approx([19.5, 19.5, 19.5])
    assert half == pytest.approx(8)
