"""What the counts around a wall are a sum of, also where much of it is kept from another wall."""

from dataclasses import replace

import numpy as np
import pytest

from cubeview.learn.heart.descent import DELTA
from cubeview.learn.heart.mixture import Around, Mixture, shares
from cubeview.learn.heart.wall import Wall, changed

WALL = Wall(np.array([60.0, 66.0, 63.0]), np.eye(3))
PLACES = np.indices((20, 22, 22), dtype=np.float32).reshape(3, -1) * np.float32(6)


@pytest.fixture
def mixture():
    return Mixture(PLACES)


def test_a_wall_after_another_is_what_it_is_alone(mixture):
    one_by_one = [changed(WALL, move) for move in np.diag(DELTA)]
    again = [WALL, *reversed(one_by_one), WALL, *one_by_one, replace(WALL, roundness=0.1)]
    for wall in again:
        np.testing.assert_array_equal(mixture.parts(wall), Mixture(PLACES).parts(wall))


def test_each_number_of_a_wall_changes_its_parts(mixture):
    start = mixture.parts(WALL)
    for move in np.diag(DELTA)[::-1]:
        assert not np.array_equal(mixture.parts(changed(WALL, move)), start)


def test_wall_cavity_and_surroundings_are_all_there_is(mixture):
    share, cavity = shares(WALL, PLACES)
    parts = mixture.parts(WALL)
    np.testing.assert_array_equal(parts[0], share)
    np.testing.assert_allclose(parts[[0, 9, 10]].sum(axis=0), 1.0)
    middle = np.linalg.norm(PLACES - WALL.centre[:, None], axis=0).argmin()
    assert cavity[middle] > 0.8


def test_parts_are_times_the_root_of_the_weight(mixture):
    root = np.random.default_rng(4).uniform(0.1, 1.0, PLACES.shape[1])
    weighted = Mixture(PLACES, root).parts(WALL)
    np.testing.assert_allclose(weighted, mixture.parts(WALL) * root, rtol=1e-6, atol=1e-9)


def test_planted_brightness_comes_back(mixture):
    parts = mixture.parts(WALL)
    planted = np.array([1.0, *[0.0] * 8, 0.1, 0.3, 0.02, -0.01, 0.0])
    counts = Around(PLACES, planted @ parts, np.ones(PLACES.shape[1]))
    left, brightness = counts.explained(parts)
    np.testing.assert_allclose(brightness[[0, 9, 10]], planted[[0, 9, 10]], atol=0.05)
    assert left @ left < 0.01 * counts.energy
