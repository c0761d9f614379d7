import numpy as np
import pytest

from cubeview.cubes.handles import LARGEST_MM, drag, handles
from cubeview.cubes.ventricle import Ventricle, cut

SPACING = (5.0, 4.0, 3.0)


def turned(z=0.0, y=0.0, x=0.0):
    """Axes turned about z, then y, then x, in degrees."""
    axes = np.eye(3)
    for axis, angle in enumerate((z, y, x)):
        c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
        first, second = (a for a in range(3) if a != axis)
        turn = np.eye(3)
        turn[first, first] = turn[second, second] = c
        turn[first, second], turn[second, first] = -s, s
        axes = axes @ turn.T
    return axes


def ventricle(axes=None):
    return Ventricle((100, 80, 60), np.eye(3) if axes is None else axes, (50, 36, 30), doubt=0.9)


def test_the_handles_of_an_axis_lie_on_the_outline():
    v = ventricle(turned(y=20))
    places = handles(v, SPACING, 1, 20)
    outline = cut(v, SPACING, 1, 20, points=720)
    assert set(places) == {"centre", "axis 0 +", "axis 0 -", "axis 2 +", "axis 2 -", "turn"}
    assert places["centre"] == pytest.approx((20, 20))
    for name in ("axis 0 +", "axis 0 -", "axis 2 +", "axis 2 -"):
        assert np.hypot(*(outline - places[name]).T).min() < 0.1


def test_the_short_axis_has_no_turn_and_a_far_plane_no_handles():
    assert set(handles(ventricle(), SPACING, 0, 20)) == {
        "centre",
        "axis 1 +",
        "axis 1 -",
        "axis 2 +",
        "axis 2 -",
    }
    assert handles(ventricle(), SPACING, 0, 31) == {}


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_handle_dragged_to_where_it_is_changes_nothing(axis):
    v = ventricle(turned(10, -15, 8))
    for name, at in handles(v, SPACING, axis, v.centre[axis] / SPACING[axis]).items():
        same = drag(v, SPACING, axis, name, tuple(at))
        assert same.centre == pytest.approx(v.centre)
        assert same.axes == pytest.approx(v.axes)
        assert same.radii == pytest.approx(v.radii)
        assert (same.by, same.doubt) == ("user", 0.0)


def test_the_centre_moves_within_the_plane():
    moved = drag(ventricle(), SPACING, 1, "centre", (22, 18))
    assert moved.centre == pytest.approx((110, 80, 54))


def test_an_end_sets_its_own_semi_axis_within_limits():
    v = ventricle(turned(y=20))
    end = v.centre - 1.2 * v.radii[0] * v.axes[0]
    longer = drag(v, SPACING, 1, "axis 0 -", tuple(end[[0, 2]] / (SPACING[0], SPACING[2])))
    assert longer.radii == pytest.approx((60, 36, 30))
    assert drag(v, SPACING, 1, "axis 0 +", (1000, 20)).radii[0] == LARGEST_MM


def test_the_ring_turns_the_base_towards_it():
    at = np.array((100 + 40, 60 + 40)) / (SPACING[0], SPACING[2])
    new = drag(ventricle(), SPACING, 1, "turn", tuple(at))
    assert new.axes[0] == pytest.approx((np.sqrt(0.5), 0, np.sqrt(0.5)))
    assert new.axes @ new.axes.T == pytest.approx(np.eye(3))
    assert np.linalg.det(new.axes) == pytest.approx(1)
    assert new.radii == pytest.approx((50, 36, 30))
