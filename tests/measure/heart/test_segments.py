"""Segments, scores and sizes of analytic walls whose defects are known."""

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from cubeview.cli import main
from cubeview.cubes.case import Case
from cubeview.cubes.scores import Scores
from cubeview.cubes.ventricle import BASE_AT, Ventricle
from cubeview.errors import CubeviewError
from cubeview.kinds import HEART
from cubeview.measure.heart.measured import measurable, measure
from cubeview.measure.heart.scores import EXPECTED, suggested
from cubeview.measure.heart.segments import PolarMap, polar_map
from cubeview.paths import resource
from tests.learn.heart.phantom import mm_cube

VOXEL = 5.0
VENTRICLE = Ventricle(
    np.array([105.0, 100.0, 95.0]),
    np.array([[0.96, 0.28, 0.0], [-0.28, 0.96, 0.0], [0.0, 0.0, 1.0]]),
    np.array([55.0, 35.0, 35.0]),
)
# Centre of each segment: up the wall from the apex in mm, degrees from lateral to anterior.
RINGS = (
    *((78.0, angle) for angle in (90, 150, 210, 270, 330, 30)),
    *((50.0, angle) for angle in (90, 150, 210, 270, 330, 30)),
    *((22.0, angle) for angle in (90, 180, 270, 0)),
)


def wall(*defects, ventricle=VENTRICLE, left=0.4):
    """A blurred shell of 10 mm with less uptake in a patch in the middle of some segments."""
    places = np.stack(np.indices((42, 40, 38)), axis=-1) * VOXEL
    own = (places - ventricle.centre) @ ventricle.axes.T
    long, inferior, lateral = np.moveaxis(own, -1, 0)
    outer = ((own / ventricle.radii) ** 2).sum(axis=-1) <= 1
    inner = ((own / (ventricle.radii - 10.0)) ** 2).sum(axis=-1) <= 1
    values = 100.0 * (outer & ~inner & (long < BASE_AT * ventricle.radii[0]))
    up, angle = long + ventricle.radii[0], np.degrees(np.arctan2(-inferior, lateral))
    for number in defects:
        if number == 17:
            values[up < 12] *= left
            continue
        height, centre = RINGS[number - 1]
        off = np.abs((angle - centre + 180) % 360 - 180)
        half = 45 if number > 12 else 30
        values[(np.abs(up - height) < 13) & (off < half)] *= left
    return mm_cube(gaussian_filter(values, 1.2), VOXEL)


def heart(stress, rest=None):
    cubes = {"stress": stress} if rest is None else {"stress": stress, "rest": rest}
    return Case("A heart", HEART.key, cubes)


@pytest.mark.parametrize("number", range(1, 18))
def test_a_defect_lies_in_its_segment_and_is_scored_there(number):
    whole = polar_map(wall(), VENTRICLE).means()
    holed = polar_map(wall(number), VENTRICLE).means()
    lost = np.array(holed) / np.array(whole)
    assert lost.argmin() == number - 1
    assert lost[number - 1] < 0.8
    scores = suggested({"stress": holed, "rest": whole}).states["stress"]
    assert max(scores) == scores[number - 1] >= 1
    assert sum(scores) - scores[number - 1] <= 2


def test_an_even_wall_is_even():
    values = polar_map(wall(), VENTRICLE).values[:20]  # the last rows are blurred into the base
    assert values.min() > 75
    assert values.max() == pytest.approx(100, abs=1)


def test_scores_follow_what_is_expected_of_a_healthy_heart():
    assert suggested({"stress": tuple(EXPECTED)}).sss == 0
    weak = EXPECTED.copy()
    weak[[0, 8, 9, 16]] *= (0.65, 0.55, 0.45, 0.3)
    found = suggested({"rest": tuple(weak)})
    assert [found.states["rest"][n] for n in (0, 8, 9, 16)] == [1, 2, 3, 4]
    assert (found.sss, found.srs, found.sds) == (None, 10, None)


def test_what_stress_loses_against_rest_is_scored_though_it_looks_usual():
    stress = EXPECTED * 1.0
    stress[[6, 7]] *= (0.85, 0.72)
    found = suggested({"stress": tuple(stress), "rest": tuple(EXPECTED)})
    assert (found.sss, found.srs, found.sds) == (3, 0, 3)
    both = suggested({"stress": tuple(stress), "rest": tuple(stress)})
    assert both.sds == 0


def test_a_difference_never_falls_below_zero_in_a_segment():
    states = {"stress": (0, 2, *[0] * 15), "rest": (3, 1, *[0] * 15)}
    assert Scores(states).sds == 1


def test_extent_and_severity_are_of_the_wall_below_a_level():
    values = np.full((2, 4), 80.0)
    values[0, 0] = 30.0
    volumes = np.full((2, 4), 5.0)
    one = PolarMap(values, np.ones((2, 4), int), volumes)
    assert one.below(50.0) == (12.5, 5.0, 20.0)
    assert one.below(20.0) == (0.0, 0.0, 0.0)


def test_sizes_of_two_states_are_compared():
    larger = replace(VENTRICLE, radii=VENTRICLE.radii * 1.08)
    found = measure(heart(wall(ventricle=larger), wall()), {"stress": larger, "rest": VENTRICLE})
    # By counting voxels of the same surfaces.
    counted = {}
    for role, one in (("stress", larger), ("rest", VENTRICLE)):
        own = (2.0 * np.stack(np.indices((110, 100, 100)), axis=-1) - one.centre) @ one.axes.T
        inner = ((own / (one.radii - 10)) ** 2).sum(axis=-1) <= 1
        counted[role] = (inner & (own[..., 0] < BASE_AT * one.radii[0])).sum() * 8 / 1000
        assert found.cavity_ml[role] == pytest.approx(counted[role], rel=0.01)
    assert found.tid == pytest.approx(counted["stress"] / counted["rest"], rel=0.01)


def test_what_cannot_be_measured_is_said():
    with pytest.raises(CubeviewError, match="no counts"):
        polar_map(mm_cube(np.zeros((42, 40, 38)), VOXEL), VENTRICLE)
    one = measure(heart(wall()), {"stress": replace(VENTRICLE, doubt=0.9, reason="it is far off")})
    assert one.tid is None
    assert one.scores.sds is None
    told = " ".join(one.cautions)
    assert "it is far off" in told
    assert "only stress" in told
    cube = wall()
    bare = replace(cube, axes=tuple(replace(axis, unit="pixel") for axis in cube.axes))
    with pytest.raises(CubeviewError, match="how large its voxels"):
        measurable(heart(bare))


@pytest.mark.usefixtures("hearts_once")
def test_the_command_tells_what_was_measured(capsys):
    samples = [str(resource("samples", f"heart_{state}.dcm")) for state in ("rest", "stress")]
    assert main(["measure", *samples, "--json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert set(told["files"]) == {"rest", "stress"}
    assert all(len(values) == 17 for values in told["segments"].values())
    assert told["sss"] == sum(told["scores"]["stress"])
    assert told["gated"] is None
    assert 0.8 < told["tid"] < 1.25
    assert main(["measure", *samples]) == 0
    assert f"SSS {told['sss']}" in capsys.readouterr().out
    assert main(["measure", str(resource("samples", "sky.fits"))]) == 2
    assert "no heart" in capsys.readouterr().err
