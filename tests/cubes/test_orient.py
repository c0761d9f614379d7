import numpy as np
import pytest

from cubeview.cubes.axes import Axis, plain_axis
from cubeview.cubes.cube import ArrayPixels, Cube
from cubeview.cubes.orient import (
    SLICE_ORDER,
    cardiac_ends,
    directions,
    ends,
    lean,
    letters,
    stacked_view,
)

# A real short-axis scan: rows to left and back, columns to the feet, slices apex first.
ROW, COLUMN = (0.763, 0.646, -0.004), (-0.107, 0.121, -0.987)


def body(x, y, z, *, view="", facts=None, guessed=False):
    """Return a cube whose axes x, y, z step along the given patient directions."""
    affine = np.eye(4)
    affine[:3, :3] = np.array([z, y, x], dtype=float).T
    axes = tuple(
        Axis(name, "space", "mm", np.arange(3), guessed=guessed and name == "Slice")
        for name in ("Slice", "Row", "Column")
    )
    pixels = ArrayPixels(np.zeros((3, 3, 3)))
    return Cube(axes, pixels, "heart", affine=affine, view=view, facts=facts or {})


def short_axis(sign=1, **extra):
    return body(ROW, COLUMN, sign * np.cross(ROW, COLUMN), view="short axis", **extra)


def test_a_plain_axial_cube():
    assert ends(body((1, 0, 0), (0, 1, 0), (0, 0, 1))) == (("F", "H"), ("A", "P"), ("R", "L"))


def test_a_negative_step_turns_the_letters():
    assert ends(body((1, 0, 0), (0, 1, 0), (0, 0, -4)))[0] == ("H", "F")


@pytest.mark.parametrize(
    ("direction", "text"),
    [
        ((1, 0, 0), "L"),
        ((0, -3, 0), "A"),
        ((0, 0, -1), "F"),
        ((1, 0.1, 0), "L"),
        ((1, 0.5, 0), "LP"),
        ((-0.6, 0.2, 0.7), "HR"),
        ((0, 0, 0), ""),
    ],
)
def test_letters(direction, text):
    assert letters(np.array(direction)) == text


def test_oblique_ends_of_a_real_short_axis():
    assert ends(short_axis()) == (("LA", "PR"), ("H", "F"), ("RA", "LP")) or ends(short_axis()) == (
        ("AL", "PR"),
        ("H", "F"),
        ("RA", "LP"),
    )


def test_marks_of_a_real_short_axis():
    assert cardiac_ends(short_axis()) == (("APEX", "BASE"), ("ANT", "INF"), ("SEP", "LAT"))
    assert cardiac_ends(short_axis(-1))[0] == ("BASE", "APEX")


def test_marks_follow_a_transposed_and_a_mirrored_plane():
    normal = np.cross(ROW, COLUMN)
    transposed = body(COLUMN, ROW, normal, view="short axis")
    assert cardiac_ends(transposed)[1:] == (("SEP", "LAT"), ("ANT", "INF"))
    mirrored = body(-np.array(ROW), COLUMN, normal, view="short axis")
    assert cardiac_ends(mirrored)[1:] == (("ANT", "INF"), ("LAT", "SEP"))


def test_the_stated_slice_order_wins():
    cube = short_axis(facts={SLICE_ORDER: "base to apex"})
    assert cardiac_ends(cube)[0] == ("BASE", "APEX")


def test_no_marks_in_other_views_or_along_the_body():
    empty = (("", ""),) * 3
    assert cardiac_ends(body((1, 0, 0), (0, 1, 0), (0, 0, 1), view="transaxial")) == empty
    assert cardiac_ends(body((1, 0, 0), (0, 1, 0), (0, 0, 1), view="short axis")) == empty


@pytest.mark.parametrize(
    ("degrees", "view"), [(0, "transaxial"), (19.9, "transaxial"), (20.1, ""), (70.1, "coronal")]
)
def test_a_stack_up_to_20_degrees_off_has_its_view(degrees, view):
    turn = np.radians(degrees)
    assert stacked_view(-7.0 * np.array((0.0, np.sin(turn), np.cos(turn)))) == view


@pytest.mark.parametrize("degrees", [0.0, 3.0, 16.7])
def test_slices_lean_as_much_as_they_are_sheared(degrees):
    affine = np.diag([3.0, 4.0, 5.0, 1.0])[:, [2, 1, 0, 3]]
    affine[1, 0] = 5.0 * np.tan(np.radians(degrees))
    assert lean(affine) == pytest.approx(degrees, abs=1e-6)


def test_a_guessed_direction_has_no_letters():
    cube = short_axis(guessed=True)
    assert ends(cube)[0] == ("", "")
    assert ends(cube)[1] == ("H", "F")
    assert cardiac_ends(cube)[0] == ("", "")


def test_nothing_is_claimed_without_geometry():
    axes = tuple(plain_axis(3, name) for name in ("Slice", "Row", "Column"))
    cube = Cube(axes, ArrayPixels(np.zeros((3, 3, 3))), "heart", view="short axis")
    assert ends(cube) == cardiac_ends(cube) == (("", ""),) * 3


def test_directions_are_unit_vectors_in_array_order():
    np.testing.assert_allclose(
        directions(body((3, 0, 0), (0, 4, 0), (0, 0, -5)).affine),
        [(0, 0, -1), (0, 1, 0), (1, 0, 0)],
    )
