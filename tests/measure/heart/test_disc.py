"""Where on the polar disc a segment, a place of the wall and a voxel lie."""

import numpy as np
import pytest

from cubeview.cubes.scores import Scores, as_text, from_text, percent
from cubeview.measure.heart import disc
from cubeview.measure.heart.segments import (
    HEIGHTS,
    TURNS,
    PolarMap,
    place_of,
    sector,
    voxel_of,
    wall_voxels,
)
from tests.measure.heart.test_segments import VENTRICLE

SPACING = (4.0, 5.0, 6.0)
RINGS = np.repeat(range(4), (3, 7, 7, 7))
TURNED = 2 * np.pi * (np.arange(TURNS) + 0.5) / TURNS
SEGMENTS = np.array([[sector(ring, turn) for turn in TURNED] for ring in RINGS])


def polar(values=None):
    values = np.zeros((HEIGHTS, TURNS)) if values is None else values
    return PolarMap(values, SEGMENTS, np.ones_like(values))


@pytest.mark.parametrize("segment", range(1, 18))
def test_the_middle_of_a_segment_lies_in_it(segment):
    assert disc.segment_at(*disc.middle(segment)) == segment


def test_the_walls_lie_where_readers_look_for_them():
    basal = [np.sign(np.round(disc.middle(n), 3)).tolist() for n in range(1, 7)]
    assert basal == [[0, -1], [-1, -1], [-1, 1], [0, 1], [1, 1], [1, -1]]
    assert [np.round(disc.middle(n), 3).tolist() for n in (14, 16)] == [[-0.37, 0], [0.37, 0]]


def test_arrows_walk_from_the_apex_to_the_rim_and_round():
    up = [17]
    for _ in range(4):
        up.append(disc.beside(up[-1], 0, -1))
    assert up == [17, 13, 7, 1, 1]
    assert [disc.beside(17, *way) for way in ((-1, 0), (1, 0), (0, 1))] == [14, 16, 15]
    assert disc.beside(1, -1, 0) == 2
    assert disc.beside(2, 0, 1) == 3
    assert disc.beside(3, 1, 0) in (9, 10)
    reached = {17}
    for _ in range(8):
        reached |= {
            disc.beside(n, *way) for n in reached for way in ((0, 1), (0, -1), (1, 0), (-1, 0))
        }
    assert len(reached) == 17, "every segment can be reached"


def test_a_place_of_the_map_is_drawn_where_it_is_found_again():
    rings = disc.ends(polar())
    assert rings == (0.0, 0.125, 10 / 24, 17 / 24, 1.0)
    for up, turn in ((0.05, 0.3), (0.3, 2.0), (0.6, 4.0), (0.99, 6.0)):
        assert disc.place_under(*disc.place_on(up, turn, rings), rings) == pytest.approx((up, turn))
    assert disc.place_under(0.8, 0.8, rings) is None


def test_a_spot_of_the_map_is_drawn_in_its_segment():
    values = np.zeros((HEIGHTS, TURNS))
    values[12:15, 52:56] = 1.0  # mid, lateral: between segments 11 and 12
    values[12:15, 0] = values[12:15, -1] = 1.0  # mid anterior, over the seam
    shown = disc.drawn(values, disc.ends(polar()), 101)
    assert np.isnan(shown[0, 0])
    right, down = (0.6, 0.0), (0.0, -0.6)
    for x, y in (right, down):
        assert shown[round(50 + 50 * y), round(50 + 50 * x)] > 0.9
    assert shown[50, 20] == shown[80, 50] == 0


def test_a_voxel_of_the_wall_is_found_on_the_map_and_back():
    for up, turn in ((0.0, 0.0), (0.4, 1.0), (0.9, 5.0)):
        back = place_of(VENTRICLE, SPACING, voxel_of(VENTRICLE, SPACING, up, turn))
        assert back[0] == pytest.approx(up, abs=1e-6)
        assert up == 0 or back[1] == pytest.approx(turn)
        assert 0.7 < back[2] < 1
    assert place_of(VENTRICLE, SPACING, VENTRICLE.centre / SPACING)[2] == pytest.approx(0)
    row, column = 5, 30
    for voxel in wall_voxels(VENTRICLE, SPACING)[:, row, column]:
        up, turn, _ = place_of(VENTRICLE, SPACING, voxel)
        assert (up * HEIGHTS, turn / (2 * np.pi) * TURNS) == pytest.approx((5.5, 30.5))


def test_scores_not_given_are_open_and_are_filled_by_others():
    own = Scores().changed("stress", 3, 2).changed("stress", 4, 0)
    assert (own.sss, own.srs, own.open) == (2, None, 15)
    both = own.filled(Scores({"stress": (1,) * 17, "rest": (1,) * 17}))
    assert (both.sss, both.srs, both.sds, both.open) == (17, 17, 1, 0)
    assert from_text(as_text(own)).states == own.states
    assert as_text(own.changed("stress", 3, None).changed("stress", 4, None)) == ""
    assert percent(34) == 50.0
