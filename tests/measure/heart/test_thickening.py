"""Thickening by counts of a planted shell, against what blur makes of a wall of that thickness."""

from functools import cache
from math import erf, sqrt

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from cubeview.commands.measure import _table, record
from cubeview.cubes.axes import Axis
from cubeview.cubes.case import Case
from cubeview.cubes.cube import ArrayPixels, Cube, Gate
from cubeview.cubes.ventricle import Ventricle
from cubeview.errors import CubeviewError
from cubeview.gui.panels import discpictures
from cubeview.measure.heart.measured import measure
from cubeview.measure.heart.segments import polar_map
from cubeview.measure.heart.thickening import WHAT, thickening
from tests.measure.heart.test_ejection import on_disk

SIDE, VOXEL, SIGMA = 40, 3.0, 5.1  # FWHM 12 mm
DIASTOLE, SYSTOLE = 8.0, 12.0
RADIUS = 36.0
HEART = Ventricle(np.full(3, (SIDE - 1) / 2 * VOXEL), np.eye(3), np.full(3, RADIUS))
MOST = 8000.0  # voxels of wall, more than there are
BEAT = (0.0, 0.2, 0.6, 1.0, 0.8, 0.4, 0.1, 0.0)


@cache
def scan(inferior=1.0, rise=1.0):
    """A ball's shell whose wall thickens inward over the beat; the inferior third as told."""
    z, y, x = np.indices((SIDE,) * 3) * VOXEL - HEART.centre[0]
    far = np.sqrt(z**2 + y**2 + x**2)
    low = np.abs(np.arctan2(x, y)) < np.pi / 3
    counts = []
    for share in BEAT:
        thick = DIASTOLE + rise * share * (SYSTOLE - DIASTOLE) * np.where(low, inferior, 1.0)
        inside = np.clip((far - (RADIUS - 3 - thick)) / VOXEL + 0.5, 0, 1)
        wall = inside * np.clip((RADIUS - 3 - far) / VOXEL + 0.5, 0, 1) * (z < 0.7 * RADIUS)
        wall[:4, :4, :4] = (MOST - wall.sum()) / 64  # a body keeps its counts over the beat
        counts.append(gaussian_filter(100 * wall, SIGMA / VOXEL))
    axes = tuple(
        Axis(name, "space", "mm", np.arange(SIDE) * VOXEL) for name in ("Slice", "Row", "Column")
    )
    gates = tuple(Gate(f"time slot {n}", ArrayPixels(v)) for n, v in enumerate(counts, 1))
    return Cube(axes, ArrayPixels(np.sum(counts, axis=0)), "heart", "counts", gates=gates)


def brightening(rise):
    """% by which a flat wall brightens in its middle when it thickens so far."""

    def bright(mm):
        return erf(mm / (2 * sqrt(2) * SIGMA))

    return 100 * (bright(DIASTOLE + rise * (SYSTOLE - DIASTOLE)) / bright(DIASTOLE) - 1)


MID = slice(6, 12)  # segments 7 to 12


def test_a_planted_wall_thickens_by_what_blur_leaves_of_it():
    means = thickening(scan(), HEART).means()
    wanted = brightening(1.0)
    assert 28 < wanted < 36
    np.testing.assert_allclose(means[MID], wanted, rtol=0.2)
    assert np.ptp(means[MID]) < 2


@pytest.mark.parametrize("inferior", [0.0, -0.5])
def test_a_wall_that_stands_still_or_thins_is_told_from_the_others(inferior):
    means = thickening(scan(inferior), HEART).means()
    still = means[9]  # mid inferior
    assert still == pytest.approx(brightening(inferior), abs=4)
    others = [means[n] for n in (6, 7, 11)]
    np.testing.assert_allclose(others, brightening(1.0), rtol=0.25)


def test_it_is_measured_named_and_drawn_beside_the_others(tmp_path):
    cube = scan(0.0)
    case = Case("Wren", "heart", {"stress": cube})
    found = measure(case, {"stress": HEART}, volumes=False)
    assert not found.ejections, "no beating wall was fitted"
    assert WHAT in found.cautions
    told = record(on_disk(case, tmp_path / "scan"), found)
    line = told["thickening_percent"]["stress"]
    np.testing.assert_allclose(line, found.thickenings["stress"].means(), atol=0.06)
    assert any("thickening by counts" in text for text in _table(told))
    uptake, thick = discpictures.uptake(found, "warm")
    assert thick.name == "stress, thickening %"
    assert [int(text.replace("−", "-")) for text in thick.texts] == pytest.approx(line, abs=0.6)
    assert uptake.texts != thick.texts
    np.testing.assert_array_equal(
        polar_map(cube, HEART).segments, found.thickenings["stress"].segments
    )


def test_a_heart_that_hardly_beats_is_refused():
    with pytest.raises(CubeviewError, match="too little to tell thickening"):
        thickening(scan(rise=0.02), HEART)
