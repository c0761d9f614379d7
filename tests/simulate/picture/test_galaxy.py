"""Simulated galaxies: the bar is where it is said to be, and nowhere else."""

import numpy as np
import pytest

from cubeview.learn.examples.picture import PICTURES
from cubeview.learn.picture.hidden import box_around, box_elsewhere, hide, site_of
from cubeview.learn.picture.known import SIMULATOR
from cubeview.simulate.picture.galaxy import CLASSES, simulate_galaxy


@pytest.fixture(scope="module")
def galaxies():
    return [simulate_galaxy(CLASSES[k % 2], np.random.default_rng([4, k])) for k in range(16)]


def test_only_barred_galaxies_have_a_bar(galaxies):
    for galaxy in galaxies:
        assert np.isfinite(galaxy.light).all()
        assert bool(galaxy.bar.max() > 0) == (galaxy.label == "barred")
        assert (galaxy.contrast > 0) == (galaxy.label == "barred")


def test_bars_are_long_and_in_the_middle(galaxies):
    for galaxy in galaxies[::2]:
        rows, columns = np.nonzero(site_of(galaxy.bar))
        assert abs(rows.mean() - 47.5) < 4
        assert abs(columns.mean() - 47.5) < 4
        spread = np.linalg.eigvalsh(np.cov(rows, columns))
        assert spread[1] > 1.5 * spread[0]


def test_a_number_gives_the_same_example_again():
    source = PICTURES["galaxies"]
    one, other = (source.example(1, 0, 6, {"kind": "picture"}) for _ in range(2))
    np.testing.assert_array_equal(one, other)
    assert one.shape == (1, 1, 64, 64)
    assert (source.example(1, 1, 6, {"kind": "picture"}) != one).any()


def test_boxes_hide_the_place_or_stay_clear_of_it():
    site = np.zeros((20, 24), bool)
    site[8:12, 5:15] = True
    box = box_around(site)
    assert box == (slice(7, 13), slice(4, 16))
    values = np.ones((1, 1, 20, 24))
    assert not hide(values, box, 0.0)[0, 0][site].any()
    assert values.all()
    rng = np.random.default_rng(0)
    for _ in range(20):
        other = box_elsewhere(site, (4, 6), rng)
        assert not site[other].any()
        assert site[other].shape == (4, 6)
    assert box_elsewhere(np.ones((5, 5), bool), (2, 2), rng) is None


def test_the_place_of_a_bar_is_known_on_the_input():
    known = SIMULATOR.known(
        {"kind": "picture"}, ("light",), "barred", np.random.default_rng(5), "a"
    )
    inside = known.site[0]
    assert 5 < inside.sum() < 2000
    assert known.prepared.input[0, 0][inside].mean() > known.prepared.input.mean()
