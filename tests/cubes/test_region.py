import numpy as np
import pytest

from cubeview.cubes.axes import plain_axis
from cubeview.cubes.cube import ArrayPixels, Cube
from cubeview.cubes.region import window_at


@pytest.fixture
def cube():
    axes = tuple(plain_axis(n, name) for n, name in ((100, "z"), (40, "y"), (20, "x")))
    return Cube(axes, ArrayPixels(np.zeros((100, 40, 20))), "sky")


def test_a_window_holds_its_place_in_the_middle(cube):
    assert window_at(cube, 50, 20.4, 10, size=16) == (slice(42, 58), slice(12, 28), slice(2, 18))


def test_a_window_is_cut_at_the_edges(cube):
    assert window_at(cube, 2, 39, 10) == (slice(0, 18), slice(23, 40), slice(0, 20))
    assert window_at(cube, -5, 99, 10)[:2] == (slice(0, 16), slice(23, 40))
