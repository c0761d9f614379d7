"""Planted reasons for a poor image are named with their evidence, and a clean heart has none."""

from dataclasses import replace

import numpy as np
import pytest

from cubeview.cubes.axes import Axis
from cubeview.cubes.case import Case
from cubeview.cubes.cube import ArrayPixels, Cube
from cubeview.cubes.ventricle import Ventricle
from cubeview.measure.heart.artefacts import reasons
from cubeview.measure.heart.measured import measure
from cubeview.measure.heart.projections import Turn

SIDE, VOXEL = 32, 5.0
PLACED = Ventricle(np.full(3, 77.5), np.eye(3), np.array([42.0, 36.0, 36.0]))


def heart(*, dims=None, at=0.0, gut=0.0, turned=0.0):
    """A shell whose wall lacks `dims` of its counts around a turn from inferior to lateral."""
    z, y, x = np.indices((SIDE,) * 3) * VOXEL - PLACED.centre[0]
    far = np.sqrt((z / 42) ** 2 + (y / 36) ** 2 + (x / 36) ** 2)
    shell = np.exp(-0.5 * ((far - 0.82) / 0.14) ** 2) * (z < 0.7 * 42)
    around = np.arctan2(x, y) - at - turned
    low = np.exp(-0.5 * (np.angle(np.exp(1j * around)) / 0.5) ** 2)
    values = 100 * shell * (1 - (dims or 0.0) * low)
    values += gut * 100 * np.exp(-0.5 * (((y - 62) / 9) ** 2 + (z / 20) ** 2 + (x / 20) ** 2))
    axes = tuple(
        Axis(name, "space", "mm", np.arange(SIDE) * VOXEL) for name in ("Slice", "Row", "Column")
    )
    return Cube(axes, ArrayPixels(values.astype(np.float32)), "heart", "counts")


def found(stress, rest, turns=None):
    case = Case("Wren", "heart", {"stress": stress, "rest": rest})
    placed = dict.fromkeys(case.roles, PLACED)
    return reasons(case, placed, measure(case, placed, volumes=False), turns)


def moved(mm):
    angles = np.linspace(0, 174, 30)
    trace = mm * (np.arange(30) >= 10.0)
    return Turn(angles, trace, np.zeros(30), None, np.full(30, 1e5), 50.0)


def test_a_clean_heart_has_no_reason():
    assert found(heart(), heart(), {"stress, projections": moved(3.0)}) == ()


@pytest.mark.parametrize(
    ("name", "code", "said", "stress", "rest"),
    [
        ("diaphragm", "122745", "inferior wall is", {"dims": 0.4}, {"dims": 0.4}),
        ("breast", "122744", "anterior wall is", {"dims": 0.4, "at": np.pi},
         {"dims": 0.4, "at": np.pi}),
        ("gut", "429382003", "rest is", {}, {"gut": 1.2}),
        ("misregistration", None, "turned by", {"dims": 0.4, "at": 1.6},
         {"dims": 0.4, "at": 1.6, "turned": 0.7}),
    ],
)  # fmt: skip
def test_what_was_planted_is_named_first_with_its_evidence(name, code, said, stress, rest):
    first = found(heart(**stress), heart(**rest))[0]
    assert (first.name, first.code[0] if first.code else None) == (name, code)
    assert said in str(first)


def test_a_defect_that_comes_with_stress_is_no_shadow_of_the_body():
    assert not [one for one in found(heart(dims=0.5), heart()) if one.name == "diaphragm"]


def test_motion_is_named_from_the_projections_of_the_study():
    (reason,) = found(heart(), heart(), {"stress, projections": moved(12.0)})
    assert str(reason) == ("motion: stress, projections moved by 12 mm axially, most of it at 60°")
    assert reason.code == ("111210", "DCM", "Motion blur")
    assert replace(reason, code=None).name == "motion"
