"""Planted motion and a planted centre of rotation are found in projections of a body."""

import json
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from cubeview.cli import main
from cubeview.commands import quality
from cubeview.cubes.case import Case
from cubeview.cubes.cube import Source
from cubeview.errors import CubeviewError
from cubeview.measure.heart.projections import turn_of
from tests.helpers.viewcases import sky_case
from tests.measure.heart.turns import projections

VIEWS = 32
AT = np.arange(VIEWS)


@cache
def turned(kind):
    along, left = np.zeros(VIEWS), np.zeros(VIEWS)
    if kind == "jump":
        along = 12.0 * (AT >= 16)
    elif kind == "creep":
        along = 12.0 * AT / VIEWS
    elif kind == "left":
        left = 12.0 * ((AT >= 8) & (AT < 12))
    return along - np.median(along), turn_of(projections(np.stack([along, left], axis=1)))


@pytest.mark.parametrize("kind", ["still", "jump", "creep"])
def test_motion_along_the_axis_is_found_within_two_millimetres(kind):
    along, found = turned(kind)
    np.testing.assert_allclose(found.axial, along, atol=2.0)
    assert not found.lateral.any()
    assert found.centre_mm is None, "half a turn does not tell it"
    most, way, angle = found.moved
    assert way == "axially"
    assert most == pytest.approx(np.ptp(along), abs=3.0)
    if kind == "jump":
        assert angle == found.angles[16]


def test_sudden_motion_across_is_found_within_two_millimetres():
    _, found = turned("left")
    wanted = 12.0 * np.cos(np.radians(found.angles)) * ((AT >= 8) & (AT < 12))
    np.testing.assert_allclose(found.lateral, wanted, atol=2.0)
    assert found.moved[1] == "laterally"
    assert "motion up to 1" in found.words[1]


@pytest.mark.parametrize("centre", [0.0, 6.0])
def test_the_centre_of_rotation_is_told_by_a_whole_turn(centre):
    angles = np.linspace(0, 360, VIEWS, endpoint=False)
    cube = projections(np.zeros((VIEWS, 2)), angles=angles, centre_mm=centre)
    assert turn_of(cube).centre_mm == pytest.approx(centre, abs=2.0)


def test_counts_and_what_is_no_turn():
    cube = projections(np.zeros((VIEWS, 2)), counts=20_000)
    found = turn_of(cube)
    np.testing.assert_array_equal(found.counts, cube.pixels.read().sum(axis=(1, 2)))
    assert found.uneven < 6
    assert found.density == pytest.approx(np.quantile(cube.pixels.read(), 0.997), rel=0.2)
    with pytest.raises(CubeviewError, match="no projections"):
        turn_of(replace(cube, view=""))


def test_the_command_tells_how_a_real_kind_of_file_was_taken(tmp_path, capsys, monkeypatch):
    moved = np.zeros((VIEWS, 2))
    moved[16:, 0] = 12.0
    cube = replace(projections(moved), source=Source(tmp_path / "raw.dcm"))
    (tmp_path / "raw.dcm").write_bytes(b"projections")
    case = Case("Wren", "volume", {"flux": cube})
    monkeypatch.setattr(quality, "open_cases", lambda paths: ([case], 0))
    assert main(["quality", str(tmp_path), "--json"]) == 0
    (record,) = json.loads(capsys.readouterr().out)
    (turn,) = record["projections"]
    assert record["tags"] == ["projections"]
    assert turn["motion_mm"] == pytest.approx(12, abs=3)
    assert (turn["way"], turn["centre_mm"]) == ("axially", None)
    assert main(["quality", str(tmp_path)]) == 0
    assert "motion up to 1" in capsys.readouterr().out
    monkeypatch.setattr(quality, "open_cases", lambda paths: ([sky_case()], 0))
    assert main(["quality", str(tmp_path), "--json"]) == 2
    assert "no heart" in json.loads(capsys.readouterr().out)["error"]
