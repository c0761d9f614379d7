"""Volumes over the beat of a phantom that is shaped by another formula than the fit."""

import re
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from cubeview.commands.measure import record
from cubeview.cubes.case import Case
from cubeview.cubes.cube import ArrayPixels, Gate, Source
from cubeview.cubes.gated import REJECTED
from cubeview.errors import Cancelled, CubeviewError
from cubeview.learn.measure.told import numbers_of
from cubeview.measure.heart.beating import Grid, shares, surfaces
from cubeview.measure.heart.ejection import PHANTOMS_ONLY, ejection
from cubeview.measure.heart.measured import measure
from tests.measure.heart.beats import Beat, render

HEART = Beat(edv=120.0, esv=48.0, mass_g=130.0, fwhm_mm=11.0, voxel_mm=6.6)


@cache
def scan():
    return render(HEART, 8, seed=3)


@cache
def told():
    cube, ventricle, _, _ = scan()
    case = Case("Beat", "heart", {"rest": cube})
    return case, measure(case, {"rest": ventricle})


def with_gates(cube, change):
    """The same scan with other gates: `change` gets and returns their counts."""
    counts = change([gate.pixels.array for gate in cube.gates])
    return replace(
        cube, gates=tuple(Gate(f"time slot {n}", ArrayPixels(v)) for n, v in enumerate(counts, 1))
    )


def test_volumes_of_a_planted_heart():
    _, _, edv, esv = scan()
    assert (edv, esv) == (pytest.approx(120, rel=0.001), pytest.approx(48, rel=0.001))
    found = told()[1].ejections["rest"]
    assert found.edv == pytest.approx(edv, rel=0.1)
    assert found.esv == pytest.approx(esv, rel=0.15)
    assert found.ef == pytest.approx(60, abs=5)
    assert found.curve.argmin() / len(found.curve) == pytest.approx(0.39, abs=0.08)
    low, high = found.interval
    assert low < found.ef < high
    assert 2.7 < high - found.ef < 8


def on_disk(case, path):
    path.write_bytes(b"a scan")
    cubes = {role: replace(cube, source=Source(path)) for role, cube in case.cubes.items()}
    return replace(case, cubes=cubes)


def test_the_command_tells_it_with_its_cautions(tmp_path):
    case, found = told()
    line = record(on_disk(case, tmp_path / "scan"), found)
    one = found.ejections["rest"]
    assert line["gated"] == line["gated_states"]["rest"]
    expected = {"edv": one.edv, "esv": one.esv, "ef": one.ef, "low": one.interval[0]}
    assert {key: line["gated"][key] for key in expected} == pytest.approx(expected, abs=0.06)
    assert line["gated"]["high"] == pytest.approx(one.interval[1], abs=0.06)
    assert any(PHANTOMS_ONLY in caution for caution in line["cautions"])


def test_a_report_tells_it_with_its_interval():
    _, found = told()
    numbers = numbers_of(found)
    (value,) = (one for one in numbers.values if one.name == "EF, rest")
    assert value.unit == "%"
    assert value.interval == pytest.approx(found.ejections["rest"].interval)
    assert any(PHANTOMS_ONLY in caution for caution in numbers.cautions)


def test_gates_of_unequal_time_are_made_equal_and_told_of():
    cube, ventricle, _, _ = scan()
    even = told()[1].ejections["rest"]
    uneven = with_gates(cube, lambda counts: [*counts[:-1], counts[-1] * 0.6])
    uneven = replace(uneven, facts={REJECTED: "14 % of 900"})
    found = ejection(uneven, ventricle)
    assert found.ef == pytest.approx(even.ef, abs=0.5)
    assert "unequal counts (60 to 10" in " ".join(found.cautions)
    assert "14 % of the beats" in " ".join(found.cautions)
    assert not even.cautions


def rotated(counts):
    return [counts[n] for n in (0, 4, 1, 5, 2, 6, 3, 7)]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda counts: counts[::2], "4 gates are too few"),
        (lambda counts: [*counts[:-1], counts[-1] * 0.1], "gate 8 of 8 holds next to no counts"),
        (rotated, "no one beat"),
    ],
)
def test_gates_that_do_not_hold_are_refused(change, why):
    cube, ventricle, _, _ = scan()
    with pytest.raises(CubeviewError, match=why):
        ejection(with_gates(cube, change), ventricle)


def test_what_cannot_be_told_is_said_and_the_rest_measured(tmp_path):
    cube, ventricle, _, _ = scan()
    case = Case("Beat", "heart", {"rest": with_gates(cube, lambda counts: counts[::2])})
    found = measure(case, {"rest": ventricle})
    assert not found.ejections
    assert found.segments["rest"]
    assert any(re.search("cannot be told: 4 gates", text) for text in found.cautions)
    assert record(on_disk(case, tmp_path / "scan"), found)["gated"] is None


def test_several_kinds_of_beat_a_heart_at_the_edge_and_cancelling():
    cube, ventricle, _, _ = scan()
    names = [f"R-R interval {1 + n // 4}, time slot {1 + n % 4}" for n in range(8)]
    several = tuple(replace(g, name=n) for g, n in zip(cube.gates, names, strict=True))
    with pytest.raises(CubeviewError, match="several R-R intervals"):
        ejection(replace(cube, gates=several), ventricle)
    cut_off = replace(ventricle, centre=ventricle.centre + np.array([60.0, 0, 0]))
    with pytest.raises(CubeviewError, match="edge of the scan"):
        ejection(cube, cut_off)

    def stop(fraction, text):
        raise Cancelled

    with pytest.raises(Cancelled):
        ejection(cube, ventricle, report=stop)


def test_the_muscle_keeps_its_volume_while_the_cavity_changes():
    lines = tuple(np.arange(low, high, 2.0, dtype=np.float32) for low, high in
                  ((-70, 50), (-50, 52), (-50, 52)))  # fmt: skip
    shared = np.zeros(12)
    shared[3:10] = 0.05, -0.1, np.log(2.4), 0.05, 0.02, np.log(2.5), np.log(110)
    own = np.array([[np.log(24), np.log(48), 1.8, 0, 0], [np.log(14), np.log(40), 0.9, 0.2, 0.1]])
    seen = shares(Grid(lines, 2.0), np.tile(shared, (2, 1)), own)
    walls, cavities = seen.wall.sum(axis=(1, 2, 3)), seen.cavity.sum(axis=(1, 2, 3))
    np.testing.assert_allclose(walls * 0.008, 110, rtol=0.03)
    np.testing.assert_allclose(cavities * 0.008, surfaces(shared, own).volume, rtol=0.03)
    assert cavities[1] < 0.35 * cavities[0]
