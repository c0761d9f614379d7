"""Two states that differ in size, a wall whose shape is known, and the edge of a mask."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import map_coordinates
from scipy.spatial.transform import Rotation

from cubeview.learn.heart.finder import find_pair
from cubeview.learn.heart.fit import fit_wall
from cubeview.learn.heart.mixture import Mixture
from cubeview.learn.heart.register import _interpolated, _turn_of, _turned_by, register
from cubeview.learn.heart.wall import Wall, reach_of
from tests.learn.teach.trials import trial

STEP_MM = 6.0
LINE = np.arange(-13, 14) * STEP_MM
PLACES = np.stack(np.meshgrid(LINE, LINE, LINE, indexing="ij")).reshape(3, -1)
WALL = Wall(np.zeros(3), np.eye(3))


def counts(wall, defect=0.0):
    """A wall, its inferior third `defect` darker, in a faint body."""
    share, inferior = Mixture(PLACES).parts(wall)[[0, 2]]
    inferior = np.divide(inferior, share, out=np.zeros_like(share), where=share > 1e-9)
    return 0.1 + share * (1 - defect / (1 + np.exp(-(inferior - 0.45) / 0.08)))


@pytest.mark.parametrize("shape", [(5, 6, 7), (1, 6, 7), (1, 1, 1)])
def test_between_voxels_and_beyond_the_edge_an_image_is_what_scipy_says(shape):
    rng = np.random.default_rng(2)
    layers = rng.normal(size=(*shape, 4)).astype(np.float32)
    at = rng.uniform(-2, 8, (3, 500))
    at[:, :20] = np.rint(at[:, :20])
    said = [map_coordinates(layers[..., k], at, order=1, mode="nearest") for k in range(4)]
    np.testing.assert_allclose(_interpolated(layers, at), said, atol=1e-6)


@pytest.mark.parametrize("degrees", [0.0, 1e-7, 3.0, 90.0, 170.0, 179.9999999])
def test_turns_are_what_scipy_says(degrees):
    turn = np.radians(degrees) * np.array([2.0, -1.0, 2.0]) / 3
    np.testing.assert_allclose(_turned_by(turn), Rotation.from_rotvec(turn).as_matrix(), atol=1e-12)
    np.testing.assert_allclose(_turn_of(_turned_by(turn)), turn, atol=1e-7)


@pytest.mark.parametrize("defect", [0.0, 0.8])
def test_a_defect_in_one_state_is_no_other_size(defect):
    size, shift = 1.03, np.array([4.0, -5.0, 3.0])
    moved = replace(WALL, centre=shift, long_mm=size * WALL.long_mm, wide_mm=size * WALL.wide_mm)
    images = [each.reshape(27, 27, 27) for each in (counts(WALL), counts(moved, defect))]
    weight = reach_of(WALL, PLACES, 6.0, 6.0).reshape(27, 27, 27)
    found = register(*images, weight, STEP_MM, resize=True)
    assert np.abs(found.shift_mm - shift).max() < 2
    assert found.size == pytest.approx(size, abs=0.015)


def test_only_place_and_direction_are_fitted_where_the_shape_is_known():
    start = replace(WALL, centre=np.array([3.0, -4.0, 2.0]), long_mm=62.0)
    fit = fit_wall(start, PLACES, counts(WALL, 0.5), np.ones(27**3), steps=8, shape=False)
    assert np.abs(fit.wall.centre[1:]).max() < 1.5
    for name in ("long_mm", "wide_mm", "base", "blur_mm", "roundness", "gap_mm", "fade_mm"):
        assert getattr(fit.wall, name) == getattr(start, name)


def test_a_state_that_is_hard_to_see_lies_like_the_other():
    one = trial(54, seed=7)  # the patient moved by as much as the cavity is wide, at rest
    stress, rest = find_pair(one.cubes["stress"], one.cubes["rest"])
    assert stress.axes[0] @ one.truth["stress"].axes[0] > np.cos(np.deg2rad(10))
    assert rest.axes[0] @ one.truth["rest"].axes[0] > np.cos(np.deg2rad(12))


def test_the_edge_of_a_mask_is_no_wall():
    one = trial(50, seed=7)  # a bright body in a tight mask, taken for a huge ventricle
    pair = find_pair(one.cubes["stress"], one.cubes["rest"])
    for found, role in zip(pair, ("stress", "rest"), strict=True):
        assert np.linalg.norm(found.centre - one.truth[role].centre) < 5
        assert np.abs(found.radii - one.truth[role].radii).max() < 5
